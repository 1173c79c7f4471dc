"""Which days are held against which, and what of two answers stands side by side."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest

from casebus.statistics import overview
from casebus.statistics.overview import Answers, DayRange, Value, plan

MARCH = date(2026, 3, 1)


def _answer(**rows: list[dict[str, Any]]) -> dict[str, Any]:
    kinds = {"filed": "share", "standing": "stock"}
    return {
        "indicators": [
            {"id": name, "kind": kinds.get(name, "count"), "rows": found}
            for name, found in rows.items()
        ]
    }


def _row(value: float | None, month: str = "", *, suppressed: bool = False) -> dict[str, Any]:
    return {**({"month": month} if month else {}), "value": value, "suppressed": suppressed}


def test_a_month_that_is_over_is_held_against_the_whole_one_before() -> None:
    made = plan(MARCH, date(2026, 5, 20), "month", whole=False)
    assert made.now == DayRange(MARCH, date(2026, 3, 31))
    assert made.before == DayRange(date(2026, 2, 1), date(2026, 2, 28))
    assert made.first == date(2025, 3, 1)
    assert not made.is_cut


def test_of_a_month_that_is_not_over_as_many_days_are_held_against_each_other() -> None:
    made = plan(MARCH, date(2026, 3, 10), "year", whole=False)
    assert made.now == DayRange(MARCH, date(2026, 3, 10))
    assert made.before == DayRange(date(2025, 3, 1), date(2025, 3, 10))
    assert made.is_cut
    # The thirtieth day of a month that has twenty-eight is its last.
    longest = plan(MARCH, date(2026, 3, 30), "month", whole=False)
    assert longest.before == DayRange(date(2026, 2, 1), date(2026, 2, 28))


def test_a_shared_view_is_of_whole_months() -> None:
    made = plan(MARCH, date(2026, 3, 10), "month", whole=True)
    assert made.now.until == date(2026, 3, 31)
    assert not made.is_cut


@pytest.mark.parametrize(
    ("months", "first"),
    [
        (1, date(2025, 12, 1)),
        (12, date(2025, 1, 1)),
        (13, date(2024, 12, 1)),
        (-1, date(2026, 2, 1)),
    ],
)
def test_months_are_counted_over_the_turn_of_the_year(months: int, first: date) -> None:
    assert overview.back(date(2026, 1, 1), months) == first


def test_now_and_before_are_months_of_one_answer_and_missing_months_count_nothing() -> None:
    made = plan(MARCH, date(2026, 5, 1), "month", whole=False)
    months = _answer(
        sent=[_row(4, "2026-03"), _row(9, "2025-12"), _row(13)],
        filed=[_row(0.5, "2026-02"), _row(0.5)],
    )
    answers = Answers(months, None, _answer(standing=[_row(7)]), _answer(standing=[_row(5)]))
    sent, filed, standing = overview.figures(answers, made, ["sent", "filed", "steps", "standing"])
    assert (sent.now, sent.before, sent.change) == (Value(4), Value(0), 4)
    assert [one.month for one in sent.trend][:2] == ["2025-03", "2025-04"]
    assert len(sent.trend) == overview.MONTHS
    # A share of nothing is no number, and nothing can be said of its change.
    assert (filed.now, filed.before, filed.change) == (Value(None), Value(0.5), None)
    assert (standing.now, standing.before, standing.change) == (Value(7), Value(5), 2)


def test_what_is_left_out_gives_no_change_and_is_not_nothing() -> None:
    made = plan(MARCH, date(2026, 5, 1), "month", whole=True)
    months = _answer(
        sent=[_row(None, "2026-03", suppressed=True), _row(8, "2026-02"), _row(8, suppressed=True)]
    )
    nothing = _answer()
    [sent] = overview.figures(Answers(months, None, nothing, nothing), made, ["sent"])
    assert sent.now == Value(None, left_out=True)
    assert sent.change is None
    assert not sent.is_zero


def test_days_of_a_month_that_is_not_over_come_from_an_answer_of_their_own() -> None:
    made = plan(MARCH, date(2026, 3, 10), "month", whole=False)
    months = _answer(sent=[_row(20, "2026-02"), _row(4, "2026-03"), _row(24)])
    nothing = _answer()
    answers = Answers(months, _answer(sent=[_row(6)]), nothing, nothing)
    [sent] = overview.figures(answers, made, ["sent"])
    assert (sent.now, sent.before, sent.change) == (Value(4), Value(6), -2)
