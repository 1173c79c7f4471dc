"""Each indicator now, in the period before, and month by month: answers put side by side. Pure."""

from __future__ import annotations

from calendar import monthrange
from collections.abc import Iterable, Iterator, Mapping
from datetime import date, timedelta
from typing import Any, Literal, NamedTuple

Compare = Literal["month", "year"]
Answer = Mapping[str, Any]
#: Months of a trend, the last one among them.
MONTHS = 13
_YEAR = 12
#: Without a trend by month: `stock` is the value at an end, `steps` is a table of its own.
STOCK, STEPS = "stock", "steps"
#: If nothing was counted, the count is zero. A share or a median of nothing is no number.
_COUNTED = frozenset({"count", "sum", STOCK})


class DayRange(NamedTuple):
    """Both included."""

    since: date
    until: date


class Periods(NamedTuple):
    """The days to compare; `first` begins the trend."""

    now: DayRange
    before: DayRange
    first: date
    #: The month is not over: the days before are as many.
    is_cut: bool


class Value(NamedTuple):
    """A number; None if there is none, or if it is left out."""

    number: float | None
    left_out: bool = False


class Point(NamedTuple):
    month: str
    value: Value


class Figure(NamedTuple):
    """One indicator; `about` is the answer's row of it."""

    about: Mapping[str, Any]
    now: Value
    before: Value
    trend: tuple[Point, ...]

    @property
    def is_zero(self) -> bool:
        """Nothing was counted in any of it, and nothing is left out."""
        values = (self.now, self.before, *(point.value for point in self.trend))
        return not any(one.number or one.left_out for one in values)

    @property
    def change(self) -> float | None:
        """The change; None if one of the two is unknown: nobody can compute a left-out number."""
        if self.now.number is None or self.before.number is None:
            return None
        return self.now.number - self.before.number


class Answers(NamedTuple):
    """By month and for whole periods: flows, and stocks at their ends.

    `before` is None if the month before is whole, and so one of the months.
    """

    months: Answer
    before: Answer | None
    stock_now: Answer
    stock_before: Answer


def plan(month: date, last: date, compare: Compare, *, whole: bool) -> Periods:
    """`month` by its first day; days after `last` are not there yet, unless it must be `whole`."""
    end = end_of(month)
    until = end if whole else max(month, min(end, last))
    earlier = back(month, _YEAR if compare == "year" else 1)
    is_cut = until < end
    same = earlier + timedelta(days=(until - month).days)
    before = min(same, end_of(earlier)) if is_cut else end_of(earlier)
    return Periods(
        DayRange(month, until), DayRange(earlier, before), back(month, MONTHS - 1), is_cut
    )


def back(month: date, months: int) -> date:
    """The first day so many months earlier."""
    count = month.year * _YEAR + month.month - 1 - months
    return date(count // _YEAR, count % _YEAR + 1, 1)


def end_of(month: date) -> date:
    return month.replace(day=monthrange(month.year, month.month)[1])


def figures(answers: Answers, plan: Periods, order: Iterable[str]) -> list[Figure]:
    """In the order of these ids; an indicator with a table of its own is left out."""
    found = {one.about["id"]: one for one in (*_flows(answers, plan), *_stocks(answers))}
    return [found[name] for name in order if name in found]


def _flows(answers: Answers, plan: Periods) -> Iterator[Figure]:
    cut = _by_id(answers.before) if answers.before else {}
    for one in answers.months["indicators"]:
        trend = tuple(trend_of(one, plan.first, plan.now.since))
        by_month = dict(trend)
        before = _total(cut[one["id"]]) if cut else by_month[name_of(plan.before.since)]
        yield Figure(one, trend[-1].value, before, trend)


def _stocks(answers: Answers) -> Iterator[Figure]:
    before = _by_id(answers.stock_before)
    for one in answers.stock_now["indicators"]:
        yield Figure(one, _total(one), _total(before[one["id"]]), ())


def trend_of(one: Mapping[str, Any], first: date, last: date) -> Iterator[Point]:
    """Each month once, those in which nothing was counted too."""
    rows = {row.get("month"): row for row in one["rows"] if row.get("month")}
    month = first
    while month <= last:
        name = name_of(month)
        yield Point(name, _value(one["kind"], rows.get(name)))
        month = back(month, -1)


def name_of(month: date) -> str:
    return f"{month:%Y-%m}"


def _total(one: Mapping[str, Any]) -> Value:
    """The row without dimensions is the last one."""
    rows = one["rows"]
    return _value(one["kind"], rows[-1] if rows else None)


def _value(kind: str, row: Mapping[str, Any] | None) -> Value:
    if row is None:
        return Value(0 if kind in _COUNTED else None)
    left_out = bool(row["suppressed"]) and row["value"] is None
    return Value(row["value"], left_out)


def _by_id(answer: Answer) -> dict[str, Mapping[str, Any]]:
    return {one["id"]: one for one in answer["indicators"]}
