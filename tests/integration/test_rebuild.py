"""`derived` made anew beside what is read, compared by row, and put in its place (ADR 39)."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator
from datetime import timedelta
from typing import Any
from uuid import uuid4

import asyncpg
import pytest
from kafka import KafkaProducer

from casebus.cases import FOLD_VERSION
from casebus.errors import CasebusError
from casebus.events.doors import BUS
from casebus.kafka.connection import producer_settings
from casebus.law import Law, loader
from onebox.testing import Stack
from operations.rebuild import rebuilding
from operations.rebuild.rebuilding import Rebuilt, Switch, drop_old, rebuild
from storage import beside
from storage.differences import MISSING, NOT_JOURNALED, OTHER, differences
from storage.handles import Connection
from tests.case_events import LAW, ROOT
from tests.faults.harness import Kafka
from tests.integration.casework import Casework, casework_on
from tests.integration.handed_in import hand_in
from tests.world import NOW

pytestmark = [pytest.mark.connected, pytest.mark.timeout(240)]

AMR, PSB = "cn-330106-amr", "cn-330106-psb"
#: The same law with one word more: another digest.
OTHER_LAW = Law(
    {
        name: body.replace("决定是否立案".encode(), "决定是否立案侦查".encode())
        for name, body in loader.read(ROOT / "policies/law").items()
    }
)
EVERYTHING = ("derived", "derived_next", "derived_before")


@pytest.fixture(scope="module")
def kafka(brokers: Stack) -> Iterator[Kafka]:
    kafka = Kafka(brokers.settings("admin"))
    yield kafka
    kafka.close()


class Bus:
    """Casework's tables, and a topic of Kafka's that holds the same journal."""

    def __init__(self, casework: Casework, stack: Stack, topic: str) -> None:
        self.casework, self.topic = casework, topic
        self.settings = stack.settings("admin").model_copy(update={"database_url": casework.url})
        self.producer = KafkaProducer(**producer_settings(self.settings))
        self._sent = 0

    def journal(self) -> None:
        """Let Kafka hold what casework was given."""
        for record in self.casework.log[self._sent :]:
            self.producer.send(
                self.topic,
                key=record.key,
                value=record.value,
                headers=list(record.headers),
                partition=0,
                timestamp_ms=record.timestamp,
            ).get(timeout=30)
        self._sent = len(self.casework.log)

    async def rebuild(self, **said: Any) -> Rebuilt:
        await asyncio.to_thread(self.journal)
        desk = self.casework.context
        given = {"topic": self.topic, "settling_seconds": 1.0, **said}
        return await rebuild(self.settings, desk, **given)

    async def sent(self, *streams: str, count: int = 1) -> list[str]:
        """Letters to the police, each in a case of its own."""
        streams = streams or tuple(str(uuid4()) for _ in range(count))
        for stream in streams:
            await self.casework(self.letter(stream))
        return list(streams)

    def letter(self, stream: str) -> Any:
        data = {"title": "假冒茶叶", "numbers": [{"kind": "letter_no", "value": stream}]}
        given = {"stream": stream, "to": (PSB,), "legal": "2026-03-05", "data": data}
        return self.casework.world.event("referral.sent", AMR, **given)

    async def rows(self, query: str, *values: Any) -> list[Any]:
        return await self.casework.rows(query, *values)

    async def schemas(self) -> set[str]:
        query = "select nspname from pg_namespace where nspname = any($1)"
        return {row["nspname"] for row in await self.rows(query, list(EVERYTHING))}

    async def table(self, name: str) -> list[Any]:
        return await self.rows(f"select * from {name} t order by t::text")

    async def read(self) -> dict[str, list[Any]]:
        """Everything that stands in `derived`."""
        names = await self.rows("select tablename from pg_tables where schemaname = 'derived'")
        return {one: await self.table(f"derived.{one}") for (one,) in names}

    async def own(self) -> dict[str, list[Any]]:
        names = await self.rows("select tablename from pg_tables where schemaname = 'own'")
        return {one: await self.table(f"own.{one}") for (one,) in names}

    async def change(self, query: str, *values: Any) -> None:
        await self.casework.pool.execute(query, *values)


@pytest.fixture
async def bus(brokers: Stack, kafka: Kafka) -> AsyncIterator[Bus]:
    topic = f"journal-{uuid4()}"
    # The moments at which the broker took them are those that casework was given.
    # Its records bear the dates of the story: kept as the journal is.
    kafka.create(topic, 1, message_timestamp_type="CreateTime", retention_ms="-1")
    async with casework_on(brokers) as casework:
        bus = Bus(casework, brokers, topic)
        yield bus
        bus.producer.close()
    kafka.delete(topic)


async def test_what_comes_out_equal_takes_the_place_of_what_was_read(bus: Bus) -> None:
    streams = await bus.sent(count=3)
    before, oid = await bus.read(), await _oid(bus)
    found = await bus.rebuild()
    assert (found.records, found.cases, found.differing.counts) == (3, 3, {})
    assert found.switched
    assert found.kept == "derived_before"
    assert await _oid(bus) != oid
    assert await bus.read() == before
    assert await bus.schemas() == {"derived", "derived_before"}
    # Casework goes on with what it remembers, and functions and triggers with the new tables.
    await bus.casework(bus.casework.world.event("referral.filed", PSB, stream=streams[0]))
    assert (await bus.casework.case(streams[0]))["status"] == "filed"
    assert await bus.rows("select * from derived.known_fact(now())")
    assert await drop_old(bus.settings.database_url)
    assert await bus.schemas() == {"derived"}
    assert (await bus.rebuild()).switched


SHAPE = """
select 'column' as kind, table_name as of, column_name || data_type as name
from information_schema.columns where table_schema = 'derived'
union all select 'index', tablename, replace(indexdef, 'derived.', '')
from pg_indexes where schemaname = 'derived'
union all select 'trigger', tgrelid::regclass::text, tgname || tgfoid::regproc::text
from pg_trigger t join pg_class c on c.oid = t.tgrelid
where c.relnamespace = 'derived'::regnamespace
union all select 'function', proname, prosrc
from pg_proc where pronamespace = 'derived'::regnamespace
union all select 'view', viewname, definition from pg_views where schemaname = 'derived'
order by 1, 2, 3
"""


async def test_what_is_switched_in_is_made_as_migrations_make_it(bus: Bus) -> None:
    await bus.sent()
    before = await bus.rows(SHAPE)
    assert (await bus.rebuild()).switched
    assert await bus.rows(SHAPE) == before
    assert {row["kind"] for row in before} == {"column", "index", "trigger", "function", "view"}


async def test_nothing_is_switched_while_what_was_kept_is_there(bus: Bus) -> None:
    await bus.sent()
    await bus.rebuild()
    assert await beside.left(bus.casework.connection) == ["derived_before"]
    with pytest.raises(CasebusError, match="rebuild_kept"):
        await bus.rebuild()
    assert not (await bus.rebuild(switch=Switch.NEVER)).switched
    assert await drop_old(bus.settings.database_url)
    assert not await drop_old(bus.settings.database_url)


CHANGES: dict[str, tuple[str, set[tuple[str, str, tuple[str, ...]]]]] = {
    "a clock's row": (
        "update derived.clock set due = due + interval '1 day' where stream = $1 and clock = 'T04'",
        {("clock", OTHER, ("due",))},
    ),
    "a case's status": (
        "update derived.case_state set status = 'closed', digest = 'x' where stream = $1",
        {("case_state", OTHER, ("digest", "status"))},
    ),
    "a party that is missing": (
        "delete from derived.party where stream = $1 and agency = 'cn-330106-psb'",
        {("party", MISSING, ())},
    ),
    "a party too many": (
        "insert into derived.party (stream, agency) values ($1, 'cn-110000-psb')",
        {("party", NOT_JOURNALED, ())},
    ),
    "a work item": (
        "update derived.work_item set is_open = not is_open where stream = $1",
        {("work_item", OTHER, ("is_open",))},
    ),
    "a number": (
        "update derived.number set kind = 'case_no' where stream = $1",
        {("number", NOT_JOURNALED, ()), ("number", MISSING, ())},
    ),
    "a fact twice": (
        "insert into derived.fact select * from derived.fact where stream = $1",
        {("fact", NOT_JOURNALED, ())},
    ),
    "a byte of the journal's copy": (
        "update derived.journal set value = value || '\\x00' where stream = $1",
        {("journal", OTHER, ("value",))},
    ),
}


@pytest.mark.parametrize("word", CHANGES)
async def test_a_row_changed_by_hand_is_named_and_nothing_is_switched(bus: Bus, word: str) -> None:
    query, expected = CHANGES[word]
    [changed, _] = await bus.sent(count=2)
    await bus.change(query, changed)
    before, oid = await bus.read(), await _oid(bus)
    found = await bus.rebuild()
    named = {(one.table, one.how, tuple(one.columns)) for one in found.differing.named}
    assert expected <= named, named
    assert {one.table for one in found.differing.named} == set(found.differing.counts)
    assert {one.row.get("stream", changed) for one in found.differing.named} == {changed}
    assert not found.switched
    assert (await bus.read(), await _oid(bus)) == (before, oid)
    assert await bus.schemas() == {"derived"}


async def test_what_differs_is_switched_where_that_is_asked(bus: Bus) -> None:
    [stream, gone] = await bus.sent(count=2)
    right = await bus.read()
    await bus.change("update derived.case_state set status = 'closed' where stream = $1", stream)
    await bus.change("delete from derived.case_state where stream = $1", gone)
    found = await bus.rebuild(switch=Switch.ANYWAY)
    assert found.differing.counts == {"case_state": 2}
    assert found.switched
    assert (await bus.casework.case(stream))["status"] == "sent"
    assert (await bus.read())["clock"] == right["clock"]
    # What was read is there to be looked at.
    kept = "select status from derived_before.case_state"
    assert [row["status"] for row in await bus.rows(kept)] == ["closed"]
    # Nobody trusts what they remember of a case.
    await bus.casework(bus.casework.world.event("referral.filed", PSB, stream=gone))
    assert (await bus.casework.case(gone))["status"] == "filed"
    await drop_old(bus.settings.database_url)
    assert (await bus.rebuild()).switched


async def test_a_table_that_was_emptied_is_counted_and_some_of_it_named(
    bus: Bus, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("storage.differences.MOST_NAMED", 2)
    await bus.sent(count=5)
    await bus.change("truncate derived.finding, derived.number")
    found = await bus.rebuild()
    assert found.differing.counts["number"] == 5
    assert len([one for one in found.differing.named if one.table == "number"]) == 2


@pytest.mark.parametrize("moment", ["before it compares", "after it has renamed"])
async def test_a_run_that_is_killed_leaves_what_is_read_and_can_be_repeated(
    bus: Bus, monkeypatch: pytest.MonkeyPatch, moment: str
) -> None:
    await bus.sent(count=3)
    before, oid = await bus.read(), await _oid(bus)

    async def killed_before(connection: Connection) -> Any:
        await _kill(bus)
        await connection.fetchval("select 1")

    async def killed_after(connection: Connection, *, differs: bool) -> None:
        await real(connection, differs=differs)
        await _kill(bus)
        await connection.fetchval("select 1")

    real = beside.switch
    with monkeypatch.context() as patched:
        if moment == "before it compares":
            patched.setattr(rebuilding, "differences", killed_before)
        else:
            patched.setattr(beside, "switch", killed_after)
        with pytest.raises((asyncpg.PostgresError, asyncpg.InterfaceError)):
            await bus.rebuild()
    # What it had derived lies there, and nobody reads it.
    assert await bus.schemas() == {"derived", "derived_next"}
    assert (await bus.read(), await _oid(bus)) == (before, oid)
    await bus.sent()
    found = await bus.rebuild()
    assert (found.switched, found.records) == (True, 4)
    assert await bus.schemas() == {"derived", "derived_before"}


async def test_casework_waits_between_the_comparison_and_the_switch_and_then_goes_on(
    bus: Bus, monkeypatch: pytest.MonkeyPatch
) -> None:
    await bus.sent(count=2)
    late = str(uuid4())
    waiting: list[asyncio.Task[Any]] = []
    real = beside.switch

    async def watched(connection: Connection, *, differs: bool) -> None:
        waiting.append(asyncio.create_task(bus.sent(late)))
        waiting.append(asyncio.create_task(bus.casework.renew()))
        await asyncio.wait(waiting, timeout=1)
        assert not waiting[0].done()
        # Who only reads does not wait.
        assert len(await bus.rows("select * from derived.case_state")) == 2
        await real(connection, differs=differs)

    monkeypatch.setattr(beside, "switch", watched)
    assert (await bus.rebuild()).switched
    await asyncio.gather(*waiting)
    assert (await bus.casework.case(late))["status"] == "sent"
    assert await bus.rows("select * from derived_before.case_state where stream = $1", late) == []
    monkeypatch.undo()
    await drop_old(bus.settings.database_url)
    assert (await bus.rebuild()).records == 3


async def test_what_casework_records_meanwhile_is_derived_too(bus: Bus) -> None:
    [stream] = await bus.sent()
    begun = asyncio.Event()

    async def go_on() -> None:
        await begun.wait()
        bus.casework.log.append(bus.casework.journaled(bus.letter(str(uuid4()))))
        await asyncio.to_thread(bus.journal)
        await bus.casework.record(bus.casework.log[-1:])
        await bus.casework(bus.casework.world.event("referral.filed", PSB, stream=stream))
        await asyncio.to_thread(bus.journal)

    # Until this case's renewal is journaled, the rebuild waits.
    await bus.change("update derived.case_state set renewing = 'x' where stream = $1", stream)
    going = asyncio.create_task(go_on())
    done: list[tuple[int, int]] = []

    def advance(now: int, of: int) -> None:
        done.append((now, of))
        begun.set()

    async def settle() -> None:
        await going
        await bus.change("update derived.case_state set renewing = null")

    settling = asyncio.create_task(settle())
    found = await bus.rebuild(advance=advance, settling_seconds=10.0)
    await settling
    assert (found.records, found.switched) == (3, True)
    assert (done[0], done[-1]) == ((1, 1), (3, 3))


async def test_nothing_is_said_and_nothing_is_written_to_own(bus: Bus) -> None:
    casework, [stream] = bus.casework, await bus.sent()
    given = {"stream": stream, "to": (AMR,), "legal": "2026-03-06"}
    casework.at = NOW + timedelta(days=1)
    await casework(casework.world.event("referral.filed", PSB, **given))
    casework.at = NOW + timedelta(days=20)
    # A breach that a late act shows, held back while another record of the case is on its way.
    act = {"stream": stream, "to": (PSB,)}
    in_time, late = (
        casework.world.event("referral.goods_handed_over", AMR, legal=on, **act)
        for on in ("2026-03-07", "2026-03-20")
    )
    await hand_in(casework.pool, in_time, "events.administrative")
    await casework(late)
    assert await bus.rows("delete from own.clock_held returning *")
    before = await bus.own()
    assert before["submission"]
    assert (await bus.rebuild()).switched
    assert await bus.own() == before


async def test_questions_that_wait_to_be_asked_still_wait_and_no_others(bus: Bus) -> None:
    await bus.sent()
    await bus.change("insert into derived.changed_organisation (uscc, family) values ('x', 'y')")
    assert (await bus.rebuild()).switched
    asked = await bus.rows("select uscc, family from derived.changed_organisation")
    assert [tuple(row) for row in asked] == [("x", "y")]


async def test_a_case_that_the_journal_does_not_yet_call_renewed_is_waited_for(bus: Bus) -> None:
    await bus.casework.keep_law(LAW)
    await bus.casework.keep_law(OTHER_LAW)
    [stream] = await bus.sent()
    adopted = bus.casework.world.event(
        "law.adopted", BUS, stream=str(uuid4()), data={"digest": OTHER_LAW.digest}
    )
    await bus.casework(adopted)
    # It would change without a journaled event, and what it newly owes would be told.
    for switch in Switch:
        with pytest.raises(CasebusError, match="not_settled"):
            await bus.rebuild(switch=switch)
    await bus.casework.renew()
    found = await bus.rebuild()
    assert found.switched
    [row] = await bus.rows("select law, fold_version from derived.case_state")
    assert tuple(row) == (OTHER_LAW.digest, FOLD_VERSION)
    assert (await bus.casework.case(stream))["status"] == "sent"


async def test_a_journal_that_holds_less_than_the_tables_is_refused(bus: Bus) -> None:
    await bus.sent(count=2)
    await asyncio.to_thread(bus.journal)
    await bus.change("update derived.journal_position set next_index = 9, next_offset = 9")
    with pytest.raises(CasebusError, match="journal_shorter"):
        await bus.rebuild(switch=Switch.ANYWAY)
    assert await bus.schemas() == {"derived"}


async def test_one_rebuild_runs_at_a_time(bus: Bus, monkeypatch: pytest.MonkeyPatch) -> None:
    await bus.sent()
    real = differences

    async def tried_again(connection: Connection) -> Any:
        with pytest.raises(CasebusError, match="rebuild_runs"):
            await bus.rebuild()
        return await real(connection)

    monkeypatch.setattr(rebuilding, "differences", tried_again)
    assert (await bus.rebuild()).switched


async def test_a_migration_of_another_release_stops_it(bus: Bus) -> None:
    await bus.sent()
    await bus.change("insert into public.casebus_migration values ('9999_newer.sql', 'x', now())")
    with pytest.raises(CasebusError, match="release_is_older"):
        await bus.rebuild()


async def test_whoever_reads_in_one_snapshot_is_waited_for(
    bus: Bus, monkeypatch: pytest.MonkeyPatch
) -> None:
    await bus.sent()
    reader: Any = await asyncpg.connect(bus.settings.database_url)
    monkeypatch.setattr(beside, "PATIENCE_SECONDS", 1.0)
    async with reader.transaction(isolation="repeatable_read", readonly=True):
        await reader.fetch("select * from derived.party")
        with pytest.raises(CasebusError, match="fence_held"):
            await bus.rebuild()
        assert len(await reader.fetch("select * from derived.case_state")) == 1
    await reader.close()
    assert (await bus.rebuild()).switched


async def _oid(bus: Bus) -> int:
    [(oid,)] = await bus.rows("select 'derived.case_state'::regclass::oid")
    return int(oid)


async def _kill(bus: Bus) -> None:
    """What a SIGKILL does to its sessions."""
    query = "select pg_terminate_backend(pid) from pg_stat_activity where application_name = $1"
    await bus.rows(f"{query} and datname = current_database()", "casebus-rebuild")
