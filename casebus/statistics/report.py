"""A periodic report that a supervisor sends up: one HTML file, printable, without any resource."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple

from jinja2 import Environment, FileSystemLoader, StrictUndefined, Template

from casebus.statistics.suppression import SMALL
from casebus.statistics.tables import LEFT_OUT, TOTAL, local, yuan

_TEMPLATE = "report.html.j2"
#: Pixels of a bar, and from one bar to the next.
_WIDEST, _APART = 460.0, 20
#: By month: the counts, and the figures that show the course of cases.
CHARTED = ("transfers_sent", "penalties", "mediations", "notices", "centre_intake", "overdue")
PLACED = ("transfers_sent", "transfers_filed", "mediation_success", "publication_rate")
TITLE = "知识产权保护案件移送与办理情况统计报告"

Answer = Mapping[str, Any]


class ReportFigures(NamedTuple):
    """The parts of the report: all indicators, some by month, some by city."""

    whole: Answer
    months: Answer
    places: Answer


def render(
    figures: ReportFigures, *, title: str = TITLE, names: Mapping[str, str] | None = None
) -> str:
    """The report as HTML; `names` gives the names of divisions by code."""
    about = figures.whole
    indicators = about["indicators"]
    known = names or {}
    summary = [_summary(one) for one in indicators if one["kind"] != "steps"]
    steps = [row for one in indicators if one["kind"] == "steps" for row in _steps(one)]
    charts = [chart for one in figures.months["indicators"] if (chart := _chart(one))]
    return _template().render(
        title=title,
        about=about,
        office=about.get("agency_name") or about["agency"],
        as_of=local(about["as_of"]),
        scope=_scope(about, known),
        period=f"{about['from'] or '有记录以来'} 至 {about['to'] or '数据截止'}",
        summary=[row for row in summary if not row["is_zero"]],
        nothing=[row["title"] for row in summary if row["is_zero"]],
        charts=[chart for chart in charts if not chart["is_zero"]],
        no_charts=[chart["title"] for chart in charts if chart["is_zero"]],
        places=[table for one in figures.places["indicators"] if (table := _places(one, known))],
        steps=[row for row in steps if not row["is_zero"]],
        no_steps=[f"{row['title']}（{row['clock']}）" for row in steps if row["is_zero"]],
        definitions=[one for one in indicators if one.get("definition")],
        small=SMALL,
        left_out=LEFT_OUT,
        testdata=sum(one["testdata"] for one in indicators),
    )


@cache
def _template() -> Template:
    loader = FileSystemLoader(Path(__file__).parent)
    environment = Environment(
        loader=loader, autoescape=True, undefined=StrictUndefined, trim_blocks=True
    )
    return environment.get_template(_TEMPLATE)


def _scope(about: Answer, names: Mapping[str, str]) -> str:
    if about["view"] != "shared":
        return "本单位发出和收到的案件"
    code = about["division"]
    return f"{names.get(code, code)}各单位（共享视图）" if code else "全部单位（共享视图）"


def _summary(one: Mapping[str, Any]) -> dict[str, Any]:
    total = one["rows"][-1]
    about = {"paragraph": one["paragraph"], "title": one["title"], "is_zero": _is_zero(total)}
    return {**about, **_texts(one["kind"], total)}


def _is_zero(row: Mapping[str, Any]) -> bool:
    """True if nothing was counted and nothing is hidden: such rows are named in one line."""
    figures = (row.get(name) for name in ("count", "met", "overdue", "value"))
    return not row["suppressed"] and not any(figures)


def _chart(one: Mapping[str, Any]) -> dict[str, Any] | None:
    rows = [row for row in one["rows"] if row.get("month")]
    if not rows:
        return None
    most = max((row["value"] or 0 for row in rows), default=0) or 1
    bars = [
        {
            "y": number * _APART,
            "label": row["month"],
            "left_out": row["value"] is None,
            "width": round(_WIDEST * (row["value"] or 0) / most, 1) or 1.0,
            "text": _text(one["kind"], row["value"]),
        }
        for number, row in enumerate(rows)
    ]
    is_zero = all(map(_is_zero, rows))
    height = len(bars) * _APART + 4
    return {"title": one["title"], "bars": bars, "height": height, "is_zero": is_zero}


def _places(one: Mapping[str, Any], names: Mapping[str, str]) -> dict[str, Any] | None:
    rows = [{"label": _label(row, names), **_texts(one["kind"], row)} for row in one["rows"]]
    return {"title": one["title"], "rows": rows} if len(rows) > 1 else None


def _label(row: Mapping[str, Any], names: Mapping[str, str]) -> str:
    if "city" not in row:
        return TOTAL
    code = row["city"]
    return {"*": "保密案件", "": "未知"}.get(code) or names.get(code, code)


def _steps(one: Mapping[str, Any]) -> Iterable[dict[str, Any]]:
    for row in one["rows"]:
        yield {
            "is_zero": _is_zero(row),
            "clock": row["value_of"],
            "title": row["title"],
            "citation": row["citation"],
            "overdue": _text("count", row["overdue"]),
            **_texts("steps", row),
        }


def _texts(kind: str, row: Mapping[str, Any]) -> dict[str, str]:
    left_out = row["suppressed"]
    return {
        "count": _text("count", row["count"], left_out=left_out),
        "met": _text("count", row["met"], left_out=left_out) if "met" in row else "",
        "value": _text(kind, row["value"], left_out=left_out),
    }


def _text(kind: str, value: Any, *, left_out: bool = True) -> str:
    if value is None:
        return LEFT_OUT if left_out else "-"
    match kind:
        case "share":
            return f"{value:.1%}"
        case "sum":
            return f"{yuan(value):,.2f} 元"
        case "median" | "steps":
            return f"{value:g} 天"
    return f"{value:,}"
