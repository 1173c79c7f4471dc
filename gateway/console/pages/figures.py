"""统计: every indicator at a glance, one as a table, and the cases behind a number.

For any past moment; small cells stay as the API gives them.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from typing import Annotated, Any, Literal, NamedTuple

from fastapi import APIRouter, Depends, Query, Request, Response
from pydantic import BeforeValidator

from casebus.errors import CasebusError
from casebus.events.legaltime import CHINA
from casebus.statistics import overview
from casebus.statistics.overview import STEPS, STOCK, Answers, Compare, Figure, Periods
from gateway.access.looks import Looking
from gateway.api import counted, stats
from gateway.api.counted import FigureRow
from gateway.api.stats import Definition
from gateway.console import charts, exports, figuring
from gateway.console.exports import ExportSheet, Form
from gateway.console.figuring import DimensionNames
from gateway.console.languages import PageWords, language_of, words
from gateway.console.pages.case import namer
from gateway.console.rendering import page
from gateway.console.route import ConsoleRoute
from gateway.console.signin.current import Current
from gateway.problems import RefusedError
from gateway.runtime.context import Context, Database, Gateway
from gateway.runtime.law import law_of
from gateway.shapes import Moment
from gateway.web import paging

router = APIRouter(route_class=ConsoleRoute, prefix="/console", include_in_schema=False)
BYS = ("month", "division", "city", "agency", "offence", "right", "value", "none")


def unsaid(text: object) -> object:
    """A form also sends an unfilled field, as empty."""
    return text or None


Day = Annotated[dt.date | None, BeforeValidator(unsaid), Query()]
By = Literal["month", "division", "city", "agency", "offence", "right", "value", "none"]
View = Literal["own", "shared"]
#: A month, as an address and the form's field name it.
MonthText = Annotated[str, Query(pattern=r"^(\d{4}-(0[1-9]|1[0-2]))?$")]


#: Bars of a chart that still have their numbers above them.
_MOST_MONTHS = 18
#: Groups of indicators, by the paragraph of the mandate that requires them.
Group = Literal["transfers", "supervision", "penalties", "disputes", "service"]
GROUPS: dict[Group, tuple[str, ...]] = {
    "transfers": ("（二）", "（九）"),
    "supervision": ("（五）", "（二十一）"),
    "penalties": ("（一）", "（三）", "（四）", "（六）"),
    "disputes": ("（八）", "（十）", "（十四）"),
    "service": (),
}


def of_group(items: Sequence[Definition], group: Group) -> list[Definition]:
    """Those of the group's paragraphs; for the last group, all that no other has."""
    named = {one for paragraphs in GROUPS.values() for one in paragraphs}
    mine = set(GROUPS[group])
    return [one for one in items if (one.paragraph in mine if mine else one.paragraph not in named)]


class FigureReader(NamedTuple):
    """The asker of the API, with its words; every page uses the same."""

    request: Request
    agency: str
    gateway: Gateway
    database: Looking
    view: View
    as_of: dt.datetime

    async def __call__(
        self,
        indicators: Sequence[str],
        by: str = "",
        since: dt.date | None = None,
        until: dt.date | None = None,
    ) -> dict[str, Any]:
        found = await stats.stats(
            request=self.request,
            agency=self.agency,
            gateway=self.gateway,
            database=self.database,
            indicator=list(indicators),
            by=by,
            as_of=self.as_of,
            since=since,
            until=until,
            view=self.view,
            division="",
        )
        return stats.Statistics.model_validate(found).model_dump()


def _asking(
    *,
    request: Request,
    visitor: Current,
    gateway: Context,
    database: Database,
    view: View = "own",
    as_of: Day = None,
) -> FigureReader:
    """Raises CasebusError `role_needed` for an operator; a day counts to its end, in Beijing."""
    if visitor.agency is None:
        raise CasebusError("role_needed", "an operator sees no statistics")
    now = gateway.now().replace(microsecond=0)
    moment = now if as_of is None else min(now, end_of(as_of))
    return FigureReader(request, visitor.agency, gateway, database, view, moment)


Asks = Annotated[FigureReader, Depends(_asking)]


@router.get("/figures")
async def figures(
    *,
    request: Request,
    visitor: Current,
    ask: Asks,
    indicator: Annotated[str, Query(max_length=100)] = "",
    by: By = "month",
    as_of: Day = None,
    since: Annotated[dt.date | None, BeforeValidator(unsaid), Query(alias="from")] = None,
    until: Annotated[dt.date | None, BeforeValidator(unsaid), Query(alias="to")] = None,
    month: MonthText = "",
    compare: Literal["month", "year", ""] = "",
    group: Group = "transfers",
) -> Response:
    known = await stats.indicators(ask.agency, ask.gateway)
    common: dict[str, Any] = {"known": known, "chosen": indicator, "view": ask.view, "as_of": as_of}
    if not indicator:
        plan = plan_of(ask, month, compare or "month")
        found = await glance(ask, of_group(known.items, group), plan)
        shown = [shown_of(words(language_of(request)), one) for one in found]
        return page(
            request,
            "figures.html",
            visitor,
            **common,
            plan=plan,
            compare=compare or "month",
            groups=GROUPS,
            group=group,
            shown=[one for one in shown if not one.is_zero],
            zeros=[one for one in shown if one.is_zero],
            at=ask.as_of,
        )
    one: dict[str, Any] | None = None
    errors: list[str] = []
    try:
        one = await _one(ask, indicator, by, since, until)
    except RefusedError as error:
        errors = [row["detail"] for row in error.errors]
    t = words(language_of(request))
    dims = [] if by == "none" else [by]
    return page(
        request,
        "figure.html",
        visitor,
        **common,
        one=one,
        table=one and figuring.table_of(one, dims, naming_of(ask.gateway, t)),
        chart=(one and by == "month" and charted(t, one)) or None,
        errors=errors,
        by=by,
        bys=BYS,
        since=since,
        until=until,
        at=ask.as_of,
    )


@router.get("/figures/export")
async def export(
    *,
    request: Request,
    ask: Asks,
    indicator: Annotated[str, Query(max_length=100)] = "",
    by: By = "month",
    since: Annotated[dt.date | None, BeforeValidator(unsaid), Query(alias="from")] = None,
    until: Annotated[dt.date | None, BeforeValidator(unsaid), Query(alias="to")] = None,
    month: MonthText = "",
    compare: Literal["month", "year", ""] = "",
    form: Form = "xlsx",
) -> Response:
    """The content of the page for a spreadsheet program, in the reader's language."""
    t = words(language_of(request))
    if indicator:
        one = await _one(ask, indicator, by, since, until)
        dims = [] if by == "none" else [by]
        table = figuring.table_of(one, dims, naming_of(ask.gateway, t))
        rows = [[_exported(cell) for cell in row.cells] for row in table.rows]
        heads = [head for head, _ in table.heads]
        sheet = ExportSheet(
            f"figures-{indicator}", t.pick(one["title"], one["title_en"]), heads, rows
        )
        return await exports.answer(sheet, form)
    known = await stats.indicators(ask.agency, ask.gateway)
    plan = plan_of(ask, month, compare or "month")
    found = await glance(ask, known.items, plan)
    heads = [t("figures.indicator"), *map(said_days, (plan.now, plan.before)), t("figures.change")]
    rows = [
        [one.title, one.now, one.before, one.change]
        for one in (shown_of(t, each) for each in found)
    ]
    return await exports.answer(ExportSheet("figures", t("figures"), heads, rows), form)


@router.get("/figures/cases")
async def cases(
    *,
    request: Request,
    visitor: Current,
    ask: Asks,
    indicator: Annotated[str, Query(max_length=100)],
    row: Annotated[FigureRow, Query()],
    part: Literal["all", "met", "unmet", "late"] = "all",
    at: Moment | None = None,
    since: Annotated[dt.date | None, BeforeValidator(unsaid), Query(alias="from")] = None,
    until: Annotated[dt.date | None, BeforeValidator(unsaid), Query(alias="to")] = None,
    cursor: paging.Cursor = None,
) -> Response:
    """The cases of a cell, of the visitor's own figures, as the visitor sees them."""
    known = await stats.indicators(ask.agency, ask.gateway)
    about = next((one for one in known.items if one.id == indicator), None)
    if about is None:
        raise CasebusError("unknown_indicator", indicator)
    moment = at or ask.as_of
    found = await counted.cases(
        agency=ask.agency,
        gateway=ask.gateway,
        database=ask.database,
        indicator=indicator,
        row=row,
        part=part,
        as_of=moment,
        since=since,
        until=until,
        cursor=cursor,
        limit=100,
    )
    t = words(language_of(request))
    naming = naming_of(ask.gateway, t)
    said = {
        t.of("figure", name): naming(name, value, _titles(ask.gateway, name, value))
        for name, value in row.model_dump(exclude_none=True).items()
    }
    return page(
        request,
        "figure_cases.html",
        visitor,
        about=about,
        found=found,
        said=said,
        part=part,
        at=moment,
        since=since,
        until=until,
        agencies=ask.gateway.directory().agencies,
    )


class ShownFigure(NamedTuple):
    """A figure for reading; `way` is up, down or same, in words and as a sign."""

    id: str
    title: str
    definition: str
    paragraph: str
    now: str
    before: str
    way: str
    change: str
    chart: charts.Chart | None
    is_zero: bool


async def glance(ask: FigureReader, items: Sequence[Definition], plan: Periods) -> list[Figure]:
    """These indicators without the steps: now, before and by month."""
    flows = [one.id for one in items if one.kind not in (STOCK, STEPS)]
    stocks = [one.id for one in items if one.kind == STOCK]
    answers = Answers(
        await ask(flows, "month", plan.first, plan.now.until),
        await ask(flows, "", *plan.before) if plan.is_cut else None,
        await ask(stocks, "", None, plan.now.until),
        await ask(stocks, "", None, plan.before.until),
    )
    return overview.figures(answers, plan, [one.id for one in items])


def plan_of(ask: FigureReader, month: str, compare: Compare) -> Periods:
    """For the requested month, or the present one. A shared view has whole months."""
    last = ask.as_of.astimezone(CHINA).date()
    first = dt.date.fromisoformat(f"{month}-01") if month else last.replace(day=1)
    return overview.plan(first, last, compare, whole=ask.view == "shared")


def shown_of(t: PageWords, one: Figure) -> ShownFigure:
    kind, about = one.about["kind"], one.about
    way, change = figuring.change_of(t, one)
    said = [figuring.text_of(t, kind, point.value) for point in one.trend]
    return ShownFigure(
        about["id"],
        t.pick(about["title"], about["title_en"]),
        about["definition"],
        about["paragraph"],
        figuring.text_of(t, kind, one.now),
        figuring.text_of(t, kind, one.before),
        way,
        change,
        charts.trend(one.trend, said),
        one.is_zero,
    )


def charted(t: PageWords, one: dict[str, Any]) -> charts.Chart | None:
    """A table by month as bars, the last months of it."""
    months = [
        dt.date.fromisoformat(f"{row['month']}-01") for row in one["rows"] if row.get("month")
    ]
    if not months:
        return None
    first = max(months[0], overview.back(months[-1], _MOST_MONTHS - 1))
    points = list(overview.trend_of(one, first, months[-1]))
    said = [figuring.text_of(t, one["kind"], point.value) for point in points]
    return charts.trend(points, said, large=True)


def naming_of(gateway: Gateway, t: PageWords) -> DimensionNames:
    law = law_of(gateway.settings.policies_dir)
    return DimensionNames(t, law.divisions, namer(gateway))


def said_days(days: overview.DayRange) -> str:
    return f"{days.since} – {days.until}"


def end_of(day: dt.date) -> dt.datetime:
    return dt.datetime.combine(day, dt.time(23, 59, 59), CHINA)


async def _one(
    ask: FigureReader, indicator: str, by: str, since: dt.date | None, until: dt.date | None
) -> dict[str, Any]:
    found = await ask([indicator], "" if by == "none" else by, since, until)
    one: dict[str, Any] = found["indicators"][0]
    return one


def _exported(cell: figuring.TableCell) -> object:
    return cell.raw if cell.is_figure else cell.text


def _titles(gateway: Gateway, name: str, value: str) -> dict[str, str]:
    """The law's name for a clock in a cell."""
    clocks = law_of(gateway.settings.policies_dir).clocks
    if name != "value_of" or value not in clocks:
        return {}
    rule = clocks[value][-1]
    return {"title": rule.title, "title_en": rule.title_en}
