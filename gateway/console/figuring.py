"""Numbers of the statistics for reading, and tables whose cells lead to their cases."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple

from casebus.law.divisions import Divisions
from casebus.statistics.overview import Figure, Value
from casebus.statistics.tables import LEFT_OUT, yuan
from gateway.console.languages import PageWords

#: Kind -> column of a row -> the counted cases that the number is about.
_PARTS: Mapping[str, Mapping[str, str]] = {
    "count": {"count": "all", "value": "all"},
    "sum": {"count": "all"},
    "share": {"count": "all", "met": "met"},
    "median": {"count": "all", "met": "met"},
    "stock": {"count": "all", "value": "unmet"},
    "steps": {"count": "all", "met": "met", "overdue": "late"},
}
_FIGURES = ("count", "met", "overdue", "value")
_PLACES = ("division", "city", "province")


class TableCell(NamedTuple):
    """`asks` leads to its cases: the parameters of `/v1/stats/cases`; None if nothing does."""

    head: str
    text: str
    raw: object
    is_figure: bool
    asks: dict[str, str] | None = None
    left_out: bool = False


class TableRow(NamedTuple):
    cells: list[TableCell]
    is_total: bool


class FigureTable(NamedTuple):
    heads: list[tuple[str, bool]]
    rows: list[TableRow]


class DimensionNames(NamedTuple):
    """The names of the dimensions' values."""

    t: PageWords
    divisions: Divisions
    agency: Callable[[str], str]

    def __call__(self, name: str, value: str, row: Mapping[str, Any]) -> str:
        t = self.t
        if name == "value_of" and "title" in row:
            return t.pick(row["title"], row["title_en"])
        if value in (LEFT_OUT, ""):
            return t("figures.secret" if value else "figures.unstated")
        found = self.divisions.get(value) if name in _PLACES else None
        if found is not None:
            return found.name
        if name == "agency":
            return self.agency(value)
        return t("oversight.article", article=value) if name == "offence" else t.of(name, value)


def text_of(t: PageWords, kind: str, value: Value) -> str:
    """With its unit. A hidden number says so, and a missing number is a dash."""
    if value.left_out:
        return t("figures.left_out")
    if value.number is None:
        return "—"
    match kind:
        case "share":
            return f"{value.number:.1%}"
        case "sum":
            return t("figures.yuan", amount=f"{yuan(int(value.number)):,.2f}")
        case "median" | "steps":
            return t("figures.days", days=f"{value.number:g}")
    return f"{value.number:,.0f}"


def change_of(t: PageWords, figure: Figure) -> tuple[str, str]:
    """(`up`, `down`, `same` or nothing, in words)."""
    change, kind = figure.change, figure.about["kind"]
    if change is None:
        return "", "—"
    if kind == "share":
        text = t("figures.points", points=f"{change * 100:+.1f}")
    else:
        text = ("+" if change > 0 else "-" if change < 0 else "") + text_of(
            t, kind, Value(abs(change))
        )
    return ("up" if change > 0 else "down" if change < 0 else "same"), text


def table_of(one: Mapping[str, Any], by: Sequence[str], naming: DimensionNames) -> FigureTable:
    """One indicator's rows as they are shown, the total last."""
    kind, t = one["kind"], naming.t
    dims = ["value_of" if name == "value" else name for name in by]
    dims += ["value_of"] if kind == "steps" and "value_of" not in dims else []
    figures = [name for name in _FIGURES if any(name in row for row in one["rows"])]
    if kind == "count":
        figures = ["value"]
    heads = [(t.of("figure", name), False) for name in dims]
    heads += [(t.of(f"figure.{kind}", name), True) for name in figures]
    return FigureTable(heads, [_row(one, row, (dims, figures), naming) for row in one["rows"]])


def _row(
    one: Mapping[str, Any],
    row: Mapping[str, Any],
    columns: tuple[list[str], list[str]],
    naming: DimensionNames,
) -> TableRow:
    dims, figures = columns
    t, kind = naming.t, one["kind"]
    is_total = not any(name in row for name in dims)
    named = {name: str(row.get(name) or "") for name in dims if name in row}
    cells = [
        TableCell(
            t.of("figure", name), naming(name, named[name], row), named[name], is_figure=False
        )
        for name in dims
        if name in named
    ]
    cells += [TableCell("", t("figures.total"), t("figures.total"), is_figure=False)] * (
        len(dims) - len(named)
    )
    for name in figures:
        shown = kind if name == "value" else "count"
        value = Value(row.get(name), row.get(name) is None and bool(row["suppressed"]))
        part = _PARTS[kind].get(name)
        leads = part and value.number and LEFT_OUT not in named.values()
        asks = {"indicator": one["id"], **named, "part": part} if part and leads else None
        head = t.of(f"figure.{kind}", name)
        number = float(yuan(int(value.number))) if shown == "sum" and value.number else value.number
        raw: object = LEFT_OUT if value.left_out else number
        cells.append(TableCell(head, text_of(t, shown, value), raw, True, asks, value.left_out))
    return TableRow(cells, is_total)
