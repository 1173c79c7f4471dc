"""The scheduler's cross-case questions on real tables."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable, Iterable
from datetime import datetime, timedelta
from uuid import UUID, uuid4

import pytest

from casebus.events.doors import BUS
from onebox.testing import Stack
from services.scheduler.questions import Questions
from services.scheduler.statements import StatementSigner
from storage import journal, submissions
from storage.handles import Pool
from storage.journal import EventRow, JournalRow
from storage.packing import unpack_headers
from storage.pool import open_pool
from tests.integration.database import fresh_database
from tests.integration.handed_in import LONG_AGO, hand_in
from tests.world import NOW, SCHEMAS, World

pytestmark = [pytest.mark.connected, pytest.mark.timeout(240)]

AMR, PSB = "cn-330106-amr", "cn-330106-psb"
CASE = """
insert into derived.case_state
    (stream, status, version, digest, law, updated_at, view, fold_version)
values ($1, $2, 1, '', '', now(), '{}', 4)
on conflict (stream) do update set status = excluded.status
"""


class Desk:
    def __init__(self, pool: Pool) -> None:
        self.pool, self.now, self.count = pool, NOW, 0
        signer = StatementSigner(World().keys[BUS], SCHEMAS, lambda: self.now)
        self.meanwhile: Callable[[], Awaitable[None]] | None = None
        self.questions = Questions(pool, signer, self, self._partitions, now=lambda: self.now)

    async def _partitions(self) -> int:
        return 4

    async def passed(self, _: Iterable[int]) -> float:
        """The barrier: what the test says comes in while it waits."""
        if self.meanwhile is not None:
            await self.meanwhile()
        return 0.0

    async def record(
        self,
        source: str,
        stream: UUID,
        event_id: str | None = None,
        *,
        at: datetime = NOW,
        ce_type: str = "casebus.referral.receipted.v1",
        sector: str = "police",
        partition: int = 0,
    ) -> str:
        """A journal row and its event, as casework writes them."""
        name, index = event_id or str(uuid4()), self.count
        self.count += 1
        place = (1, partition, index)
        async with self.pool.acquire() as connection:
            row = JournalRow(*place, stream, source, name, b"", b"", b"", (), at)
            await journal.append(connection, [row])
            event = EventRow(
                stream=stream,
                source=source,
                id=name,
                type=ce_type,
                author=source.partition("/")[0],
                sector=sector,
                recipients=[],
                legal_at=at,
                recorded_at=at,
                sequence=None,
                event_leaf=b"",
                epoch=1,
                partition=partition,
                log_index=index,
            )
            await journal.add_events(connection, [event])
            await connection.execute(
                "insert into derived.journal_position (epoch, partition, next_index)"
                " values (1, $1, $2) on conflict (epoch, partition)"
                " do update set next_index = excluded.next_index",
                partition,
                index + 1,
            )
        return name

    async def case(self, stream: UUID, status: str) -> None:
        await self.pool.execute(CASE, stream, status)

    async def said(self) -> list[tuple[str, UUID, str]]:
        """(type's last words, stream, recipients) of what stands in the outbox."""
        rows = await self.pool.fetch("select * from own.outbox order by id")
        return [
            (
                row["type"].removeprefix("casebus.finding.").removesuffix(".v1"),
                row["aggregateid"],
                dict(unpack_headers(row["headers"]))["ce_to"].decode(),
            )
            for row in rows
        ]


@pytest.fixture
async def desk(brokers: Stack) -> AsyncIterator[Desk]:
    async with fresh_database(brokers) as url:
        pool = await open_pool(url, application="test")
        yield Desk(pool)
        await pool.close()


async def test_an_id_used_in_two_streams_is_told_to_its_source_in_the_later_one(
    desk: Desk,
) -> None:
    first, second = uuid4(), uuid4()
    name = await desk.record(f"{PSB}/desk", first)
    await desk.questions.ask()
    assert await desk.said() == []
    await desk.record(f"{PSB}/desk", second, name, at=NOW + timedelta(hours=1), partition=3)
    await desk.questions.ask()
    await desk.questions.ask()
    assert await desk.said() == [("raised", second, PSB)]


async def test_the_same_id_of_two_sources_is_two_events(desk: Desk) -> None:
    name = await desk.record(PSB, uuid4())
    await desk.record(AMR, uuid4(), name)
    await desk.questions.ask()
    assert await desk.said() == []


async def test_each_further_stream_is_found_whatever_was_read_before(desk: Desk) -> None:
    streams = [uuid4() for _ in range(3)]
    name = await desk.record(PSB, streams[0])
    for hours, stream in enumerate(streams[1:], 1):
        await desk.record(PSB, stream, name, at=NOW + timedelta(hours=hours))
        await desk.questions.ask()
    assert [stream for _, stream, _ in await desk.said()] == streams[1:]


async def test_a_system_that_gives_all_its_events_one_id_does_not_keep_the_scheduler(
    desk: Desk,
) -> None:
    for seconds in range(400):
        await desk.record(PSB, uuid4(), "1", at=NOW + timedelta(seconds=seconds))
    await desk.questions.ask()
    assert len(await desk.said()) == 399


async def test_a_stream_unopened_for_a_day_is_told_to_its_authors_once(desk: Desk) -> None:
    stream = uuid4()
    await desk.record(PSB, stream)
    await desk.record(AMR, stream, ce_type="casebus.intake.received.v1")
    await desk.case(stream, "unopened")
    desk.now = NOW + timedelta(hours=23)
    await desk.questions.ask()
    assert await desk.said() == []
    desk.now = NOW + timedelta(hours=24)
    await desk.questions.ask()
    await desk.questions.ask()
    assert await desk.said() == [("raised", stream, PSB)]


async def test_opening_the_stream_takes_it_back(desk: Desk) -> None:
    stream = uuid4()
    await desk.record(PSB, stream)
    await desk.case(stream, "unopened")
    desk.now = NOW + timedelta(days=2)
    await desk.questions.ask()
    await desk.case(stream, "sent")
    await desk.questions.ask()
    await desk.questions.ask()
    assert await desk.said() == [("raised", stream, PSB), ("withdrawn", stream, PSB)]


async def test_a_stream_that_is_no_case_is_never_unopened(desk: Desk) -> None:
    stream = uuid4()
    await desk.record(BUS, stream, sector="bus", ce_type="casebus.directory.key_added.v1")
    await desk.case(stream, "none")
    desk.now = NOW + timedelta(days=9)
    await desk.questions.ask()
    assert await desk.said() == []


async def test_an_opening_event_that_comes_in_behind_the_barrier_leaves_nothing_to_say(
    desk: Desk,
) -> None:
    stream = uuid4()
    await desk.record(PSB, stream)
    await desk.case(stream, "unopened")
    desk.now = NOW + timedelta(days=2)
    desk.meanwhile = lambda: desk.case(stream, "sent")
    await desk.questions.ask()
    assert await desk.said() == []


async def test_an_opening_event_that_is_stored_and_unsent_is_waited_for(desk: Desk) -> None:
    stream = uuid4()
    await desk.record(PSB, stream)
    await desk.case(stream, "unopened")
    desk.now = NOW + timedelta(days=2)
    opening = World().event("referral.sent", AMR, stream=str(stream))
    finished = await hand_in(desk.pool, opening, "events.administrative", age=LONG_AGO)
    await desk.questions.ask()
    assert await desk.said() == []
    await submissions.mark_sent(desk.pool, finished)
    await desk.questions.ask()
    assert await desk.said() == [("raised", stream, PSB)]


async def test_what_no_broker_takes_is_told_to_its_author_once_and_taken_back_when_sent(
    desk: Desk,
) -> None:
    stream = uuid4()
    record = World().event("case.noted", AMR, stream=str(stream))
    finished = await hand_in(desk.pool, record, "events.administrative", age=LONG_AGO)
    await desk.questions.ask()
    assert await desk.said() == []
    await submissions.mark_refused(desk.pool, finished, "too_large")
    await desk.questions.ask()
    await desk.questions.ask()
    assert await desk.said() == [("raised", stream, AMR)]
    value = await desk.pool.fetchval("select value from own.outbox")
    body = SCHEMAS.decode(value)[1]
    assert (body["kind"], body["event_id"]) == ("not_sent", finished.event_id)
    assert body["detail"] == {"reason": "too_large"}
    await submissions.mark_sent(desk.pool, finished)
    await desk.questions.ask()
    await desk.questions.ask()
    assert await desk.said() == [("raised", stream, AMR), ("withdrawn", stream, AMR)]
