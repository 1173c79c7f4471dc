"""A hundred thousand cases on a real PostgreSQL: no search reads a big table from end to end.

The cases are made by COPY: what matters here is how they are found, not how they came about.
"""

from __future__ import annotations

import random
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import orjson
import psutil
import pytest
import pytest_asyncio

from casebus.cases import FOLD_VERSION
from onebox.testing import Stack
from storage import overseeing, searching
from storage.overseeing import Watched
from storage.packing import pack_headers
from storage.pool import open_pool
from storage.searching import CaseFilter, Page, Sort, Viewing
from tests.integration.database import fresh_database

pytestmark = [pytest.mark.connected, pytest.mark.long, pytest.mark.timeout(600)]

CASES = 100_000
#: Milliseconds of the database's own time: a machine that does other things makes no query slower.
#: Of some tries the best: the first may find its pages on the disk.
MOST, TRIES = 300.0, 3
NOW = datetime(2026, 3, 5, tzinfo=UTC)
BIG = frozenset(
    {
        *("case_state", "title", "party", "clock", "finding", "number", "trait", "side_region"),
        *("journal", *(f"event_{part}" for part in range(8))),
    }
)
#: Has a part in everything, in a few cases, in as many as most.
EVERYWHERE, RARE, USUAL = "cn-330000-amr", "cn-330199-amr", "cn-330110-amr"
OPENERS = [f"cn-3301{at:02}-amr" for at in range(10, 90)]
STATES = ("sent", "filed", "decided", "investigating", "closed")
PROCEDURES = ("referral", "administrative_case", "mediation")
WORDS = ("涉嫌", "销售", "假冒", "注册", "商标", "专利", "商品", "茶叶", "电器", "服装", "酒", "案")
STATE_TITLES = ("已移送", "已立案", "已作出决定", "调查中", "已结案")
KINDS = ("gap", "no_standing", "data_quality", "omission")
SORTS: tuple[Sort, ...] = ("-changed", "changed", "-opened", "opened", "due")
SEARCHES: dict[str, CaseFilter] = {
    "all": CaseFilter(),
    "status": CaseFilter(status="filed"),
    "closed": CaseFilter(status="restricted"),
    "procedure": CaseFilter(procedure="mediation"),
    "agency": CaseFilter(agency=USUAL),
    "openers": CaseFilter(openers=tuple(OPENERS[:20])),
    "clock": CaseFilter(clock="T08", clock_state="running"),
    "overdue": CaseFilter(clock_state="overdue"),
    "breached": CaseFilter(clock_state="breached"),
    "done too late": CaseFilter(clock_state="late"),
    "owes": CaseFilter(owes=USUAL, clock="T08", clock_state="overdue"),
    "due within": CaseFilter(due_before=NOW + timedelta(days=3)),
    "finding": CaseFilter(finding="gap"),
    "rare finding": CaseFilter(finding="omission"),
    "opened": CaseFilter(opened_from=NOW - timedelta(days=30), opened_before=NOW),
    "changed": CaseFilter(changed_from=NOW - timedelta(days=1)),
    "due to": CaseFilter(due_before=NOW + timedelta(days=30)),
    "offence": CaseFilter(offence="214"),
    "rare offence": CaseFilter(offence="219"),
    "event": CaseFilter(event=f"{4242:032x}"),
    "trace": CaseFilter(trace=f"{4242:032x}".encode()),
    "organisation": CaseFilter(organisation="91330100000000042X"),
    "number": CaseFilter(number="NO-4242"),
    "a word": CaseFilter(title="茶叶"),
    "a character": CaseFilter(title="酒"),
    "words": CaseFilter(title="茶叶 专利"),
    "a long word": CaseFilter(title="涉嫌销售"),
    "no such word": CaseFilter(title="龙井"),
    "a state's word": CaseFilter(title="已立案"),
    "several": CaseFilter(status="filed", clock_state="overdue", title="商标", agency=USUAL),
}


class Made:
    """The rows of so many cases."""

    def __init__(self, count: int) -> None:
        self._random = random.Random(20260305)
        self.rows: dict[str, list[tuple[Any, ...]]] = {name: [] for name in (*_COLUMNS,)}
        for at in range(count):
            self._case(at, UUID(int=self._random.getrandbits(128)))

    def _case(self, at: int, stream: UUID) -> None:
        one = self._random
        opener = RARE if at % 20_000 == 7 else one.choice(OPENERS)
        other = one.choice(OPENERS)
        opened = NOW - timedelta(minutes=one.randrange(60 * 24 * 700))
        changed = opened + (NOW - opened) * one.random()
        procedure, status = one.choice(PROCEDURES), one.choice(STATES)
        view = {
            "title": STATE_TITLES[STATES.index(status)],
            "title_en": "",
            "secrecy": ["MINOR"] if at % 20 == 3 else [],
            "team": sorted({opener, other}),
            "regions": [{"procedure": procedure, "status": status}],
            "numbers": [{"kind": "letter_no", "value": f"NO-{at}"}],
            # As long as that of a case with thirty events.
            "order": [{"source": opener, "id": f"{one.getrandbits(128):032x}"} for _ in range(30)],
        }
        if at % 10 == 5:
            view["assessments"] = [{"offence": "219" if at % 1000 == 5 else "214"}]
        self._event(at, stream, opener, other)
        law, digest = "0" * 64, f"{one.getrandbits(256):064x}"
        self.rows["case_state"].append(
            (stream, procedure, status, opener, 1, digest, law, opened, changed, view, FOLD_VERSION)
        )
        self.rows["title"].append((stream, 0, None, [], view["title"]))
        for place in range(1, 2 + (at % 7 == 0)):
            title = "".join(one.choices(WORDS, k=8))
            self.rows["title"].append((stream, place, opener, [other], title))
        self.rows["party"] += [(stream, name) for name in {opener, other, EVERYWHERE}]
        self.rows["number"].append((f"NO-{at}", "letter_no", stream, opener))
        self.rows["trait"].append(("codes", f"913301000{one.randrange(50_000):08}X", stream))
        if at % 10 == 0:
            self.rows["side_region"].append((stream, "referral", one.choice(STATES), {}))
        if at % 3 == 0:
            kind = KINDS[3] if at % 300 == 0 else one.choice(KINDS[:3])
            self.rows["finding"].append((stream, "k", kind, {"kind": kind}))
        self._clocks(stream, opened, (opener, other))

    def _event(self, at: int, stream: UUID, opener: str, other: str) -> None:
        name, leaf = f"{at:032x}", b"0" * 32
        headers = pack_headers(
            [
                ("ce_id", name.encode()),
                ("ce_source", opener.encode()),
                ("traceparent", f"00-{name}-00f067aa0ba902b7-01".encode()),
            ]
        )
        place = (1, at % 4, at)
        self.rows["journal"].append(
            (*place, stream, opener, name, leaf, leaf, b"0" * 300, headers, NOW)
        )
        self.rows["event"].append(
            (
                *(stream, opener, name, "casebus.referral.sent.v1", opener, "administrative"),
                *([other], NOW, NOW, None, leaf, *place),
            )
        )

    def _clocks(self, stream: UUID, opened: datetime, actors: tuple[str, str]) -> None:
        one = self._random
        for name, actor in zip(("T08", "T18"), actors, strict=True):
            runs = one.random() < 0.3
            due = opened + timedelta(days=one.randrange(700))
            breach = {"source": "bus", "id": "x"} if one.random() < 0.02 else None
            state = "running" if runs else one.choice(("met", "met_late", "cancelled"))
            self.rows["clock"].append(
                (
                    stream,
                    name,
                    name,
                    state,
                    False,
                    due,
                    due,
                    "referral",
                    0,
                    "",
                    {"breach": breach, "actor": actor},
                )
            )


_COLUMNS: dict[str, tuple[str, ...]] = {
    "journal": (
        *("epoch", "partition", "log_index", "stream", "source", "event_id", "event_leaf"),
        *("log_leaf", "value", "headers", "appended_at"),
    ),
    "event": (
        *("stream", "source", "id", "type", "author", "sector", "recipients", "legal_at"),
        *("recorded_at", "sequence", "event_leaf", "epoch", "partition", "log_index"),
    ),
    "case_state": (
        *("stream", "procedure", "status", "opener", "version", "digest", "law"),
        *("opened_at", "updated_at", "view", "fold_version"),
    ),
    "title": ("stream", "place", "agency", "recipients", "title"),
    "party": ("stream", "agency"),
    "number": ("value", "kind", "stream", "agency"),
    "trait": ("kind", "value", "stream"),
    "side_region": ("stream", "procedure", "status", "view"),
    "finding": ("stream", "key", "kind", "view"),
    "clock": (
        *("stream", "key", "clock", "status", "historic", "due", "breach_after"),
        *("procedure", "extended", "cause", "view"),
    ),
}


class Explaining:
    """A pool whose queries are explained before they are asked, and timed."""

    def __init__(self, pool: Any) -> None:
        self._pool = pool
        self.scanned: set[str] = set()
        self.best = float("inf")
        self.plan: Any = None

    @asynccontextmanager
    async def acquire(self, **options: Any) -> AsyncIterator[Explaining]:
        async with self._pool.acquire(**options) as self._connection:
            yield self

    def transaction(self, **options: Any) -> Any:
        return self._connection.transaction(**options)

    async def execute(self, query: str) -> None:
        await self._connection.execute(query)

    async def fetch(self, query: str, *values: Any, **waiting: float) -> list[Any]:
        explained = await self._connection.fetchval(f"explain (format json) {query}", *values)
        [self.plan] = orjson.loads(explained)
        self.scanned = {
            node["Relation Name"]
            for node in _nodes(self.plan["Plan"])
            if node["Node Type"] == "Seq Scan"
        }
        rows: list[Any] = []
        backend = psutil.Process(self._connection.get_server_pid())
        for _ in range(TRIES):
            begun = backend.cpu_times()
            rows = await self._connection.fetch(query, *values, timeout=10 * waiting["timeout"])
            ended = backend.cpu_times()
            spent = ended.user - begun.user + ended.system - begun.system
            self.best = min(self.best, spent * 1000)
            if self.best <= MOST:
                break
        return rows


def _nodes(plan: dict[str, Any]) -> Iterator[dict[str, Any]]:
    yield plan
    for inner in plan.get("Plans", ()):
        yield from _nodes(inner)


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def pool(brokers: Stack) -> AsyncIterator[Any]:
    async with fresh_database(brokers) as url:
        pool = await open_pool(url, application="test", most=2)
        made = Made(CASES)
        for table, columns in _COLUMNS.items():
            async with pool.acquire() as connection:
                await connection.copy_records_to_table(
                    table, schema_name="derived", columns=columns, records=made.rows[table]
                )
        for table in _COLUMNS:
            await pool.execute(f"vacuum analyze derived.{table}")
        yield pool
        await pool.close()


def _asked() -> Iterator[tuple[str, Viewing, CaseFilter, Sort]]:
    for viewer in (EVERYWHERE, USUAL, RARE, None):
        viewing = Viewing(viewer, figures=viewer != USUAL, now=NOW)
        for name, wanted in SEARCHES.items():
            yield f"{viewer} {name}", viewing, wanted, "-changed"
        for sort in SORTS:
            yield f"{viewer} by {sort}", viewing, CaseFilter(status="filed"), sort


@pytest.mark.asyncio(loop_scope="module")
async def test_each_search_is_answered_by_indexes_and_quickly(pool: Any) -> None:
    slow: list[str] = []
    found = 0
    for name, viewing, wanted, sort in _asked():
        middle = (NOW - timedelta(days=60), UUID(int=2**127))
        for after in (None, middle):
            asked = Explaining(pool)
            rows = await searching.page(asked, viewing, wanted, Page(sort, after, 51))
            found += len(rows)
            slow += _faults(f"{name} {'on' if after else ''}", asked)
        for by in ("all", "status", "agency", "month"):
            asked = Explaining(pool)
            await searching.counts(asked, viewing, wanted, by)
            slow += _faults(f"{name} counted by {by}", asked)
    assert slow == []
    assert found > 1000


@pytest.mark.asyncio(loop_scope="module")
async def test_what_is_due_next_in_a_whole_page_is_read_by_its_cases_alone(pool: Any) -> None:
    viewing = Viewing(EVERYWHERE, figures=True, now=NOW)
    rows = await searching.page(pool, viewing, CaseFilter(), Page("-changed", None, 500))
    asked = Explaining(pool)
    async with asked.acquire():
        dues = await searching.next_dues(asked, [one["stream"] for one in rows])
    assert 100 < len(dues) < len(rows) == 500
    assert list(_faults("dues", asked)) == []


@pytest.mark.asyncio(loop_scope="module")
async def test_what_is_owed_is_counted_by_indexes_and_quickly(pool: Any) -> None:
    """And what is counted is what the search then lists."""
    slow: list[str] = []
    for viewer in (EVERYWHERE, USUAL, RARE):
        asked = Explaining(pool)
        watched = Watched(viewer, figures=True)
        rows = await overseeing.owed(asked, watched, NOW, NOW + timedelta(days=3))
        faults = _faults(f"{viewer} owed", asked)
        # Whoever has a part in every case reads them all; nobody else does, and nobody is slow.
        slow += [one for one in faults if viewer != EVERYWHERE or "reads all" not in one]
        viewing = Viewing(viewer, figures=True, now=NOW)
        assert rows[-1]["overdue"]
        for row in (rows[0], rows[-2]):
            wanted = CaseFilter(owes=row["agency"], clock=row["clock"], clock_state="overdue")
            found = await searching.counts(pool, viewing, wanted, "all")
            assert sum(one["count"] for one in found) == row["overdue"]
        for ask in (
            overseeing.omissions(asked, watched, None, 51),
            overseeing.unanswered(asked, watched, ["reply"], None, 51),
        ):
            await ask
            slow += _faults(f"{viewer} listed", asked)
    assert slow == []


def _faults(name: str, asked: Explaining) -> Iterator[str]:
    if big := asked.scanned & BIG:
        yield f"{name}: reads all of {' '.join(sorted(big))}"
    if asked.best > MOST:
        yield f"{name}: {asked.best:.0f} ms"


@pytest.mark.asyncio(loop_scope="module")
async def test_pages_and_counts_agree_where_there_are_many(pool: Any) -> None:
    """However the planner gets there."""
    for viewer, word in ((USUAL, "茶叶"), (None, "已立")):
        viewing = Viewing(viewer, figures=True, now=NOW)
        for wanted in (CaseFilter(status="filed", title=word), CaseFilter(clock_state="breached")):
            [row] = await searching.counts(pool, viewing, wanted, "all")
            seen: list[Any] = []
            after = None
            while True:
                page = await searching.page(pool, viewing, wanted, Page("opened", after, 500))
                seen += page
                if len(page) < 500:
                    break
                after = (page[-1]["place"], page[-1]["stream"])
            assert len({one["stream"] for one in seen}) == len(seen) == row["count"]
            assert [one["place"] for one in seen] == sorted(one["place"] for one in seen)
