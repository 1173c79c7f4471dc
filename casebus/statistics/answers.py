"""Turns groups of the database into an answer: values, totals, and hidden cells."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from casebus.errors import CasebusError
from casebus.statistics.indicators import DIMENSIONS, Indicator
from casebus.statistics.suppression import ALL, SMALL, Cell, Dimension, Totals, hidden

#: Levels of one and the same dimension, the finest first.
PLACES = ("division", "city", "province")
#: With more dimensions at once, a shared view would show mostly hidden cells.
MOST_SHARED = 2
MOST_OWN = 4
#: Stands for "not stated", because an empty coordinate is a total.
_NONE = "-"
_YES, _NO = "yes", "no"
Group = Mapping[str, Any]


def dimensions(by: Iterable[str], *, shared: bool) -> tuple[str, ...]:
    """The dimensions asked for, in one order; raises CasebusError `invalid_parameter`."""
    asked = set(by)
    if asked - set(DIMENSIONS):
        raise CasebusError("invalid_parameter", f"dimensions are {', '.join(DIMENSIONS)}")
    if len(asked & set(PLACES)) > 1:
        raise CasebusError("invalid_parameter", "one of division, city and province")
    if shared and "agency" in asked:
        raise CasebusError("invalid_parameter", "a shared view does not name agencies")
    most = MOST_SHARED if shared else MOST_OWN
    if len(asked) > most:
        raise CasebusError("invalid_parameter", f"at most {most} dimensions at once")
    return tuple(one for one in DIMENSIONS if one in asked)


def finest(by: Sequence[str]) -> tuple[str, ...]:
    """The dimensions by which to count the cells that a shared view hides, with the finest places.

    Counties, cities and provinces are then hidden alike, whichever of them is asked for.
    """
    return tuple(dict.fromkeys("division" if one in PLACES else one for one in by))


def rows_of(
    indicator: Indicator, groups: Iterable[Group], by: Sequence[str], leaves: Sequence[Group] | None
) -> list[dict[str, Any]]:
    """Rows to show, the last one the total; `leaves` are the finest groups of a shared view."""
    left_out = None if leaves is None else _LeftOut(leaves, by)
    return [_row(indicator, group, by, left_out) for group in groups if group["is_total"] or by]


class _LeftOut:
    """The cells of one indicator that a shared view hides.

    The dimensions include whether a case was followed.
    """

    def __init__(self, leaves: Sequence[Group], by: Sequence[str]) -> None:
        self._by = by
        fine = finest(by)
        counts: dict[Cell, int] = {}
        for group in leaves:
            if group["is_total"]:
                continue
            at = tuple(_coordinate(name, group[name]) for name in fine)
            counts[*at, _YES] = counts.get((*at, _YES), 0) + group["met"]
            counts[*at, _NO] = counts.get((*at, _NO), 0) + group["count"] - group["met"]
        places = {
            group["division"] for group in leaves if "division" in fine and not group["is_total"]
        }
        dims = [Dimension(name, _above(places) if name == "division" else {}) for name in fine]
        self._hidden = hidden(Totals((*dims, Dimension("met")), counts))

    def of(self, group: Group, part: str = ALL) -> bool:
        if group["is_total"]:
            return (*(ALL for _ in self._by), part) in self._hidden
        at = tuple(_coordinate(name, group[name]) for name in self._by)
        return (*at, part) in self._hidden


def _row(
    indicator: Indicator, group: Group, by: Sequence[str], left_out: _LeftOut | None
) -> dict[str, Any]:
    names = () if group["is_total"] else by
    row: dict[str, Any] = {_column(name): group[name] for name in names}
    count, met = group["count"], group["met"]
    no_count = no_met = False
    if left_out is not None:
        no_count = left_out.of(group)
        no_met = left_out.of(group, _YES) or left_out.of(group, _NO)
    match indicator.kind:
        case "share":
            value = None if not count else round(met / count, 4)
            without = no_count or no_met
            row |= {"count": _unless(no_count, count), "met": _unless(without, met)}
        case "median":
            value = group["median"]
            without = no_count or no_met or (left_out is not None and 0 < met < SMALL)
            row |= {"count": _unless(no_count, count), "met": _unless(without, met)}
        case "steps":
            value = group["median"]
            without = no_count or no_met or (left_out is not None and 0 < met < SMALL)
            row |= {"count": _unless(no_count, count), "met": _unless(without, met)}
            few = left_out is not None and 0 < group["overdue"] < SMALL
            row["overdue"] = _unless(without or few, group["overdue"])
        case "stock":
            value = count - met
            without = no_count or no_met
            row["count"] = _unless(without, count)
        case "sum":
            value = int(group["amount"] or 0)
            without = no_count
            row["count"] = _unless(without, count)
        case _:
            value, without = count, no_count
            row["count"] = _unless(without, count)
    return {**row, "value": _unless(without, value), "suppressed": without or no_count}


def _column(name: str) -> str:
    """The dimension `value` beside the figure of that name."""
    return "value_of" if name == "value" else name


def _unless(without: bool, value: Any) -> Any:
    return None if without else value


def _coordinate(name: str, value: str | None) -> str:
    return f"{name[0]}:{value or _NONE}" if name in PLACES else value or _NONE


def _above(places: Iterable[str]) -> dict[str, tuple[str, ...]]:
    """The city and the province above each county code, by its digits."""
    return {
        _coordinate("division", code): (
            _coordinate("city", _cut(code, 4)),
            _coordinate("province", _cut(code, 2)),
        )
        for code in places
    }


def _cut(code: str, digits: int) -> str:
    return code[:digits].ljust(6, "0") if code[:1].isdigit() else code
