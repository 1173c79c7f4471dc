"""Makes schema `derived` again from the journal beside the live one, compares, and replaces it.

Everybody goes on meanwhile. Casework waits only while the last records are derived and the two are
compared and renamed. Nothing is sent to anybody (ADR 39).
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from dataclasses import asdict, dataclass, field, replace
from enum import Enum
from typing import Any, cast

import asyncpg

from casebus.cases import FOLD_VERSION
from casebus.cases.renewing import refuse_newer
from casebus.errors import CasebusError
from casebus.events.topics import JOURNAL
from casebus.settings import Settings
from casebus.tasks import together
from operations.rebuild.reading import JournalReader, RecordedUntil
from services.casework import batch as journal_batch
from services.casework.context import CaseworkContext
from services.casework.folding import save
from services.casework.lookups import UNFOLDED
from services.casework.records import Journaled
from services.casework.renewing import CaseRenewer
from services.transport import Batch
from storage import beside, journal, renewing
from storage.beside import BEFORE, NEXT, BesidePool
from storage.differences import Differences, differences
from storage.handles import Connection, Pool
from storage.pool import BY_KEY, application_name, open_pool
from storage.queries import load
from storage.renewing import Unsettled
from storage.sampling import ALL, Sample

APPLICATION = "rebuild"
_SQL = load("beside")
#: One rebuild at a time.
_LOCK = 0x72656275696C64
#: The table of the journal's own records.
JOURNAL_TABLE = "journal"
#: As casework has: PostgreSQL works on one partition's rows while another's are made.
_LANES = 2
_LOOK_SECONDS = 0.5
SETTLING_SECONDS = 60.0

Advance = Callable[[int, int], None]
"""Called with how many records are derived by now, and of how many."""


class Switch(Enum):
    """Says when the schema derived beside replaces the live one."""

    NEVER = "never"
    IF_EQUAL = "if equal"
    ANYWAY = "anyway"


@dataclass(slots=True)
class Rebuilt:
    """The rows that were derived again, their difference from the live ones, and the outcome."""

    records: int = 0
    cases: int = 0
    differing: Differences = field(default_factory=Differences)
    #: Cases that are being derived again, and by what: their rows cannot be judged.
    unsettled: list[Unsettled] = field(default_factory=list)
    switched: bool = False
    #: The schema that keeps the tables read until the switch.
    kept: str | None = None
    seconds: float = 0.0
    #: How long casework waited.
    fenced_seconds: float = 0.0

    def to_json(self) -> dict[str, Any]:
        return asdict(self)


async def rebuild(
    settings: Settings,
    context: CaseworkContext,
    advance: Advance = lambda _done, _all: None,
    *,
    switch: Switch = Switch.IF_EQUAL,
    topic: str = JOURNAL,
    settling_seconds: float = SETTLING_SECONDS,
) -> Rebuilt:
    """Derive everything again by this release, as far as casework has recorded, and compare.

    If anything ends it before the switch is committed, the live schema stays unchanged. Raises
    CasebusError `rebuild_runs`, `rebuild_kept`, `migrations_pending`, `release_is_older`,
    `fold_is_older`, `journal_shorter`, `journal_unread`, `not_settled` or `fence_held`.
    """
    began = time.monotonic()
    keeps = switch is not Switch.NEVER
    async with _beside(settings, context, advance, topic, keeps=keeps) as work:
        found = await work.run(switch, settling_seconds)
    found.seconds = time.monotonic() - began
    return found


async def compare(
    settings: Settings,
    context: CaseworkContext,
    advance: Advance = lambda _done, _all: None,
    *,
    sample: Sample = ALL,
    topic: str = JOURNAL,
    settling_seconds: float = SETTLING_SECONDS,
) -> Rebuilt:
    """Derive all streams or some of them again beside, and name the rows that differ.

    The journal's own rows are left out: their bytes are compared with Kafka's. Casework waits while
    the last records are derived, not while rows are compared. Raises the errors of `rebuild` except
    `not_settled`: the cases are named instead.
    """
    began = time.monotonic()
    async with _beside(settings, context, advance, topic, sample) as work:
        found = await work.compare(settings.database_url, settling_seconds)
    found.seconds = time.monotonic() - began
    return found


async def drop_old(database_url: str) -> bool:
    """Drop the tables kept by the last switch or left by a killed run; True if there were any."""
    async with _owner(database_url) as live:
        return any([await beside.drop(live, name) for name in (BEFORE, NEXT)])


@asynccontextmanager
async def _owner(database_url: str, *, alone: bool = True) -> AsyncIterator[Connection]:
    """A session without a worker's time-outs; nobody else's rebuild runs beside it."""
    connection: Connection = await asyncpg.connect(
        database_url, server_settings={"application_name": application_name(APPLICATION)}
    )
    try:
        if alone and not await connection.fetchval("select pg_try_advisory_lock($1)", _LOCK):
            raise CasebusError("rebuild_runs", "another rebuild is under way")
        yield connection
    finally:
        await connection.close()


@asynccontextmanager
async def _beside(
    settings: Settings,
    context: CaseworkContext,
    advance: Advance,
    topic: str,
    sample: Sample = ALL,
    *,
    keeps: bool = False,
) -> AsyncIterator[_Rebuilding]:
    """`NEXT`, empty, and its deriver; dropped at the end unless it has another name by then."""
    async with _owner(settings.database_url) as live:
        await beside.require_this_release(live)
        refuse_newer(await renewing.newest_fold(live))
        if keeps and await beside.exists(live, BEFORE):
            raise CasebusError("rebuild_kept", f"drop {BEFORE} first: casebus rebuild --drop-old")
        await beside.make(live)
        epoch = await journal.current_epoch(live)
        quiet = replace(context, speaks=False, streams=context.streams.anew(), epoch=epoch)
        try:
            pool = await open_pool(settings.database_url, application=APPLICATION, planning=BY_KEY)
            try:
                async with AsyncExitStack() as opened:
                    sources = [
                        await opened.enter_async_context(JournalReader(settings, topic))
                        for _ in range(_LANES)
                    ]
                    beside_pool = BesidePool(pool)
                    yield _Rebuilding(live, beside_pool, sources, quiet, advance, sample=sample)
            finally:
                await pool.close()
        finally:
            if not live.is_closed():
                await beside.drop(live, NEXT)


class _Rebuilding:
    """One run. `live` is the owner's session; `pool` writes beside."""

    def __init__(
        self,
        live: Connection,
        pool: BesidePool,
        sources: Sequence[JournalReader],
        context: CaseworkContext,
        advance: Advance,
        *,
        sample: Sample,
    ) -> None:
        self._live, self._pool, self._sources = live, pool, sources
        self._context, self._advance, self._sample = context, advance, sample
        self._renewals = CaseRenewer(cast("Pool", pool), context, save)

    async def run(self, switch: Switch, settling_seconds: float) -> Rebuilt:
        # Nearly all of it while casework goes on, so that little is left then.
        await self._catch_up()
        await beside.analyze(self._live)
        deadline = time.monotonic() + settling_seconds
        while True:
            await self._settled(deadline)
            async with self._live.transaction():
                began = time.monotonic()
                await beside.fence(self._live)
                if not await self._unsettled():
                    found = await self._finish(switch)
                    break
        found.fenced_seconds = time.monotonic() - began
        return found

    async def compare(self, database_url: str, settling_seconds: float) -> Rebuilt:
        """Compare the rows of one moment, once both hold the same records."""
        await self._catch_up()
        await beside.analyze(self._live)
        with suppress(CasebusError):
            await self._settled(time.monotonic() + settling_seconds)
        async with _owner(database_url, alone=False) as reader:
            async with self._live.transaction():
                began = time.monotonic()
                await beside.fence(self._live)
                found = Rebuilt(records=await self._catch_up())
                # Its reads from here on are as of its first statement.
                snapshot = reader.transaction(isolation="repeatable_read", readonly=True)
                await snapshot.start()
                found.unsettled = await renewing.unsettled(reader, FOLD_VERSION)
            found.fenced_seconds = time.monotonic() - began
            found.cases = await reader.fetchval(_SQL["cases"])
            found.differing = await differences(
                reader,
                sample=self._sample,
                unsettled=[one.stream for one in found.unsettled],
                leaving_out=(JOURNAL_TABLE,),
            )
            await snapshot.rollback()
        return found

    async def _settled(self, deadline: float) -> None:
        """Wait until the journal has the statements that casework has begun about renewed cases."""
        while count := await self._unsettled():
            if time.monotonic() > deadline:
                said = f"{count} cases are still being derived again: let casework run until doctor"
                raise CasebusError("not_settled", f"{said} counts none")
            await asyncio.sleep(_LOOK_SECONDS)

    async def _unsettled(self) -> int:
        """Live cases of an older fold or law, or whose renewal the journal lacks."""
        left, _ = await renewing.progress(self._live, FOLD_VERSION)
        return left or int(await self._live.fetchval(_SQL["on_their_way"]))

    async def _finish(self, switch: Switch) -> Rebuilt:
        """Behind the fence: the last records, the comparison, the switch."""
        await beside.require_this_release(self._live)
        found = Rebuilt(records=await self._catch_up())
        found.differing = await differences(self._live)
        found.cases = await self._live.fetchval(_SQL["cases"])
        if switch is Switch.ANYWAY or (switch is Switch.IF_EQUAL and not found.differing):
            await beside.switch(self._live, differs=bool(found.differing))
            found.switched, found.kept = True, BEFORE
        return found

    async def _catch_up(self) -> int:
        """Derive everything that the live tables have by now, and no more.

        Returns the number of records.

        Casework has not yet answered records that it has not recorded. If they were derived here,
        they would never be answered.
        """
        places = [
            RecordedUntil(*row)
            for row in await self._live.fetch(_SQL["positions"], self._context.epoch)
        ]
        first = await self._sources[0].first_offsets(places)
        total = sum(one.next_offset - first[one.partition] for one in places)
        at = {one.partition: await self._begun(one, first[one.partition]) for one in places}
        # Each worker without a partition takes the next.
        waiting = iter(places)

        def advance() -> None:
            left = sum(one.next_offset - at[one.partition] for one in places)
            self._advance(total - left, total)

        await together(*(self._derive(one, waiting, at, advance) for one in self._sources))
        await self._renewals.all()
        return total

    async def _derive(
        self,
        source: JournalReader,
        waiting: Iterator[RecordedUntil],
        at: dict[int, int],
        advance: Callable[[], None],
    ) -> None:
        for place in waiting:
            while at[place.partition] < place.next_offset:
                at[place.partition] += await self._record(source, place, at[place.partition])
                advance()

    async def _begun(self, place: RecordedUntil, first: int) -> int:
        """The offset from which the rest must be derived."""
        async with self._pool.acquire() as connection, connection.transaction():
            where = (self._context.epoch, place.partition)
            await journal.open_position(connection, *where)
            await connection.execute(_SQL["begin_at"], *where, first)
            return (await journal.lock_position(connection, *where)).next_offset

    async def _record(self, source: JournalReader, place: RecordedUntil, offset: int) -> int:
        records = await source.read(place.partition, offset, place.next_offset)
        batch = Batch(JOURNAL, place.partition, records)
        async with self._pool.acquire() as connection, connection.transaction():
            touched = await journal_batch.record(
                connection, batch, self._context, wanted=self._is_wanted
            )
        self._context.streams.keep(touched)
        return len(records)

    def _is_wanted(self, one: Journaled) -> bool:
        """An event of no case may concern all cases: a law, an agency."""
        return one.domain in UNFOLDED or one.row.stream in self._sample
