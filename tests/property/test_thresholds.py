"""More is never judged more mildly, whatever the offence, the day and what was punished before."""

from __future__ import annotations

import datetime as dt
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from casebus.law.assessment import Assessment, Verdict
from casebus.law.figures import AMOUNTS, ActDays, Figures, Sanction
from tests.case_events import LAW
from tests.examples import examples

RANK = {Verdict.WATCH: 0, Verdict.TRANSFER_ON_SUSPICION: 1, Verdict.MUST_TRANSFER: 2}
#: Around every standard there is: money in fen, counts in pieces.
NUMBERS = st.one_of(
    st.none(),
    st.integers(0, 10**9),
    st.sampled_from([10, 100, 250, 500, 1000, 5000, 10_000, 50_000, 100_000]).flatmap(
        lambda base: st.integers(0, 60).map(lambda times: base * times)
    ),
    st.sampled_from([2, 3, 5, 9, 10, 15, 20, 25, 30, 50, 90, 150, 250, 300]).flatmap(
        lambda base: st.sampled_from([-1, 0, 1]).map(lambda more: base * 1_000_000 + more)
    ),
)
FIGURES = st.builds(
    Figures,
    **dict.fromkeys(AMOUNTS, NUMBERS),
    right_sources=st.none() | st.integers(0, 3),
    right_numbers=st.none() | st.integers(0, 3),
    owner_closed=st.booleans(),
    circumvention=st.booleans(),
    organisation=st.booleans(),
    suspicion=st.booleans(),
)
BOUNDARIES = ["2004-12-22", "2007-04-05", "2011-01-10", "2020-09-14", "2021-03-01", "2025-04-26"]
DAYS = st.one_of(
    st.dates(dt.date(2000, 1, 1), dt.date(2027, 12, 31)),
    st.sampled_from(BOUNDARIES).flatmap(
        lambda day: st.integers(-1, 1).map(
            lambda more: dt.date.fromisoformat(day) + dt.timedelta(days=more)
        )
    ),
)
STANDARDS = LAW.thresholds.standards
OFFENCES = st.none() | st.sampled_from(sorted(STANDARDS.family_of))
FAMILIES = st.none() | st.frozensets(st.sampled_from(sorted(STANDARDS.families)))
PRIOR = st.lists(
    st.builds(
        Sanction,
        st.sampled_from(sorted(STANDARDS.families)),
        DAYS,
        st.just("criminal"),
    ),
    max_size=3,
)


def weight(found: Assessment) -> tuple[int, int]:
    return RANK[found.verdict], found.tier


@pytest.mark.slow
@settings(max_examples=examples(600))
@given(FIGURES, st.tuples(OFFENCES, FAMILIES), st.tuples(DAYS, DAYS), PRIOR, st.data())
def test_more_of_one_figure_is_never_milder(
    figures: Figures,
    asked: tuple[str | None, frozenset[str] | None],
    days: tuple[dt.date, dt.date],
    prior: list[Sanction],
    data: Any,
) -> None:
    (offence, families), (day, today) = asked, days
    name = data.draw(st.sampled_from([*AMOUNTS, "right_sources", "right_numbers"]))
    more = (getattr(figures, name) or 0) + data.draw(st.integers(1, 10**8))
    acts = ActDays.on(day)
    before = LAW.thresholds.assess(figures, offence, acts, prior, today=today, families=families)
    after = LAW.thresholds.assess(
        replace(figures, **{name: more}), offence, acts, prior, today=today, families=families
    )
    assert weight(after) >= weight(before)


def suspected(day: dt.date, today: dt.date, count: int | None) -> Assessment:
    figures = Figures(suspicion=True, item_count=count)
    return LAW.thresholds.assess(figures, "215", ActDays.on(day), today=today)


@pytest.mark.parametrize("count", [None, 20_000])
def test_a_barred_first_tier_leaves_a_suspicion_standing(count: int | None) -> None:
    found = suspected(dt.date(2004, 12, 22), dt.date(2011, 1, 10), count)
    assert found.verdict is Verdict.TRANSFER_ON_SUSPICION


@pytest.mark.parametrize("count", [None, 20_000, 200_000])
def test_a_suspicion_ends_where_the_heaviest_tier_is_barred(count: int | None) -> None:
    found = suspected(dt.date(2004, 12, 22), dt.date(2015, 1, 10), count)
    assert found.verdict is Verdict.WATCH
    assert found.limitation.endswith("第八十七条第二项")


@settings(max_examples=examples(300))
@given(FIGURES, OFFENCES, DAYS, DAYS, PRIOR)
def test_a_further_punishment_is_never_milder(
    figures: Figures, offence: str | None, day: dt.date, today: dt.date, prior: list[Sanction]
) -> None:
    acts = ActDays.on(day)
    without = LAW.thresholds.assess(figures, offence, acts, prior[1:], today=today)
    assert weight(LAW.thresholds.assess(figures, offence, acts, prior, today=today)) >= weight(
        without
    )


@settings(max_examples=examples(300))
@given(FIGURES, OFFENCES, DAYS, DAYS, PRIOR)
def test_a_later_law_never_worsens_an_earlier_act(
    figures: Figures, offence: str | None, day: dt.date, today: dt.date, prior: list[Sanction]
) -> None:
    acts = ActDays.on(day)
    then = LAW.thresholds.assess(figures, offence, acts, prior)
    later = LAW.thresholds.assess(figures, offence, acts, prior, today=max(today, day))
    if offence is not None:
        assert weight(later) <= weight(then)
    assert later.verdict in set(Verdict)


@settings(max_examples=examples(300))
@given(FIGURES, FIGURES, OFFENCES, DAYS)
def test_acts_added_up_are_never_milder_than_one_of_them(
    one: Figures, other: Figures, offence: str | None, day: dt.date
) -> None:
    one, other = (replace(each, circumvention=False) for each in (one, other))
    one, other = (replace(each, organisation=False) for each in (one, other))
    acts = ActDays.on(day)
    alone = LAW.thresholds.assess(one, offence, acts)
    both = LAW.thresholds.assess(one.plus(other), offence, acts)
    assert weight(both) >= weight(alone)
