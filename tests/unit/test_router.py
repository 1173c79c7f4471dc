from __future__ import annotations

from datetime import UTC, datetime

from aiokafka import ConsumerRecord

from casebus.events.envelope import Envelope
from casebus.events.schemas import Schemas
from casebus.settings import Settings
from casebus.trust.keys import SigningKey
from services.router.checkpoint import Checkpoints
from services.router.routing import copies
from services.transport import Batch, Header

KEY = b"01890a5d-ac96-774b-bcce-b302099a8057"


def record(offset: int, *stamps: Header, value: bytes | None = b"body") -> ConsumerRecord:
    headers = (("ce_id", b"e%d" % offset), ("cb-verdict", b"admitted"), *stamps)
    return ConsumerRecord(
        *("case.journal", 2, offset, 1_700_000_000_000, 1, KEY, value, None, 36, 4, headers)
    )


def batch(*records: ConsumerRecord) -> Batch:
    return Batch("case.journal", 2, records)


def test_each_stamped_topic_gets_the_record_as_it_was_and_its_position() -> None:
    original = record(7, ("cb-routes", b"inbox.police agency.cn-330106-amr.inbox"))
    made = copies(batch(original), epoch=3)
    assert [copy.topic for copy in made] == ["inbox.police", "agency.cn-330106-amr.inbox"]
    for copy in made:
        assert (copy.key, copy.value, copy.partition) == (KEY, b"body", None)
        assert list(copy.headers) == [*original.headers, ("cb-position", b"3/2/7")]
        assert copy.timestamp_ms is None


def test_copies_keep_the_order_of_the_journal() -> None:
    made = copies(batch(*(record(n, ("cb-routes", b"inbox.court")) for n in range(5))), epoch=1)
    assert [dict(copy.headers)["cb-position"] for copy in made] == [b"1/2/%d" % n for n in range(5)]


def test_a_record_without_routes_is_not_copied() -> None:
    assert copies(batch(record(1), record(2, ("cb-routes", b""))), epoch=1) == []


def test_a_topic_stamped_twice_gets_one_copy() -> None:
    made = copies(batch(record(1, ("cb-routes", b"inbox.court inbox.court"))), epoch=1)
    assert len(made) == 1


def test_a_checkpoint_is_the_bus_s_own_word_for_the_stretch_it_copied() -> None:
    schemas = Schemas.load(Settings().schemas_dir)
    now = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
    checkpoints = Checkpoints(SigningKey.generate(), schemas, lambda: now, epoch=4)
    made = checkpoints.of(batch(record(10), record(12)), relayed=3)
    envelope = Envelope.from_headers(made.headers)
    _, body = schemas.decode(made.value)
    assert made.topic == "events.bus"
    assert (envelope.agency, envelope.to, envelope.signature is not None) == ("bus", (), True)
    assert made.key == envelope.subject.encode()
    assert {name: body[name] for name in ("epoch", "partition", "records")} == {
        "epoch": 4,
        "partition": 2,
        "records": 3,
    }
    assert (body["first_offset"], body["last_offset"]) == (10, 12)


def test_the_same_stretch_copied_twice_is_told_under_two_identities() -> None:
    schemas = Schemas.load(Settings().schemas_dir)
    now = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
    checkpoints = Checkpoints(SigningKey.generate(), schemas, lambda: now, epoch=1)
    first, second = (checkpoints.of(batch(record(1)), relayed=1) for _ in range(2))
    assert first.key == second.key
    assert dict(first.headers)["ce_id"] != dict(second.headers)["ce_id"]
