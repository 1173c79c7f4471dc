"""The rules that casework keeps, each on real tables (design rules 6, 8, 10 and 11)."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from dataclasses import replace
from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest

from casebus.cases import FOLD_VERSION, fold
from casebus.errors import CasebusError
from casebus.events.doors import BUS
from casebus.events.envelope import Envelope, Record
from casebus.law import Law, loader
from onebox.testing import Stack
from services.casework import folding
from storage import rejects, submissions
from storage.packing import unpack_headers
from tests.case_events import ROOT
from tests.integration.casework import Casework, altered, casework_on
from tests.integration.handed_in import hand_in
from tests.world import NOW, SCHEMAS

pytestmark = [pytest.mark.connected, pytest.mark.timeout(240)]

AMR, PSB, PRO, COURT = "cn-330106-amr", "cn-330106-psb", "cn-330106-pro", "cn-330106-court"
#: The same law with one word more: another digest, and a clock with another title.
OTHER_LAW = Law(
    {
        name: body.replace("决定是否立案".encode(), "决定是否立案侦查".encode())
        for name, body in loader.read(ROOT / "policies/law").items()
    }
)

#: The police have five working days to sign, not three (T04).
LATER = Law(
    {
        name: body.replace(
            b"acknowledgement}\n    actor: police\n    amount: 3\n",
            b"acknowledgement}\n    actor: police\n    amount: 5\n",
        )
        for name, body in loader.read(ROOT / "policies/law").items()
    }
)


@pytest.fixture
async def casework(brokers: Stack) -> AsyncIterator[Casework]:
    async with casework_on(brokers) as casework:
        yield casework


def sent(casework: Casework, stream: str, **changes: Any) -> Record:
    given: dict[str, Any] = {"stream": stream, "to": (PSB,), "legal": "2026-03-05", **changes}
    return casework.world.event("referral.sent", AMR, **given)


def bus_says(casework: Casework, name: str, stream: str, **data: Any) -> Record:
    return casework.world.event(name, BUS, stream=stream, data=data)


@pytest.mark.long
async def test_what_is_below_the_fence_and_equal_is_skipped(casework: Casework) -> None:
    stream = str(uuid4())
    await casework(sent(casework, stream), sent(casework, str(uuid4())))
    before = await casework.case(stream)
    casework.restart()
    await casework.record(casework.log)
    assert await casework.case(stream) == before
    [(count,)] = await casework.rows("select count(*) from derived.journal")
    assert count == len(casework.log)


async def test_a_batch_that_begins_below_the_fence_is_recorded_from_the_fence_on(
    casework: Casework,
) -> None:
    for _ in range(2):
        await casework(sent(casework, str(uuid4())))
    await casework.rebuild(records=1)
    await casework.record(casework.log)
    rows = await casework.rows("select log_index from derived.journal order by log_index")
    assert [row["log_index"] for row in rows] == [0, 1]


async def test_another_record_below_the_fence_stops_casework(casework: Casework) -> None:
    await casework(sent(casework, str(uuid4())))
    for other in (
        altered(casework.log[0], cb_recipients=b""),
        altered(casework.log[0], ce_id=b"another"),
    ):
        with pytest.raises(CasebusError, match="journal_diverged"):
            await casework.record([other])


async def test_a_gap_above_the_fence_stops_casework_and_records_nothing(
    casework: Casework,
) -> None:
    for _ in range(3):
        await casework(sent(casework, str(uuid4())))
    await casework.pool.execute("truncate derived.journal, derived.event, derived.journal_position")
    with pytest.raises(CasebusError, match="journal_gap"):
        await casework.record(casework.log[1:])
    with pytest.raises(CasebusError, match="journal_gap"):
        await casework.record([casework.log[0], casework.log[2]])
    assert await casework.rows("select * from derived.journal") == []


@pytest.mark.long
async def test_recipients_of_an_event_are_the_union_over_its_journal_copies(
    casework: Casework,
) -> None:
    stream = str(uuid4())
    record = sent(casework, stream)
    await casework(record)
    more = altered(casework.log[0], cb_recipients=COURT.encode(), cb_sectors=b"court")
    await casework.record([replace(more, offset=1)])
    [row] = await casework.rows("select recipients from derived.event where stream = $1", stream)
    assert set(row["recipients"]) == {PSB, PRO, COURT}
    parties = await casework.rows("select agency from derived.party where stream = $1", stream)
    assert {one["agency"] for one in parties} == {AMR, PSB, PRO, COURT}


async def test_a_reject_of_an_event_already_journaled_is_late_and_another_is_not(
    casework: Casework,
) -> None:
    record = sent(casework, str(uuid4()))
    await casework(record)
    await casework.reject(record, "key_not_valid")
    await casework.reject(sent(casework, str(uuid4())), "key_not_valid")
    rows = await casework.rows("select late from own.rejected order by kafka_offset")
    assert [row["late"] for row in rows] == [True, False]


async def test_a_late_reject_is_not_told_to_its_sender(casework: Casework) -> None:
    record = sent(casework, str(uuid4()))
    await casework(record)
    await casework.reject(record, "key_not_valid")
    rows = await casework.rows("select * from own.outbox where aggregatetype = 'rejected'")
    assert rows == []
    await casework.reject(sent(casework, str(uuid4())), "key_not_valid")
    rows = await casework.rows("select topic from own.outbox where aggregatetype = 'rejected'")
    assert [row["topic"] for row in rows] == [f"agency.{AMR}.rejected"]


@pytest.mark.long
async def test_an_adopted_law_reaches_running_cases_and_those_that_begin_after_it(
    casework: Casework,
) -> None:
    before, after = str(uuid4()), str(uuid4())
    await casework.keep_law(OTHER_LAW)
    await casework(sent(casework, before))
    await casework(
        bus_says(casework, "law.adopted", str(uuid4()), digest=OTHER_LAW.digest),
        sent(casework, after),
        casework.world.event("case.noted", AMR, stream=before, legal="2026-03-06"),
    )
    assert (await casework.case(after))["law"] == OTHER_LAW.digest
    assert (await casework.case(before))["law"] == OTHER_LAW.digest


async def test_cases_that_no_batch_touches_are_renewed_in_the_background(
    casework: Casework,
) -> None:
    untouched, pinned = str(uuid4()), str(uuid4())
    await casework.keep_law(LATER)
    await casework(sent(casework, untouched), sent(casework, pinned))
    law = (await casework.case(pinned))["law"]
    await casework(bus_says(casework, "case.reinterpreted", pinned, law_after=law))
    await casework(bus_says(casework, "law.adopted", str(uuid4()), digest=LATER.digest))
    assert (await casework.case(untouched))["law"] == law
    assert [await casework.renew(), await casework.renew()] == [1, 0]
    case = await casework.case(untouched)
    assert (case["law"], case["fold_version"]) == (LATER.digest, FOLD_VERSION)
    # A person's word stands until a person says otherwise.
    assert (await casework.case(pinned))["law"] == law
    [said] = await casework.reinterpreted()
    assert (said["law_before"], said["law_after"]) == (law, LATER.digest)
    assert (said["fold_after"], said["pinned"]) == (FOLD_VERSION, False)
    assert (said["state_after"], said["to"]) != (said["state_before"], "")


async def test_a_rename_in_the_law_is_said_to_nobody(casework: Casework) -> None:
    stream = str(uuid4())
    await casework.keep_law(OTHER_LAW)
    await casework(sent(casework, stream))
    await casework(bus_says(casework, "law.adopted", str(uuid4()), digest=OTHER_LAW.digest))
    assert await casework.renew() == 1
    assert (await casework.case(stream))["law"] == OTHER_LAW.digest
    assert await casework.reinterpreted() == []


async def test_what_is_renewed_counts_before_its_event_is_journaled(casework: Casework) -> None:
    stream = str(uuid4())
    await casework.keep_law(LATER)
    await casework(sent(casework, stream))
    await casework(bus_says(casework, "law.adopted", str(uuid4()), digest=LATER.digest))
    await casework.renew()
    renewed = await casework.case(stream)
    assert renewed["renewing"] is not None
    # A process that starts in between takes it from the outbox.
    casework.restart()
    await casework(casework.world.event("case.noted", AMR, stream=stream, legal="2026-03-06"))
    waiting = await casework.case(stream)
    await casework(*await casework.sent_by_the_bus("case.reinterpreted"))
    journaled = await casework.case(stream)
    assert journaled["renewing"] is None
    assert journaled["digest"] == waiting["digest"]
    await casework.rebuild()
    assert (await casework.case(stream))["digest"] == journaled["digest"]


async def test_what_kafka_holds_while_a_case_is_renewed_is_neither_lost_nor_accused(
    casework: Casework,
) -> None:
    """The renewal runs while casework is behind: admitted acts wait that it has not folded."""
    silent, answered = str(uuid4()), str(uuid4())
    await casework.keep_law(LATER)
    # By the law that comes the police are late from 03-13 on, by the one before from 03-11 on.
    await casework(sent(casework, silent), sent(casework, answered))
    await casework(bus_says(casework, "law.adopted", str(uuid4()), digest=LATER.digest))
    waiting = [
        # It opens a period for the goods, which no reading has seen yet.
        casework.world.event("referral.filed", PSB, stream=silent, to=(AMR,), legal="2026-03-06"),
        # It was in time, by both laws.
        casework.world.event(
            "referral.receipted", PSB, stream=answered, to=(AMR,), legal="2026-03-06"
        ),
    ]
    casework.at = NOW + timedelta(days=1)
    first = len(casework.log)
    for record in waiting:
        casework.log.append(casework.journaled(record))
    casework.now = NOW + timedelta(days=40)
    assert await casework.renew() == 2
    said = await casework.said()
    assert not {"clock.breached.v1", "clock.lapsed.v1", "finding.raised.v1"} & set(said)
    await casework.record(casework.log[first:])
    await casework(*await casework.sent_by_the_bus("case.reinterpreted"))
    [goods] = await clocks_of(casework, silent, "T18")
    # The scheduler tells it behind its barrier, as it would have without the renewal.
    assert (goods["status"], goods["historic"]) == ("running", False)
    assert goods["breach_after"] < casework.now
    [signed] = await clocks_of(casework, answered, "T04")
    assert (signed["status"], signed["breach_after"]) == ("met", None)
    assert "clock.breached.v1" not in await casework.said()


async def clocks_of(casework: Casework, stream: str, clock: str) -> list[Any]:
    query = "select * from derived.clock where stream = $1 and clock = $2"
    return await casework.rows(query, UUID(stream), clock)


async def test_cases_of_an_older_fold_are_renewed_and_an_older_worker_stops(
    casework: Casework,
) -> None:
    stream = str(uuid4())
    await casework(sent(casework, stream))
    await casework(
        bus_says(
            casework,
            "law.adopted",
            str(uuid4()),
            digest=(await casework.case(stream))["law"],
        )
    )
    await casework.pool.execute("update derived.case_state set fold_version = 3")
    casework.restart()
    assert await casework.renew() == 1
    assert (await casework.case(stream))["fold_version"] == FOLD_VERSION
    await casework.pool.execute("update own.installation set fold_version = $1", FOLD_VERSION + 1)
    with pytest.raises(CasebusError, match="fold_is_older"):
        await casework(casework.world.event("case.noted", AMR, stream=stream, legal="2026-03-06"))


#: Rows as an older fold wrote them, and what is derived of a case.
OTHERWISE = """
update derived.case_state set fold_version = {older}, status = 'drafted', digest = 'other';
update derived.clock set status = 'running', due = due - interval '1 day';
update derived.work_item set is_open = not is_open, duty = 'other';
delete from derived.party where agency = 'cn-330106-psb';
"""
DERIVED = {
    # Its digest and view hold the word that it was derived anew as well.
    "case_state": "stream, procedure, status, opener, law, suspended, fold_version",
    "clock": "key, clock, status, historic, due, breach_after, view",
    "work_item": "key, agency, duty, is_open, due, unit, view",
    "party": "stream, agency",
}


@pytest.mark.parametrize("older", range(1, FOLD_VERSION))
async def test_rows_that_any_older_fold_wrote_otherwise_are_derived_again(
    casework: Casework, older: int
) -> None:
    async def derived() -> dict[str, list[str]]:
        return {
            table: sorted(map(str, await casework.rows(f"select {named} from derived.{table}")))
            for table, named in DERIVED.items()
        }

    stream = str(uuid4())
    await casework(sent(casework, stream))
    about = {"stream": stream, "to": (AMR,), "legal": "2026-03-06"}
    await casework(casework.world.event("referral.receipted", PSB, **about))
    before = await derived()
    assert all(before.values())
    await casework.pool.execute(OTHERWISE.format(older=older))
    changed = await derived()
    assert all(changed[table] != rows for table, rows in before.items())
    casework.restart()
    assert await casework.renew() == 1
    assert await derived() == before


async def test_only_a_journaled_reinterpretation_changes_what_was_derived(
    casework: Casework,
) -> None:
    stream = str(uuid4())
    await casework.keep_law(OTHER_LAW)
    await casework(sent(casework, stream))
    old = await casework.case(stream)
    await casework(bus_says(casework, "case.reinterpreted", stream, law_after=OTHER_LAW.digest))
    new = await casework.case(stream)
    assert (old["law"] != OTHER_LAW.digest, new["law"]) == (True, OTHER_LAW.digest)
    await casework(casework.world.event("case.noted", AMR, stream=stream, legal="2026-03-06"))
    assert (await casework.case(stream))["law"] == OTHER_LAW.digest


async def test_a_rebuild_derives_each_case_by_the_law_that_the_journal_names(
    casework: Casework,
) -> None:
    await casework.keep_law(OTHER_LAW)
    streams = [str(uuid4()) for _ in range(3)]
    adopted = bus_says(casework, "law.adopted", str(uuid4()), digest=OTHER_LAW.digest)
    await casework(sent(casework, streams[0]), sent(casework, streams[1]))
    law = (await casework.case(streams[1]))["law"]
    await casework(bus_says(casework, "case.reinterpreted", streams[1], law_after=law))
    await casework(adopted)
    # The adoption delivered again switches nothing.
    await casework(sent(casework, streams[2]), adopted)
    await casework.renew()
    query = "select stream, law, digest from derived.case_state order by stream"
    before = await casework.rows(query)
    assert len({row["law"] for row in before}) == 2
    await casework.rebuild()
    await casework.renew()
    assert await casework.rows(query) == before


async def test_a_case_whose_fold_fails_is_suspended_and_its_neighbours_go_on(
    casework: Casework, monkeypatch: pytest.MonkeyPatch
) -> None:
    broken, sound = str(uuid4()), str(uuid4())

    def failing(events: Any, law: Law) -> Any:
        events = list(events)
        if events[0].stream == broken:
            raise ZeroDivisionError("of a case's content")
        return fold(events, law)

    monkeypatch.setattr(folding, "fold", failing)
    await casework(sent(casework, broken), sent(casework, sound))
    assert (await casework.case(sound))["status"] == "sent"
    row = await casework.case(broken)
    assert (row["status"], row["suspended"]) == ("fold_suspended", "ZeroDivisionError")
    [finding] = row["view"]["findings"]
    kept = "select view from derived.finding where stream = $1 and kind = 'fold_suspended'"
    assert [one["view"] for one in await casework.rows(kept, broken)] == [finding]
    assert "content" not in str(finding)
    assert await parties(casework, broken) == [AMR, PRO, PSB]
    for asker, told in ((None, 1), (PSB, 1), ("cn-330106-court", 0)):
        assert len(await rejects.suspended(casework.pool, asker, 9)) == told
    assert (await rejects.figures(casework.pool)).suspended == 1

    # The next event finds a fold that works again.
    monkeypatch.undo()
    await casework(casework.world.event("case.noted", AMR, stream=broken, legal="2026-03-06"))
    row = await casework.case(broken)
    assert (row["status"], row["suspended"], row["view"]["findings"]) == ("sent", None, [])


@pytest.mark.parametrize("first", [True, False])
async def test_an_event_that_is_no_cases_counts_in_a_cases_stream_whatever_batch_brought_it(
    casework: Casework, first: bool
) -> None:
    stream = str(uuid4())
    numbers = [{"kind": "letter_no", "value": "7"}]
    opening = casework.world.event("import.opened", AMR, stream=stream, legal="2026-03-01")
    body = {"numbers": numbers}
    records = (
        [sent(casework, stream, data=body), opening]
        if not first
        else [opening, sent(casework, stream, data=body)]
    )
    noted = casework.world.event("case.noted", AMR, stream=stream, legal="2026-03-06")
    for record in (*records, noted):
        await casework(record)
    live = await casework.case(stream)
    assert len(live["view"]["order"]) == 3
    await casework.rebuild(at_once=True)
    whole = await casework.case(stream)
    assert (whole["digest"], whole["law"]) == (live["digest"], live["law"])


async def test_the_law_of_a_case_is_the_one_in_force_however_batches_are_cut(
    casework: Casework,
) -> None:
    stream = str(uuid4())
    await casework.keep_law(OTHER_LAW)
    for record in (
        casework.world.event("import.opened", AMR, stream=stream, legal="2026-03-01"),
        bus_says(casework, "law.adopted", str(uuid4()), digest=OTHER_LAW.digest),
        sent(casework, stream),
    ):
        await casework(record)
    live = await casework.case(stream)
    await casework.rebuild(at_once=True)
    assert (await casework.case(stream))["law"] == live["law"] == OTHER_LAW.digest


async def test_recipients_keep_the_order_of_the_copies_that_named_them(casework: Casework) -> None:
    stream, others = str(uuid4()), [f"cn-33010{at}-psb" for at in (9, 2, 8, 1)]
    await casework(sent(casework, stream, to=()))
    for offset, other in enumerate(others, 1):
        copy = altered(casework.log[0], cb_recipients=other.encode(), cb_sectors=b"police")
        casework.log.append(replace(copy, offset=offset))
        await casework.record(casework.log[offset:])
    live = await casework.case(stream)
    casework.restart()
    await casework(casework.world.event("case.noted", AMR, stream=stream, legal="2026-03-06"))
    assert (await casework.case(stream))["view"]["roles"] == live["view"]["roles"]


async def parties(casework: Casework, stream: str) -> list[str]:
    rows = await casework.rows(
        "select agency from derived.party where stream = $1 order by agency", stream
    )
    return [row["agency"] for row in rows]


async def test_who_wrote_before_a_case_was_opened_loses_sight_of_it_unless_it_has_a_part(
    casework: Casework,
) -> None:
    stream = str(uuid4())
    world = casework.world
    await casework(world.event("case.noted", COURT, stream=stream))
    await casework(world.event("referral.accepted", PSB, stream=stream, legal="2026-03-07"))
    assert await parties(casework, stream) == [COURT, PSB]
    await casework(sent(casework, stream))
    before = await parties(casework, stream)
    assert before == [AMR, PRO, PSB]
    await casework.rebuild()
    assert await parties(casework, stream) == before


async def filed(casework: Casework, stream: str) -> Callable[[str], Record]:
    """A case in which the goods are due in March; gives the act by its date."""
    await casework(sent(casework, stream))
    given = {"stream": stream, "to": (AMR,), "legal": "2026-03-06"}
    casework.at = NOW + timedelta(days=1)
    await casework(casework.world.event("referral.filed", PSB, **given))
    casework.at = NOW + timedelta(days=20)

    def handed_over(on: str) -> Record:
        act = {"stream": stream, "to": (PSB,), "legal": on}
        return casework.world.event("referral.goods_handed_over", AMR, **act)

    return handed_over


@pytest.mark.long
async def test_a_breach_that_a_late_act_shows_waits_for_the_record_that_is_on_its_way(
    casework: Casework,
) -> None:
    stream = str(uuid4())
    handed_over = await filed(casework, stream)
    in_time = handed_over("2026-03-07")
    await hand_in(casework.pool, in_time, "events.administrative")
    await casework(handed_over("2026-03-20"))
    assert "clock.breached.v1" not in await casework.said()
    held = await casework.rows("select kind from own.clock_held where stream = $1", UUID(stream))
    assert {row["kind"] for row in held} == {"breached"}
    await casework(in_time)
    assert "clock.breached.v1" not in await casework.said()


async def test_a_breach_that_a_late_act_shows_is_said_at_once_where_nothing_is_on_its_way(
    casework: Casework,
) -> None:
    stream = str(uuid4())
    handed_over = await filed(casework, stream)
    refused = handed_over("2026-03-07")
    finished = await hand_in(casework.pool, refused, "events.administrative")
    await submissions.mark_refused(casework.pool, finished, "too_large")
    await casework(handed_over("2026-03-20"))
    assert "clock.breached.v1" in await casework.said()


async def test_an_act_in_time_that_arrives_late_takes_the_breach_back_from_all_who_were_told(
    casework: Casework,
) -> None:
    stream = str(uuid4())
    handed_over = await filed(casework, stream)
    await casework(handed_over("2026-03-20"))
    told = await said_of(casework, "clock.breached")
    assert told
    breach = casework.world.event("clock.breached", BUS, stream=stream, **told[0])
    await casework(breach)
    await casework(handed_over("2026-03-07"))
    [withdrawn] = await said_of(casework, "clock.breach_withdrawn")
    assert withdrawn["to"] == told[0]["to"]


async def said_of(casework: Casework, name: str) -> list[dict[str, Any]]:
    """Id, body and recipients of what the outbox holds of a type."""
    query = "select value, headers from own.outbox where type = $1"
    rows = await casework.rows(query, f"casebus.{name}.v1")
    found = []
    for row in rows:
        envelope = Envelope.from_headers(unpack_headers(row["headers"]))
        body = SCHEMAS.decode(row["value"])[1]
        found.append({"id": envelope.id, "to": envelope.to, "data": body})
    return found
