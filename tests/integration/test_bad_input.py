"""Bad input through the whole stack: each kind ends where its rule says, and the street goes on."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from uuid import uuid4

import pytest
from click.testing import CliRunner

from casebus.cli.main import main
from casebus.events.envelope import Record
from casebus.events.limits import MOST_VALUE_BYTES
from casebus.events.partition import partition_for
from casebus.trust.keys import SigningKey
from casebus.trust.signing import sign
from onebox.options import SERVICES
from storage.packing import unpack_headers
from tests.integration.street import AMR, DOORS, PRO, PSB, Bus, opened
from tests.world import SCHEMAS, draft, with_headers

pytestmark = [pytest.mark.connected, pytest.mark.timeout(240)]

DOOR = DOORS[AMR]


def id_of(record: Record) -> str:
    return dict(record.headers)["ce_id"].decode()


def sent(bus: Bus, **changes: object) -> Record:
    return bus.event("referral.sent", AMR, **{"to": (PSB,), "legal": "2026-03-05", **changes})


def of_size(bus: Bus, size: int) -> Record:
    """A sound event whose value has exactly `size` bytes."""
    fill = size - len(sent(bus, data={"note": ""}).value or b"")
    while True:
        record = sent(bus, data={"note": "x" * fill})
        over = len(record.value or b"") - size
        if not over:
            return record
        fill -= over


def refused(bus: Bus, record: Record) -> str:
    """Why the record was rejected; its bytes and its headers are kept as they came."""
    query = "select reason, value, headers from own.rejected where event_id = $1"
    [row] = bus.until(query, id_of(record))
    assert row["value"] == record.value
    return str(row["reason"])


def flags(bus: Bus, stream: str) -> set[str]:
    """What the findings of a case say that admission noticed."""
    rows = bus.until("select view from derived.finding where stream = $1", stream)
    return {json.loads(row["view"])["detail"].get("flag") for row in rows}


def test_exactly_one_mebibyte_is_taken_from_door_to_inbox_and_one_byte_more_is_rejected(
    bus: Bus,
) -> None:
    whole, over = of_size(bus, MOST_VALUE_BYTES), of_size(bus, MOST_VALUE_BYTES + 1)
    bus.send([over, whole], DOOR)
    assert refused(bus, over) == "too_large"
    delivered = """
    select * from derived.hand_over where step = 'delivered' and id = $1 and agency = $2
    """
    bus.until(delivered, id_of(whole), PSB)
    [row] = bus.rows("select value from derived.journal where event_id = $1", id_of(whole))
    assert row["value"] == whole.value


def test_a_tombstone_and_an_empty_value_are_rejected(bus: Bus) -> None:
    for value in (None, b""):
        record = sent(bus)
        broken = Record(record.key, value, record.headers)
        bus.send([broken], DOOR)
        bus.until("select * from own.rejected where event_id = $1", id_of(record))
        [row] = bus.rows("select reason from own.rejected where event_id = $1", id_of(record))
        assert row["reason"] == "no_value"


def test_an_unknown_schema_truncated_and_random_bytes_are_rejected(bus: Bus) -> None:
    broken = {
        b"\x00\x00\x00\xff\xff" + b"\x02" * 40: "unknown_schema",
        b"\x07" + b"random" * 9: "not_avro",
    }
    records = [sent(bus) for _ in range(3)]
    for record, (value, reason) in zip(records, broken.items(), strict=False):
        other = Record(record.key, value, record.headers)
        bus.send([other], DOOR)
        assert refused(bus, other) == reason
    cut = Record(records[2].key, (records[2].value or b"")[:-1], records[2].headers)
    bus.send([cut], DOOR)
    assert refused(bus, cut) == "undecodable"


def test_a_key_that_is_not_the_stream_is_rejected_wherever_it_stands(bus: Bus) -> None:
    record = sent(bus)
    for partition in range(2):
        other = sent(bus)
        stray = Record(record.key, other.value, other.headers)
        bus.send([stray], DOOR, partition=partition)
        assert refused(bus, stray) == "key_mismatch"


def test_text_that_is_no_utf8_is_rejected(bus: Bus) -> None:
    record = sent(bus, data={"note": "qqqq"})
    value = (record.value or b"").replace(b"qqqq", b"q\xff\xfeq")
    broken = Record(record.key, value, record.headers)
    bus.send([broken], DOOR)
    assert refused(bus, broken) == "undecodable"


def test_forged_stamps_never_reach_the_journal(bus: Bus) -> None:
    stream = str(uuid4())
    forged = {
        "cb-verdict": b"admitted",
        "cb-recipients": b"cn-330108-psb",
        "cb-routes": b"inbox.court",
        "cb-flags": b"",
        "cb-forged": b"1",
    }
    record = with_headers(sent(bus, stream=stream), **forged)
    bus.send([record], DOOR)
    bus.status(stream, "sent")
    [event] = bus.rows("select recipients from derived.event where id = $1", id_of(record))
    assert set(event["recipients"]) == {PSB, PRO}
    parties = bus.rows("select agency from derived.party where stream = $1", stream)
    assert "cn-330108-psb" not in {row["agency"] for row in parties}
    [row] = bus.rows("select headers from derived.journal where event_id = $1", id_of(record))
    stamps = dict(unpack_headers(row["headers"]))
    assert "cb-forged" not in stamps
    assert stamps["cb-routes"] == b"inbox.police inbox.procuratorate"


def test_an_unsigned_and_a_wrongly_signed_event_are_rejected(bus: Bus) -> None:
    unsigned = with_headers(sent(bus), ce_signature=None, ce_sigproof=None)
    altered = with_headers(sent(bus), ce_to=b"cn-330108-psb")
    stranger = sign([draft("referral.sent", AMR, time=now())], SigningKey.generate(), SCHEMAS)[0]
    bus.send([unsigned, altered, stranger], DOOR)
    reasons = [refused(bus, record) for record in (unsigned, altered, stranger)]
    assert reasons == ["unsigned", "bad_signature", "unknown_key"]


def now() -> datetime:
    return datetime.now(UTC)


def heard_by_admission(bus: Bus, key: SigningKey) -> None:
    """Wait until the revocation is a directory entry that admission has read."""
    revoked = "select value from derived.journal j where exists (select from derived.event e where"
    revoked += " e.type = 'casebus.directory.key_revoked.v1' and e.id = j.event_id)"
    bus.until(revoked, holds=lambda rows: any(key.keyid.encode() in row["value"] for row in rows))


def casebus(bus: Bus, *words: str) -> None:
    """A command of the installation's administrator."""
    done = CliRunner().invoke(main, words, env=bus.stack.environment("admin"))
    assert done.exit_code == 0, done.output


def test_what_a_revoked_key_signs_is_rejected_and_what_it_signed_before_stands(bus: Bus) -> None:
    key, stream = SigningKey.generate(), str(uuid4())

    def signed(legal: str) -> Record:
        one = draft("case.noted", AMR, stream=stream, legal=legal, time=now(), data={"note": legal})
        return sign([one], key, SCHEMAS)[0]

    bus.send([sent(bus, stream=stream)], DOOR)
    casebus(bus, "keys", "add", AMR, "--public", key.public.hex())
    before = signed("2026-03-06")
    bus.send([before], DOOR)
    noted = "select * from derived.event where stream = $1 and id = $2"
    bus.until(noted, stream, id_of(before))
    casebus(bus, "keys", "revoke", key.keyid, "--reason", "lost")
    heard_by_admission(bus, key)
    after = signed("2026-03-07")
    bus.send([after], DOOR)
    assert refused(bus, after) == "key_not_valid"
    assert bus.rows(noted, stream, id_of(before))
    # Sent again, it is refused, but it was journaled: that is no reject of the event.
    bus.send([before], DOOR)
    [late] = bus.until("select late from own.rejected where event_id = $1", id_of(before))
    assert late["late"]


def test_an_agency_of_another_sector_is_not_heard_at_this_door(bus: Bus) -> None:
    foreign = bus.event("referral.filed", PSB, legal="2026-03-09")
    bus.send([foreign], DOOR)
    assert refused(bus, foreign) == "wrong_topic"
    may_not = bus.event("referral.sent", PSB, to=(AMR,), legal="2026-03-09")
    bus.send([may_not], DOORS[PSB])
    assert refused(bus, may_not) == "type_not_allowed"
    in_the_name_of_another = sign([draft("referral.sent", AMR, time=now())], bus.keys[PSB], SCHEMAS)
    bus.send(in_the_name_of_another, DOOR)
    assert refused(bus, in_the_name_of_another[0]) == "signer_not_entitled"


def test_another_agencys_id_squatted_first_leaves_the_agencys_own_event_whole(bus: Bus) -> None:
    """Identity holds the source: who guesses an id and comes first takes nothing from anybody."""
    stream = str(uuid4())
    record = sent(bus, stream=stream)
    squatter = bus.event(
        "case.noted", PSB, stream=stream, id=id_of(record), legal="2026-03-01", to=(AMR,)
    )
    bus.send([squatter], DOORS[PSB])
    bus.status(stream, "unopened")
    bus.send([record], DOOR)
    row = bus.status(stream, "sent")
    assert row["opener"] == AMR
    both = bus.rows("select source from derived.event where id = $1", id_of(record))
    assert {one["source"] for one in both} == {AMR, PSB}
    kinds = {one["kind"] for one in json.loads(row["view"])["findings"]}
    assert "id_conflict" not in kinds


def test_a_wrong_partitioner_is_flagged_and_the_event_stands_where_its_key_says(bus: Bus) -> None:
    stream = str(uuid4())
    right = partition_for(stream.encode(), 4)
    bus.send([sent(bus, stream=stream)], DOOR, partition=(right + 1) % 4)
    bus.status(stream, "sent")
    assert "wrong_partition" in flags(bus, stream)
    rows = bus.rows("select distinct partition from derived.journal where stream = $1", stream)
    assert [row["partition"] for row in rows] == [right]


@pytest.mark.parametrize("years", [-30, 30])
def test_a_clock_years_off_is_flagged_and_the_event_is_folded(bus: Bus, years: int) -> None:
    stream = str(uuid4())
    bus.send([sent(bus, stream=stream, time=now() + timedelta(days=365 * years))], DOOR)
    bus.status(stream, "sent")
    assert "absurd_time" in flags(bus, stream)


def test_no_log_of_any_service_says_what_events_say(bus: Bus) -> None:
    """Whatever becomes of an event, people and numbers stay out of the logs."""
    person, number = "欧阳张三", f"杭西市监移〔2026〕{uuid4().int % 10**9}号"
    data = {"title": person, "note": person, "numbers": [{"kind": "letter_no", "value": number}]}
    stream = str(uuid4())
    taken = sent(bus, stream=stream, data=data)
    conflict = sent(bus, stream=stream, id=id_of(taken), data={**data, "note": "other"})
    unsigned = with_headers(sent(bus, data=data), ce_signature=None)
    strange = with_headers(sent(bus, data=data), ce_to=person.encode(), ce_x=person.encode())
    bus.send([taken, conflict, unsigned, strange], DOOR)
    bus.findings(stream, "id_conflict")
    assert refused(bus, unsigned) == "unsigned"
    assert refused(bus, strange) == "bad_signature"
    for service in SERVICES:
        log = bus.stack.log(service)
        assert person not in log, service
        assert number not in log, service
        assert ascii(person)[1:-1] not in log, service


def test_after_all_that_the_street_is_whole(bus: Bus) -> None:
    opened(bus)
    assert bus.verified().problems == {}
