"""An event that is handed in is stored, then sent, once however often it is asked for."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import replace
from pathlib import Path
from uuid import uuid4

import pytest

from casebus.errors import CasebusError
from casebus.events.envelope import Envelope, Header
from gateway.entry import submission
from gateway.entry.cloudevents import Submission
from gateway.runtime.heartbeat import HeartbeatAsker
from tests.beats import beat
from tests.unit.gateway.desk import AMR, COURT, PSB, Desk, noted
from tests.world import SCHEMAS


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    return Desk(tmp_path)


async def test_it_goes_signed_to_its_sectors_door_and_counts_as_sent(desk: Desk) -> None:
    stream = uuid4()
    finished = await submission.submit(desk.gateway, AMR, noted(stream))
    [produced] = desk.producer.taken
    assert (produced.topic, produced.message_id) == ("events.administrative", "2026-1")
    assert produced.record.key == str(stream).encode()
    assert SCHEMAS.decode(produced.record.value)[1]["note"] == "备注"
    envelope = Envelope.from_headers(produced.record.headers)
    assert envelope.keyid == desk.world.keys[AMR].keyid
    [row] = desk.database.tables["own.submission"]
    assert (row["value"], row["sent_at"] is not None) == (finished.record.value, True)


@pytest.mark.parametrize("is_signed", [False, True])
async def test_it_is_read_once_and_what_leaves_is_the_very_record_that_was_finished(
    desk: Desk, monkeypatch: pytest.MonkeyPatch, *, is_signed: bool
) -> None:
    given = already_signed(desk) if is_signed else noted(uuid4())
    made, read = Submission.headers, Envelope.from_headers.__func__  # type: ignore[attr-defined]
    done: list[str] = []

    def headers(self: Submission) -> tuple[Header, ...]:
        done.append("made")
        return made(self)

    def from_headers(cls: type[Envelope], headers: Iterable[Header]) -> Envelope:
        done.append("read")
        return read(cls, headers)  # type: ignore[no-any-return]

    monkeypatch.setattr(Submission, "headers", headers)
    monkeypatch.setattr(Envelope, "from_headers", classmethod(from_headers))
    finished = await submission.submit(desk.gateway, AMR, given)
    assert done == ["made", "read"]
    assert desk.producer.taken[0].record is finished.record


async def test_the_same_request_again_is_the_same_bytes_and_is_sent_once(desk: Desk) -> None:
    stream = uuid4()
    first = await submission.submit(desk.gateway, AMR, noted(stream))
    again = await submission.submit(desk.gateway, AMR, noted(stream))
    assert again.record == first.record
    assert len(desk.producer.taken) == 1


async def test_another_body_under_the_same_identity_is_refused(desk: Desk) -> None:
    stream = uuid4()
    await submission.submit(desk.gateway, AMR, noted(stream))
    with pytest.raises(CasebusError, match="id_conflict"):
        await submission.submit(desk.gateway, AMR, noted(stream, note="另一"))
    assert len(desk.producer.taken) == 1


async def test_what_the_journal_holds_and_the_database_forgot_is_not_sent_again(
    desk: Desk,
) -> None:
    stream = uuid4()
    first = await submission.submit(desk.gateway, AMR, noted(stream))
    await desk.journal_what_was_sent()
    desk.database.tables.drop("own.submission")
    again = await submission.submit(desk.gateway, AMR, noted(stream))
    assert (again.record.value, again.sent_at is not None) == (first.record.value, True)
    assert desk.producer.taken == []
    desk.database.tables.drop("own.submission")
    with pytest.raises(CasebusError, match="id_conflict"):
        await submission.submit(desk.gateway, AMR, noted(stream, note="另一"))
    assert desk.database.tables["own.submission"] == []


async def test_what_could_not_be_sent_is_kept_and_goes_before_what_follows_it(
    desk: Desk,
) -> None:
    stream = uuid4()
    desk.producer.refuses = CasebusError("bus_unavailable")
    with pytest.raises(CasebusError, match="bus_unavailable"):
        await submission.submit(desk.gateway, AMR, noted(stream, "first"))
    desk.producer.refuses = None
    await submission.submit(desk.gateway, AMR, noted(stream, "second"))
    assert [one.message_id for one in desk.producer.taken] == ["first", "second"]


async def test_what_no_broker_takes_holds_up_nothing_that_follows_it(desk: Desk) -> None:
    stream = uuid4()
    desk.producer.refuses = CasebusError("too_large")
    with pytest.raises(CasebusError, match="too_large"):
        await submission.submit(desk.gateway, AMR, noted(stream, "first"))
    desk.producer.refuses = None
    await submission.submit(desk.gateway, AMR, noted(stream, "second"))
    assert [one.message_id for one in desk.producer.taken] == ["second"]
    [row] = desk.database.tables.where("own.submission", event_id="first")
    assert (row["refused"], row["sent_at"]) == ("too_large", None)


async def test_until_the_journal_was_read_what_is_handed_in_is_left_to_the_relay(
    desk: Desk,
) -> None:
    # What the database remembers of another life says nothing of this one.
    await beat(desk.database.pool, 1, [0])
    desk.gateway.hearing = HeartbeatAsker()
    await submission.submit(desk.gateway, AMR, noted(uuid4(), "early"))
    await beat(desk.database.pool, 1, [])
    await submission.submit(desk.gateway, AMR, noted(uuid4(), "later"))
    assert desk.producer.taken == []
    await beat(desk.database.pool, 1, [0])
    await submission.submit(desk.gateway, AMR, noted(uuid4(), "heard"))
    assert [one.message_id for one in desk.producer.taken] == ["heard"]
    assert len(desk.database.tables["own.submission"]) == 3


REFUSED: dict[str, Callable[[], tuple[str, object]]] = {
    "foreign_source": lambda: (PSB, noted(uuid4())),
    "unsigned": lambda: (COURT, noted(uuid4(), source=COURT)),
    "invalid_data": lambda: (AMR, noted(uuid4(), nothing=1)),
    "legal_time_ahead": lambda: (AMR, dated("2099-01-01")),
    "malformed_headers": lambda: (AMR, dated("2026-02-30")),
    "unknown_type": lambda: (AMR, of_type("casebus.nothing.v1")),
}


def dated(day: str) -> object:
    made = noted(uuid4())
    return replace(made, attributes={**made.attributes, "legaltime": day})


def of_type(name: str) -> object:
    made = noted(uuid4())
    return replace(made, attributes={**made.attributes, "type": name})


@pytest.mark.parametrize("code", REFUSED)
async def test_what_may_not_be_sent_is_refused_and_not_kept(desk: Desk, code: str) -> None:
    agency, given = REFUSED[code]()
    with pytest.raises(CasebusError) as refused:
        await submission.submit(desk.gateway, agency, given)  # type: ignore[arg-type]
    assert refused.value.code == code
    assert (desk.database.tables["own.submission"], desk.producer.taken) == ([], [])


@pytest.mark.parametrize(("length", "is_taken"), [((1 << 20) - 64, True), (1 << 20, False)])
async def test_an_event_may_have_a_mebibyte_and_no_more(
    desk: Desk, *, length: int, is_taken: bool
) -> None:
    given = noted(uuid4(), note="x" * length)
    if is_taken:
        await submission.submit(desk.gateway, AMR, given)
    else:
        with pytest.raises(CasebusError, match="too_large"):
            await submission.submit(desk.gateway, AMR, given)
    assert len(desk.producer.taken) == int(is_taken)


def already_signed(desk: Desk) -> Submission:
    record = desk.world.event("case.noted", AMR, legal="2026-03-02", data={"note": "一"})
    attributes = {
        name.removeprefix("ce_"): text.decode()
        for name, text in record.headers
        if name.startswith("ce_")
    }
    return Submission(attributes, value=record.value)


async def test_a_signed_event_passes_with_its_authors_signature(desk: Desk) -> None:
    signed = already_signed(desk)
    await submission.submit(desk.gateway, AMR, signed)
    [produced] = desk.producer.taken
    sent = dict(produced.record.headers)
    assert sent["ce_signature"].decode() == signed.attributes["signature"]
