"""What casework makes of a batch of the journal, on a database in memory."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest

from casebus.cases import fold
from casebus.errors import CasebusError
from casebus.events.doors import BUS
from casebus.events.envelope import Envelope, Record
from casebus.events.topics import JOURNAL
from casebus.law import Law, loader
from services.casework import batch, folding
from services.casework.law_cache import MissingLawError
from services.transport import Batch
from storage import cases, journal, reads, speaking, stalling, submissions
from storage.fakes import MemoryDatabase
from storage.submissions import Finished
from tests.case_events import ROOT
from tests.integration.casework import Casework, altered
from tests.world import NOW

AMR, PSB, PRO, COURT = "cn-330106-amr", "cn-330106-psb", "cn-330106-pro", "cn-330106-court"
#: The shipped law with one word more: another digest, and what the bodies here have is enough.
OTHER_LAW = Law(
    {
        name: body.replace("决定是否立案".encode(), "决定是否立案侦查".encode())
        for name, body in loader.read(ROOT / "policies/law").items()
    }
)


def sent(casework: Casework, stream: str, **changes: Any) -> Record:
    given: dict[str, Any] = {"stream": stream, "to": (PSB,), "legal": "2026-03-05", **changes}
    return casework.world.event("referral.sent", AMR, **given)


def adopted(casework: Casework, law: Law, **more: Any) -> Record:
    data = {"digest": law.digest}
    return casework.world.event("law.adopted", BUS, stream=str(uuid4()), data=data, **more)


def case(database: MemoryDatabase, stream: str) -> dict[str, Any]:
    [row] = database.tables.where("derived.case_state", stream=UUID(stream))
    return row


def said(database: MemoryDatabase) -> list[str]:
    return [row["type"].removeprefix("casebus.") for row in database.tables["own.outbox"]]


def parties(database: MemoryDatabase, stream: str) -> set[str]:
    rows = database.tables.where("derived.party", stream=UUID(stream))
    return {row["agency"] for row in rows}


async def test_what_is_recorded_already_is_recorded_no_second_time(
    casework: Casework, database: MemoryDatabase
) -> None:
    stream = str(uuid4())
    await casework(sent(casework, stream), sent(casework, str(uuid4())))
    before = database.tables.saved()
    casework.restart()
    await casework.record(casework.log)
    assert database.tables.saved() == before
    assert len(database.tables["derived.journal"]) == len(casework.log)


async def test_a_batch_reads_back_what_stood_before_it_and_nothing_that_it_wrote(
    casework: Casework, database: MemoryDatabase, monkeypatch: pytest.MonkeyPatch
) -> None:
    read: list[int] = []

    async def events_of(*asked: Any) -> list[Any]:
        rows = await known(*asked)
        read.extend(row["log_index"] for row in rows)
        return rows

    known = cases.events_of
    monkeypatch.setattr(cases, "events_of", events_of)
    stream, receipted = str(uuid4()), {"to": (AMR,), "legal": "2026-03-06"}
    await casework(
        sent(casework, stream),
        casework.world.event("referral.receipted", PSB, stream=stream, **receipted),
    )
    assert read == []
    at_once = case(database, stream)["digest"]
    casework.restart()
    await casework(sent(casework, stream, id="another"))
    assert read == [0, 1]
    await casework(sent(casework, str(uuid4())))
    assert read == [0, 1]
    assert case(database, stream)["digest"] != at_once


async def test_a_batch_behind_a_gap_leaves_nothing(
    casework: Casework, database: MemoryDatabase
) -> None:
    await casework(sent(casework, str(uuid4())))
    before = database.tables.saved()
    casework.log += [casework.journaled(sent(casework, str(uuid4()))) for _ in range(2)]
    behind = replace(casework.log[-1], offset=5)
    with pytest.raises(CasebusError, match="journal_gap"):
        await casework.record([casework.log[1], behind])
    assert database.tables.saved() == before


async def test_an_equal_copy_adds_its_recipients_to_the_event_and_to_the_case(
    casework: Casework, database: MemoryDatabase
) -> None:
    stream = str(uuid4())
    await casework(sent(casework, stream))
    more = altered(casework.log[0], cb_recipients=COURT.encode(), cb_sectors=b"court")
    await casework.record([replace(more, offset=1)])
    [row] = database.tables["derived.event"]
    assert set(row["recipients"]) == {PSB, PRO, COURT}
    assert parties(database, stream) == {AMR, PSB, PRO, COURT}


async def test_of_two_bodies_under_one_identity_the_first_stands_and_the_other_is_found(
    casework: Casework, database: MemoryDatabase
) -> None:
    stream = str(uuid4())
    first = sent(casework, stream, id="one", data={"title": "甲"})
    await casework(first)
    await casework(sent(casework, stream, id="one", data={"title": "乙"}))
    [kept] = await cases.events_of(casework.connection, [UUID(stream)])
    assert (kept["value"], kept["conflicting"]) == (first.value, True)
    findings = await reads.findings(casework.pool, AMR, UUID(stream))
    assert [row["kind"] for row in findings] == ["id_conflict"]


async def recorded(casework: Casework, end: int, *records: Record) -> None:
    """A batch, where the journal had its end at so many records when the process began."""
    first = len(casework.log)
    for record in records:
        casework.log.append(casework.journaled(record))
    async with casework.pool.acquire() as connection, connection.transaction():
        await journal.open_position(connection, 1, 0)
        piece = Batch(JOURNAL, 0, casework.log[first:])
        touched = await batch.record(connection, piece, casework.context, end=end)
    casework.context.streams.keep(touched)


def clashing(casework: Casework, stream: str) -> list[Record]:
    """Of which the bus says a finding."""
    return [sent(casework, stream, id="one", data={"title": one}) for one in ("甲", "乙")]


async def test_what_a_case_owes_is_said_only_where_the_journal_was_read_to_its_end(
    casework: Casework, database: MemoryDatabase
) -> None:
    await recorded(casework, 3, *clashing(casework, str(uuid4())))
    assert said(database) == []
    await recorded(casework, 3, *clashing(casework, str(uuid4())))
    # The first is still unsaid: what follows waits for it, and then both are said.
    assert said(database) == []
    async with casework.pool.acquire() as connection:
        while await batch.say_owed(connection, 0, casework.context) is not None:
            pass
    assert said(database) == ["finding.raised.v1"] * 2
    assert await speaking.spoken(casework.connection, 1, 0) == 4


async def test_what_was_said_in_an_earlier_life_is_recorded_in_silence(
    casework: Casework, database: MemoryDatabase
) -> None:
    await speaking.note_spoken(casework.connection, 1, 0, 2)
    await casework(*clashing(casework, str(uuid4())))
    assert said(database) == []
    await casework(*clashing(casework, str(uuid4())))
    assert said(database) == ["finding.raised.v1"]


async def test_a_process_that_remembers_nothing_says_nothing_twice(
    casework: Casework, database: MemoryDatabase
) -> None:
    stream = str(uuid4())
    await casework(*clashing(casework, stream))
    casework.restart()
    await casework(casework.world.event("case.noted", AMR, stream=stream, legal="2026-03-06"))
    assert said(database) == ["finding.raised.v1"]


async def test_an_adopted_law_reaches_running_cases_and_those_that_begin_after_it(
    casework: Casework, database: MemoryDatabase
) -> None:
    before, after, untouched = (str(uuid4()) for _ in range(3))
    await casework.keep_law(OTHER_LAW)
    await casework(sent(casework, before), sent(casework, untouched))
    old = case(database, before)["law"]
    note = casework.world.event("case.noted", AMR, stream=before, legal="2026-03-06")
    await casework(adopted(casework, OTHER_LAW), sent(casework, after), note)
    found = [case(database, one)["law"] for one in (before, after, untouched)]
    assert found == [OTHER_LAW.digest, OTHER_LAW.digest, old]


async def test_a_law_that_somebody_else_than_the_bus_adopts_changes_nothing(
    casework: Casework, database: MemoryDatabase
) -> None:
    await casework.keep_law(OTHER_LAW)
    stream = str(uuid4())
    record = adopted(casework, OTHER_LAW)
    own = replace(casework.journaled(record), offset=0)
    casework.log.append(altered(own, ce_source=AMR.encode()))
    await casework.record(casework.log)
    await casework(sent(casework, stream))
    assert case(database, stream)["law"] != OTHER_LAW.digest


async def test_a_law_whose_bundle_is_not_kept_stops_its_partition_and_leaves_nothing(
    casework: Casework, database: MemoryDatabase
) -> None:
    await casework(sent(casework, str(uuid4())))
    before = database.tables.saved()
    with pytest.raises(MissingLawError, match=OTHER_LAW.digest) as missing:
        await casework(adopted(casework, OTHER_LAW, id="a1"), sent(casework, str(uuid4())))
    assert (missing.value.code, missing.value.adoption) == ("law_unknown", "a1")
    assert database.tables.saved() == before


async def test_an_adoption_that_the_journal_voids_never_counted_and_is_remembered_so(
    casework: Casework, database: MemoryDatabase
) -> None:
    stream = str(uuid4())
    void = casework.world.event("law.adoption_voided", BUS, data={"adoption": "a1"})
    await casework(adopted(casework, OTHER_LAW, id="a1"), sent(casework, stream), void)
    assert case(database, stream)["law"] != OTHER_LAW.digest
    assert await stalling.is_voided(casework.pool, "a1")
    # Whatever is restored later.
    await casework.keep_law(OTHER_LAW)
    casework.restart()
    later = str(uuid4())
    await casework(adopted(casework, OTHER_LAW, id="a1"), sent(casework, later))
    assert case(database, later)["law"] != OTHER_LAW.digest


async def test_a_case_whose_fold_fails_is_suspended_and_its_neighbours_go_on(
    casework: Casework, database: MemoryDatabase, monkeypatch: pytest.MonkeyPatch
) -> None:
    broken, sound = str(uuid4()), str(uuid4())

    def failing(events: Any, law: Law) -> Any:
        events = list(events)
        if events[0].stream == broken:
            raise ZeroDivisionError("of a case's content")
        return fold(events, law)

    monkeypatch.setattr(folding, "fold", failing)
    await casework(sent(casework, broken), sent(casework, sound))
    assert case(database, sound)["status"] == "sent"
    row = case(database, broken)
    assert (row["status"], row["suspended"]) == ("fold_suspended", "ZeroDivisionError")
    assert "content" not in str(row["view"])
    assert parties(database, broken) == {AMR, PSB, PRO}
    monkeypatch.undo()
    await casework(casework.world.event("case.noted", AMR, stream=broken, legal="2026-03-06"))
    assert (case(database, broken)["status"], case(database, broken)["suspended"]) == ("sent", None)


async def test_a_stranger_who_writes_into_a_case_gets_no_part_in_it(
    casework: Casework, database: MemoryDatabase
) -> None:
    stream = str(uuid4())
    await casework(sent(casework, stream))
    given: dict[str, Any] = {"stream": stream, "to": ("cn-330100-amr",), "legal": "2026-03-06"}
    await casework(casework.world.event("case.noted", COURT, **given))
    # Nor does anybody else by its word.
    assert parties(database, stream) == {AMR, PSB, PRO}


async def test_a_hand_over_is_kept_of_the_agency_that_speaks_for_itself_alone(
    casework: Casework, database: MemoryDatabase
) -> None:
    stream = str(uuid4())
    record = sent(casework, stream)
    await casework(record)
    event = Envelope.from_headers(record.headers)
    about = {"agency": PSB, "event_source": AMR, "event_id": event.id, "event_type": event.type}
    for author in (COURT, PSB):
        await casework(
            casework.world.event(
                "intake.received", author, stream=stream, legal="2026-03-05", data=about
            )
        )
    [row] = database.tables["derived.hand_over"]
    assert (row["agency"], row["step"], row["id"]) == (PSB, "delivered", event.id)


def handed_in(stream: str, record: Record) -> Finished:
    envelope = Envelope.from_headers(record.headers)
    return Finished.of(
        record, envelope, agency=envelope.agency, digest=b"d" * 32, topic="events.administrative"
    )


async def goods_late(casework: Casework, stream: str) -> list[Record]:
    """A case in which goods were due within days: their hand-over in time, and the late one."""
    await casework(sent(casework, stream))
    about: dict[str, Any] = {"stream": stream, "to": (AMR,), "legal": "2026-03-06"}
    await casework(casework.world.event("referral.filed", PSB, **about))
    casework.at = NOW + timedelta(days=20)
    to: dict[str, Any] = {"stream": stream, "to": (PSB,)}
    return [
        casework.world.event("referral.goods_handed_over", AMR, legal=day, **to)
        for day in ("2026-03-07", "2026-03-20")
    ]


async def test_a_breach_that_a_late_act_shows_is_said_at_once(
    casework: Casework, database: MemoryDatabase
) -> None:
    _, late = await goods_late(casework, str(uuid4()))
    await casework(late)
    assert "clock.breached.v1" in said(database)
    assert database.tables["own.clock_held"] == []


async def test_it_is_held_back_while_a_record_of_the_case_is_on_its_way(
    casework: Casework, database: MemoryDatabase
) -> None:
    stream = str(uuid4())
    in_time, late = await goods_late(casework, stream)
    await submissions.store(casework.pool, handed_in(stream, in_time))
    await casework(late)
    assert "clock.breached.v1" not in said(database)
    assert {row["kind"] for row in database.tables["own.clock_held"]} == {"breached"}
    # It was the act in time.
    await casework(in_time)
    assert "clock.breached.v1" not in said(database)
