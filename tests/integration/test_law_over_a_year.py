"""Over a year of a province: what-if, the preview of an adoption and its result are one answer."""

from __future__ import annotations

import datetime as dt
from collections.abc import AsyncIterator
from dataclasses import replace
from typing import Any

import pytest

from casebus.cases import FOLD_VERSION, CaseEvent
from casebus.errors import CasebusError
from casebus.events.doors import BUS
from casebus.events.envelope import Record
from casebus.law import Law, loader
from casebus.trust.directory import Agency
from casebus.trust.keys import SigningKey
from onebox.testing import Stack
from operations.adoption.previewing import Preview, preview
from operations.adoption.trying import TrialAnswer, TrialPeriod, try_law
from rehearsal.year.lines import YearLine
from rehearsal.year.mistakes import Spoiler
from rehearsal.year.world import YearOrder, YearWorld
from rehearsal.year.year import case_lines
from services.scheduler.clocks import ClockTeller
from services.scheduler.fakes import HeldBarrier
from services.scheduler.statements import StatementSigner
from storage.packing import unpack_headers
from tests.case_events import LAW, ROOT
from tests.integration.casework import Casework, casework_on
from tests.world import AGENCIES, SCHEMAS

pytestmark = [pytest.mark.long, pytest.mark.connected, pytest.mark.timeout(480)]

CASES = 240
#: After the year, when most of what was left undone has fallen due.
AFTER = dt.datetime.fromisoformat("2027-01-12T02:00:00+08:00")
YEAR = (dt.date(2026, 1, 1), dt.date(2026, 12, 31))
#: Law file -> what stands there, and what it becomes.
CHANGES = {
    # The notice of 2027 is out: dates that were provisional are certain, some are other ones.
    "holidays.yaml": (
        b"",
        b"  2027:\n    free: [2027-01-01, 2027-01-04]\n    worked: [2027-01-09]\n",
    ),
    # The police have five working days to sign, not three: breaches end, or are told anew.
    "clocks/referral.yaml": (
        b"acknowledgement}\n    actor: police\n    amount: 3\n",
        b"acknowledgement}\n    actor: police\n    amount: 5\n",
    ),
    # An administrative case is to be closed in 30 days, not in 90: some are over only now.
    "clocks/administrative.yaml": (b"    amount: 90\n", b"    amount: 30\n"),
}


def changed_law() -> Law:
    files = loader.read(ROOT / "policies/law")
    for name, (old, new) in CHANGES.items():
        assert old in files[name]
        files[name] = files[name].replace(old, new, 1) if old else files[name] + new
    return Law(files)


CHANGED = changed_law()


class Province:
    """Offices with keys, whose year happens line by line, and a bus that speaks."""

    def __init__(self, casework: Casework) -> None:
        self.casework = casework
        self.year = YearWorld.make(YearOrder(CASES, 7, 2026, ROOT / "schemas", ROOT / "policies"))
        for office in self.year.offices:
            if office.id not in AGENCIES:
                self._register(office)

    def _register(self, one: Agency) -> None:
        world = self.casework.world
        told = {name: getattr(one, name) for name in Agency.__slots__ if name != "id"}
        told = {**told, "superior": one.superior or "", "agency": one.id}
        world.keys[one.id] = SigningKey.generate()
        world.say("directory.agency_registered", **told)
        world.add_key(one.id, world.keys[one.id])

    async def happens(self) -> None:
        """Each case as its lines arrive; what admission refuses comes to nothing."""
        spoiler = Spoiler(self.year)
        for number in range(CASES):
            lines = sorted(case_lines(self.year, spoiler, number), key=lambda one: one.arrives)
            first = len(self.casework.log)
            for line in lines:
                self._arrives(line)
            await self.casework.record(self.casework.log[first:])

    def _arrives(self, line: YearLine) -> None:
        casework, at = self.casework, dt.datetime.fromisoformat(line.arrives)
        casework.at = at
        try:
            record = casework.journaled(self._signed(line))
        except CasebusError:
            return
        casework.log.append(replace(record, timestamp=round(at.timestamp() * 1000)))

    def _signed(self, line: YearLine) -> Record:
        return self.casework.world.event(
            line.type,
            line.source,
            id=line.id,
            stream=line.case,
            to=line.to,
            legal=line.legal_time,
            causationid=line.causation,
            time=dt.datetime.fromisoformat(line.at),
            data=line.data,
        )

    async def speaks(self) -> int:
        """What fell due is told, and what the bus says is journaled, until it has said all."""
        casework, said = self.casework, 0
        while True:
            await self._clocks().tell_due()
            rows = await casework.rows(
                "update own.outbox set sent_at = now() where sent_at is null"
                " returning id, aggregateid, value, headers"
            )
            if not rows:
                return said
            said += len(rows)
            for row in sorted(rows, key=lambda one: one["id"]):
                headers = unpack_headers(row["headers"])
                await casework(Record(str(row["aggregateid"]).encode(), row["value"], headers))

    def _clocks(self) -> ClockTeller:
        async def one() -> int:
            return 1

        world = self.casework.world
        return ClockTeller(
            pool=self.casework.pool,
            barrier=HeldBarrier(),
            signer=StatementSigner(world.keys[BUS], SCHEMAS, lambda: AFTER),
            directory=world.directory,
            now=lambda: AFTER,
            partitions=one,
        )

    async def adopts(self, law: Law) -> None:
        casework = self.casework
        said = {"digest": law.digest}
        await casework(casework.world.event("law.adopted", BUS, stream=BUS_STREAM, data=said))
        while await casework.renew():
            pass


BUS_STREAM = "0193e3a0-0000-7000-8000-00000000b005"


@pytest.fixture
async def province(brokers: Stack) -> AsyncIterator[Province]:
    async with casework_on(brokers) as casework:
        casework.now = casework.at = AFTER
        province = Province(casework)
        await casework.keep_law(LAW)
        await casework.keep_law(CHANGED)
        await province.happens()
        casework.at = AFTER
        await province.speaks()
        await casework.pool.execute("update derived.journal_position set law = $1", LAW.digest)
        yield province


#: Part of a case -> what each row of it is, in the words of what-if; written again by hand.
SHOWN = {
    "clock": """
        select stream::text, format('%s of %s', clock, view->'trigger'->>'id') as what,
               format('%s %s', coalesce(view->>'due', 'at once'),
                      case status when 'met_late' then 'met' else status end) as word
        from derived.clock""",
    "status": """
        select c.stream::text, coalesce(r->>'procedure', '') as what,
               coalesce(r->>'status', c.status) as word
        from derived.case_state c
        left join lateral jsonb_array_elements(c.view->'regions') as r on true""",
    "finding": """
        select stream::text, format('%s of %s', kind, view->'event'->>'id') as what,
               string_agg(view->>'severity', ' ') as word
        from derived.finding group by 1, 2""",
}
Moved = set[tuple[str, str, str, str]]


async def shown(casework: Casework) -> dict[str, dict[tuple[str, str], str]]:
    """What the rows of each case show of its clocks, states and findings."""
    found: dict[str, dict[tuple[str, str], str]] = {}
    for kind, query in SHOWN.items():
        for row in await casework.rows(query):
            found.setdefault(row["stream"], {})[kind, row["what"]] = row["word"]
    return found


def moved(before: dict[tuple[str, str], str], after: dict[tuple[str, str], str]) -> Moved:
    names = {*before, *after}
    rows = {(*name, before.get(name, ""), after.get(name, "")) for name in names}
    return {row for row in rows if row[2] != row[3]}


async def answers(casework: Casework) -> tuple[TrialAnswer, Preview]:
    """What-if and the preview, of the same recorded positions."""
    async with casework.pool.acquire() as connection:
        tried = await try_law(connection, TrialPeriod(*YEAR, CHANGED), SCHEMAS, AFTER)
        return tried, await preview(connection, CHANGED, SCHEMAS, AFTER)


def said_by(ahead: Preview) -> dict[str, Any]:
    """Case -> what `case.reinterpreted` is to say of it, whole, and to whom."""
    events = {case: made.event for case, made in ahead.changed.items()}
    return {case: (_written(one), sorted(one.to)) for case, one in events.items() if one}


def _written(event: CaseEvent) -> dict[str, Any]:
    """Its body as the journal would hold it: fields that nobody filled have their defaults."""
    return SCHEMAS.decode(SCHEMAS.encode(event.type, event.data))[1]


async def done_by(casework: Casework) -> dict[str, Any]:
    """The same of what was said."""
    found: dict[str, Any] = {}
    for row in await casework.rows(
        "select aggregateid::text as case, value, headers from own.outbox"
        " where type = 'casebus.case.reinterpreted.v1'"
    ):
        assert row["case"] not in found
        to = dict(unpack_headers(row["headers"])).get("ce_to", b"").decode()
        found[row["case"]] = (SCHEMAS.decode(row["value"])[1], sorted(to.split()))
    return found


def foretold(tried: TrialAnswer) -> dict[str, Moved]:
    """Case -> what is to differ of what `shown` shows."""
    return {
        case: {(one.kind, one.what, one.before, one.after) for one in found if one.kind in SHOWN}
        for case, found in tried.differences.items()
    }


async def older(casework: Casework) -> None:
    """Some cases were derived by a fold before this one, which counted some periods otherwise."""
    some = "get_byte(uuid_send(stream), 15) < 64"
    await casework.pool.execute(
        f"update derived.case_state set fold_version = $1 where {some}",
        FOLD_VERSION - 1,
    )
    day_before = "due - interval '1 day'"
    written = f"to_char(({day_before}) at time zone 'Asia/Shanghai', 'YYYY-MM-DD\"T\"HH24:MI:SS')"
    await casework.pool.execute(
        f"update derived.clock set due = {day_before},"
        f" view = jsonb_set(view, '{{due}}', to_jsonb({written} || '+08:00'))"
        f" where {some} and clock = 'T08' and due is not null"
    )
    casework.restart()


async def accused(casework: Casework) -> list[tuple[str, str]]:
    """(case, clock) of every breach and lapse that was told, once a telling."""
    rows = await casework.rows(
        "select aggregateid::text as case, value from own.outbox"
        " where type in ('casebus.clock.breached.v1', 'casebus.clock.lapsed.v1')"
    )
    return [(row["case"], SCHEMAS.decode(row["value"])[1]["clock_key"]) for row in rows]


async def test_what_if_the_preview_and_the_result_agree_case_by_case(province: Province) -> None:
    casework = province.casework
    await older(casework)
    tried, ahead = await answers(casework)
    # It is no comparison of nothing: periods end, appear and are taken back, agencies are told.
    said = said_by(ahead)
    assert tried.cases == ahead.cases > CASES * 0.9
    assert 20 < len(said) < ahead.cases
    words = {word.partition("=")[0] for made in ahead.changed.values() for word in made.changes}
    assert {"withdrawn", "history"} <= words
    assert any(to for _, to in said.values())
    assert {one["fold_before"] for one, _ in said.values()} == {FOLD_VERSION - 1, FOLD_VERSION}
    assert "clock" in tried.counts

    before, told_before = await shown(casework), await accused(casework)
    assert len(told_before) > 20
    await province.adopts(CHANGED)
    # The same cases, and of each the same: states, what is history, what is hushed, who is told.
    assert said_by(tried.ahead) == said == await done_by(casework)
    assert tried.ahead.suspended == ahead.suspended == await suspended(casework)
    for found in (tried.ahead, ahead):
        assert {case: made.case.digest() for case, made in found.changed.items()} == {
            case: digest for case, digest in (await digests(casework)).items() if case in said
        }
    after, ahead_of = await shown(casework), foretold(tried)
    for case in {*before, *after}:
        assert moved(before.get(case, {}), after.get(case, {})) == ahead_of.get(case, set()), case
    laws = await casework.rows("select distinct law, fold_version from derived.case_state")
    assert [tuple(row) for row in laws] == [(CHANGED.digest, FOLD_VERSION)]

    # What is told after that is told anew with another date, of those who were late before.
    await province.speaks()
    told_after = await accused(casework)
    assert set(told_after) == set(told_before)
    tried, ahead = await answers(casework)
    assert (tried.ahead.changed, ahead.changed, ahead.cases) == ({}, {}, 0)


async def suspended(casework: Casework) -> list[str]:
    query = "select stream::text from derived.case_state where suspended is not null order by 1"
    return [row["stream"] for row in await casework.rows(query)]


async def digests(casework: Casework) -> dict[str, str]:
    rows = await casework.rows("select stream::text, digest from derived.case_state")
    return {row["stream"]: row["digest"] for row in rows}
