"""No answer about a case leaves before it is written down who was told what."""

from __future__ import annotations

import asyncio
from types import SimpleNamespace
from typing import Any
from uuid import UUID, uuid4

import pytest

from gateway.access.audit import AccessLog
from storage import access
from storage.fakes import MemoryDatabase
from tests.integration.casework import Casework
from tests.world import NOW

AMR, PSB = "cn-330106-amr", "cn-330106-psb"


class Book:
    """The access log over a database in memory, which can be away."""

    def __init__(self) -> None:
        self.database, self.away = MemoryDatabase(), False
        self.log = AccessLog(self._opened, lambda: NOW)
        self.asked = 0

    async def _opened(self) -> Any:
        self.asked += 1
        await asyncio.sleep(0)
        if self.away:
            raise OSError("away")
        return self.database

    async def note(self, status: int = 200, route: str = "/v1/cases/{case}", **given: Any) -> None:
        await self.log.note(request(**given), route, status)

    def rows(self) -> list[tuple[str, UUID | None, int]]:
        rows = self.database.tables["own.access"]
        return [(row["agency"], row["stream"], row["status"]) for row in rows]


def request(*, agency: str | None = AMR, looked: set[UUID] | None = None, **given: str) -> Any:
    looking = SimpleNamespace(streams=looked or set(), break_glass=None)
    state = SimpleNamespace(agency=agency, looking=looking)
    return SimpleNamespace(state=state, path_params=given, method="GET")


@pytest.fixture
def book() -> Book:
    return Book()


async def test_each_case_that_was_told_of_has_a_row(book: Book) -> None:
    one, other = sorted((uuid4(), uuid4()))
    await book.note(looked={one, other})
    assert book.rows() == [(AMR, one, 200), (AMR, other, 200)]
    [row] = await access.accesses(book.database.pool, one, limit=5)
    assert (row.method, row.route, row.at) == ("GET", "/v1/cases/{case}", NOW)


async def test_whoever_asked_for_a_case_that_is_not_there_has_a_row_for_it(book: Book) -> None:
    stream = uuid4()
    await book.note(404, case=str(stream))
    assert book.rows() == [(AMR, stream, 404)]


async def test_a_refusal_of_an_event_is_written_for_the_people_of_its_case(book: Book) -> None:
    casework, streams = Casework(book.database.pool), sorted((uuid4(), uuid4()))
    for stream in streams:
        await casework(
            casework.world.event("referral.sent", AMR, stream=str(stream), id="one", to=(PSB,))
        )
    await book.note(404, agency="cn-330106-court", source=AMR, event_id="one")
    # One author said the same id in both.
    assert book.rows() == [("cn-330106-court", stream, 404) for stream in streams]
    await book.note(404, source=AMR, event_id="none")
    assert book.rows()[-1] == (AMR, None, 404)


@pytest.mark.parametrize("given", [{"agency": None}, {}, {"number": "7"}])
async def test_what_is_about_no_case_is_not_written(book: Book, given: dict[str, Any]) -> None:
    await book.note(**given)
    assert (book.rows(), book.asked) == ([], 0)


async def test_an_answer_that_failed_told_nothing(book: Book) -> None:
    await book.note(500, case=str(uuid4()))
    assert book.rows() == []


async def test_a_database_that_takes_no_row_fails_every_request_that_waits(book: Book) -> None:
    book.away = True
    asked = [book.note(case=str(uuid4())) for _ in range(3)]
    told = await asyncio.gather(*asked, return_exceptions=True)
    assert [type(one) for one in told] == [OSError] * 3
    book.away = False
    await book.note(case=str(uuid4()))
    assert len(book.rows()) == 1


async def test_requests_of_the_same_moment_are_written_together(book: Book) -> None:
    streams = [uuid4() for _ in range(20)]
    await asyncio.gather(*(book.note(case=str(one)) for one in streams))
    assert {stream for _, stream, _ in book.rows()} == set(streams)
    assert book.asked < 5


async def test_what_is_asked_for_is_written_within_bounds_and_without_nul(book: Book) -> None:
    await book.note(404, source="a\x00b", event_id="x" * 900)
    [row] = book.database.tables["own.access"]
    assert (row["source"], len(row["event_id"])) == ("ab", 500)
