"""Figures from the journal, on real tables: what counts, when, and for whom."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import pytest

from casebus.cases.facts import Fact
from casebus.errors import CasebusError
from casebus.events.doors import BUS
from casebus.statistics.tables import to_csv, to_xlsx
from gateway.figures.answers import answer
from gateway.figures.query import FigureQuery
from gateway.figures.rules import Rules
from onebox.testing import Stack
from storage import facts
from storage.facts import AgencyHome, FactRow
from tests.integration.casework import Casework, casework_on
from tests.world import NOW

pytestmark = [pytest.mark.connected, pytest.mark.timeout(240)]

AMR, PSB, PRO = "cn-330106-amr", "cn-330106-psb", "cn-330106-pro"
ELSEWHERE = "cn-440106-psb"
RULES = Rules.load(Path(__file__).parents[2] / "policies")
LATE = datetime(2026, 12, 31, tzinfo=UTC)
HOMES = {
    AMR: ("330106", "administrative"),
    PSB: ("330106", "police"),
    PRO: ("330106", "procuratorate"),
    ELSEWHERE: ("440106", "police"),
    "cn-330100-plat-a": ("330100", "platform"),
}


@pytest.fixture
async def casework(brokers: Stack) -> AsyncIterator[Casework]:
    async with casework_on(brokers) as casework:
        async with casework.pool.acquire() as connection:
            await facts.add_homes(
                connection,
                [
                    AgencyHome(
                        name, division, "county", sector, name, NOW - timedelta(days=9), "r", name
                    )
                    for name, (division, sector) in HOMES.items()
                ],
            )
        yield casework


def asked(*indicators: str, by: str = "", **changes: Any) -> FigureQuery:
    plain = FigureQuery(indicators, tuple(by.split(",")) if by else (), LATE, None, None, False, "")
    return replace(plain, **changes)


async def figures(casework: Casework, one: FigureQuery, agency: str = AMR) -> list[dict[str, Any]]:
    found = await answer(casework.pool, agency, RULES, one)
    return list(found["indicators"][0]["rows"])


def fact(
    kind: str, stream: UUID, on: str, author: str = AMR, to: tuple[str, ...] = (), **given: Any
) -> FactRow:
    said = given.pop("said", {})
    recorded = given.pop("recorded_at", NOW)
    plain = Fact(
        source=author,
        id=str(uuid4()),
        revision=0,
        type=kind,
        author=author,
        sector=HOMES[author][1] if author in HOMES else "bus",
        legal_on=date.fromisoformat(on),
        recorded_at=recorded,
        offence="",
        rights=[],
        secrecy="",
        about_source="",
        about_id="",
        said=said,
    )
    return FactRow(stream, replace(plain, **given), list(to), False)


async def add(casework: Casework, *rows: FactRow) -> None:
    async with casework.pool.acquire() as connection:
        await facts.add(connection, rows)


async def test_an_event_counts_with_what_its_body_says_and_a_rebuild_finds_the_same(
    casework: Casework,
) -> None:
    world, stream = casework.world, str(uuid4())
    data = {
        "offence": "214",
        "rights": [{"kind": "TRADEMARK"}],
        "goods_value": {"fen": 16_800_000},
    }
    sent = world.event(
        "referral.sent", AMR, stream=stream, to=(PSB,), legal="2026-03-02", data=data
    )
    named = dict(sent.headers)["ce_id"].decode()
    fix = world.event(
        "case.corrected",
        AMR,
        stream=stream,
        legal="2026-03-04",
        data={
            "corrected_source": AMR,
            "corrected_id": named,
            "changes": {"offence": '"213"', "$legaltime": '"2026-02-27"'},
            "reasons": "笔误",
        },
    )
    await casework(sent)
    await casework(fix)
    rows = "select * from derived.fact order by stream, source, id, revision"
    before = [tuple(row) for row in await casework.rows(rows)]
    assert [
        row["said"].get("goods_value")
        for row in await casework.rows(rows)
        if row["type"] == "referral.sent"
    ] == [16_800_000] * 2
    await casework.rebuild(at_once=True)
    assert [tuple(row) for row in await casework.rows(rows)] == before
    [shown, total] = await figures(casework, asked("transfers_sent", by="month,offence,right"))
    assert shown == {
        "month": "2026-02",
        "offence": "213",
        "right": "TRADEMARK",
        "count": 1,
        "value": 1,
        "suppressed": False,
    }
    assert total["value"] == 1


async def test_what_was_recorded_later_does_not_count_for_a_past_moment(
    casework: Casework,
) -> None:
    stream, later = uuid4(), NOW + timedelta(days=3)
    await add(
        casework,
        fact("referral.sent", stream, "2026-03-02", to=(PSB,)),
        # Back-dated: its legal day lies before, its record after.
        fact("referral.filed", stream, "2026-03-03", PSB, recorded_at=later),
    )
    before = asked("transfers_filed", as_of=later - timedelta(seconds=1))
    assert [row["value"] for row in await figures(casework, before)] == [0.0]
    assert [row["value"] for row in await figures(casework, asked("transfers_filed"))] == [1.0]


async def test_the_period_is_of_legal_time(casework: Casework) -> None:
    for day in ("2026-02-28", "2026-03-01", "2026-03-31", "2026-04-01"):
        await add(casework, fact("referral.sent", uuid4(), day))
    march = asked("transfers_sent", since=date(2026, 3, 1), until=date(2026, 3, 31))
    assert (await figures(casework, march))[-1]["value"] == 2


async def test_own_figures_are_of_what_the_agency_sent_or_was_sent(casework: Casework) -> None:
    await add(
        casework,
        fact("referral.sent", uuid4(), "2026-03-02", to=(PSB, PRO)),
        fact("referral.sent", uuid4(), "2026-03-02", to=(ELSEWHERE,)),
    )
    for agency, count in ((AMR, 2), (PSB, 1), (PRO, 1), (ELSEWHERE, 1), ("cn-330109-amr", 0)):
        assert (await figures(casework, asked("transfers_sent"), agency))[-1]["value"] == count


async def test_of_a_case_each_agency_counts_the_first_event_that_it_sent_or_was_sent(
    casework: Casework,
) -> None:
    stream = uuid4()
    first = fact("referral.sent", stream, "2026-02-27", to=(ELSEWHERE,))
    second = fact("referral.sent", stream, "2026-03-02", to=(PSB,))
    await add(casework, first, second)
    months = {AMR: ["2026-02"], ELSEWHERE: ["2026-02"], PSB: ["2026-03"], PRO: []}
    for agency, expected in months.items():
        rows = await figures(casework, asked("transfers_sent", by="month"), agency)
        assert [row["month"] for row in rows if "month" in row] == expected, agency
    # A correction moves the day, and takes nobody's case away.
    fixed = replace(second.fact, revision=1, legal_on=date(2026, 4, 1))
    await add(casework, replace(second, fact=fixed))
    for agency, expected in ((PSB, ["2026-04"]), (PRO, [])):
        rows = await figures(casework, asked("transfers_sent", by="month"), agency)
        assert [row["month"] for row in rows if "month" in row] == expected, agency


async def test_an_act_without_standing_counts_until_the_finding_is_withdrawn(
    casework: Casework,
) -> None:
    stream = uuid4()
    sent = fact("referral.sent", stream, "2026-03-02")
    found = fact(
        "finding.raised", stream, "2026-03-02", "bus", about_source=AMR, about_id=sent.fact.id
    )
    await add(casework, sent, found)
    assert (await figures(casework, asked("transfers_sent")))[-1]["value"] == 0
    later = NOW + timedelta(days=1)
    gone = replace(found.fact, id="gone", type="finding.withdrawn", recorded_at=later)
    await add(casework, replace(found, fact=gone))
    assert (await figures(casework, asked("transfers_sent")))[-1]["value"] == 1
    assert (await figures(casework, asked("transfers_sent", as_of=NOW)))[-1]["value"] == 0


async def test_medians_stocks_sums_and_recipients_elsewhere(casework: Casework) -> None:
    one, two = uuid4(), uuid4()
    await add(
        casework,
        fact("referral.sent", one, "2026-03-02", to=(PSB,)),
        fact("referral.filed", one, "2026-03-05", PSB),
        fact("referral.sent", two, "2026-03-02", to=(ELSEWHERE,)),
        fact("referral.filed", two, "2026-03-09", ELSEWHERE),
        fact("goods.seized", one, "2026-02-01"),
        fact("goods.released", one, "2026-03-20"),
        fact("goods.seized", two, "2026-02-01"),
        fact("penalty.decided", one, "2026-03-02", said={"fine": 500_000}),
        fact("penalty.decided", two, "2026-03-02", said={"fine": 250_000}),
    )
    values = {
        name: (await figures(casework, asked(name)))[-1]["value"]
        for name in ("days_to_filing", "fines", "transfers_across_provinces")
    }
    assert values == {"days_to_filing": 5.0, "fines": 750_000, "transfers_across_provinces": 0.5}
    for day, held in ((date(2026, 1, 31), 0), (date(2026, 3, 19), 2), (date(2026, 3, 20), 1)):
        assert (await figures(casework, asked("goods_in_custody", until=day)))[-1]["value"] == held


async def test_a_shared_view_leaves_small_cells_out_and_restricted_cases_unplaced(
    casework: Casework,
) -> None:
    rows = [fact("referral.sent", uuid4(), "2026-03-02", offence="214") for _ in range(9)]
    rows += [fact("referral.sent", uuid4(), "2026-03-02", offence="215") for _ in range(2)]
    rows += [fact("referral.sent", uuid4(), "2026-03-02", offence="217") for _ in range(8)]
    secret = [fact("referral.sent", uuid4(), "2026-03-02", offence="219") for _ in range(20)]
    await add(casework, *rows, *secret)
    shared = asked("transfers_sent", by="offence", shared=True)
    found = {row.get("offence", "total"): row["value"] for row in await figures(casework, shared)}
    assert found["total"] == 39
    assert found["215"] is None
    assert found["*"] == 20
    assert "219" not in found
    # Who has the total and the others would have the small one.
    assert sum(value is None for value in found.values()) >= 2
    own = {
        row.get("offence"): row["value"]
        for row in await figures(casework, asked("transfers_sent", by="offence"))
    }
    assert own["215"] == 2


async def test_a_sector_without_a_legal_basis_has_no_shared_figures(casework: Casework) -> None:
    with pytest.raises(CasebusError) as refused:
        await figures(casework, asked("transfers_sent", shared=True), "cn-330100-plat-a")
    assert refused.value.code == "not_shared"
    halves = asked("transfers_sent", shared=True, until=date(2026, 3, 15))
    with pytest.raises(CasebusError) as refused:
        await figures(casework, halves)
    assert refused.value.code == "invalid_parameter"


async def test_steps_are_timed_by_the_laws_clocks(casework: Casework) -> None:
    stream = uuid4()
    accepted = fact("referral.accepted", stream, "2026-03-04", PSB)
    said = {"clock": "T08", "trigger": f"{PSB} {accepted.fact.id}"}
    await add(
        casework,
        fact("referral.sent", stream, "2026-03-02", to=(PSB,)),
        accepted,
        fact("referral.filed", stream, "2026-03-10", PSB),
        fact("clock.breached", stream, "2026-03-07", "bus", said=said),
    )
    rows = await figures(casework, asked("steps"), PSB)
    timed = {row["value_of"]: row for row in rows}
    assert timed["T08"]["value"] == 6
    assert timed["T08"]["overdue"] == 1
    assert timed["T08"]["citation"]


async def test_every_indicator_computes_and_tables_carry_it(casework: Casework) -> None:
    await add(casework, fact("referral.sent", uuid4(), "2026-03-02", to=(PSB,)))
    for shared in (False, True):
        found = await answer(casework.pool, AMR, RULES, asked(by="month,city", shared=shared))
        assert {one["id"] for one in found["indicators"]} == set(RULES.indicators.by_id)
        assert to_csv(found).startswith("\ufeffindicator,")
        assert to_xlsx(found).startswith(b"PK")


async def test_a_letter_that_nobody_signs_for_is_overdue_and_unsigned(casework: Casework) -> None:
    unsigned, signed = uuid4(), uuid4()
    sent = fact("referral.sent", unsigned, "2026-03-02", to=(PSB,))
    said = {"clock": "T04", "trigger": f"{AMR} {sent.fact.id}"}
    await add(
        casework,
        sent,
        fact("clock.breached", unsigned, "2026-03-07", "bus", said=said),
        fact("referral.sent", signed, "2026-03-02", to=(PSB,)),
        fact("referral.receipted", signed, "2026-03-03", PSB),
    )
    timed = {row["value_of"]: row for row in await figures(casework, asked("steps"))}
    assert (timed["T04"]["count"], timed["T04"]["met"], timed["T04"]["overdue"]) == (2, 1, 1)
    [total] = await figures(casework, asked("transfers_unsigned"))
    assert total["value"] == 1


async def test_an_omission_counts_at_its_agency_s_seat_and_stands_until_it_is_taken_back(
    casework: Casework,
) -> None:
    world, stream = casework.world, str(uuid4())
    decided = world.event("penalty.decided", AMR, stream=stream, legal="2026-03-02")
    await casework(decided)
    about = {"event_source": AMR, "event_id": dict(decided.headers)["ce_id"].decode()}
    data = {"key": "k", "kind": "omission", **about}
    raised = world.event(
        "finding.raised", BUS, stream=stream, to=(AMR,), legal="2026-03-20", data=data
    )
    await casework(raised)
    assert (await figures(casework, asked("omissions"), PRO))[-1]["value"] == 0
    # The procuratorate is told later than the agency, of the same case.
    told = world.event(
        "finding.raised",
        BUS,
        stream=stream,
        to=(AMR, PRO),
        legal="2026-03-26",
        data={**data, "key": "k2"},
    )
    await casework(told)
    assert (await figures(casework, asked("omissions"), PRO))[-1]["value"] == 1
    by_city = await figures(casework, asked("omissions", by="city"))
    assert [(row.get("city"), row["value"]) for row in by_city] == [("330100", 1), (None, 1)]
    assert (await figures(casework, asked("omissions_standing")))[-1]["value"] == 1
    assert (await figures(casework, asked("penalties")))[-1]["value"] == 1

    await casework(
        world.event("finding.withdrawn", BUS, stream=stream, legal="2026-03-27", data=data)
    )
    for agency in (AMR, PRO):
        assert (await figures(casework, asked("omissions_standing"), agency))[-1]["value"] == 0
    assert (await figures(casework, asked("omissions")))[-1]["value"] == 1


async def test_an_answer_names_the_office_that_asks(casework: Casework) -> None:
    found = await answer(casework.pool, AMR, RULES, asked("omissions"))
    assert found["agency_name"] == AMR
    await casework.pool.execute("update derived.agency_home set name = '西湖区市监局'")
    found = await answer(casework.pool, AMR, RULES, asked("omissions"))
    assert found["agency_name"] == "西湖区市监局"
