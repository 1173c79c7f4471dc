"""月报: a month on paper, as known at its end; every request gives the same."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Mapping, Sequence
from typing import Annotated, Any, NamedTuple

from fastapi import APIRouter, Path, Request, Response

from casebus.errors import CasebusError
from casebus.events.legaltime import CHINA
from casebus.statistics import overview
from casebus.statistics.overview import Periods, Value
from gateway.api import overseeing, stats
from gateway.api.overseeing import Breaches
from gateway.console import figuring
from gateway.console.languages import PageWords, language_of, words
from gateway.console.pages.case import namer
from gateway.console.pages.figures import (
    Asks,
    Day,
    FigureReader,
    end_of,
    glance,
    naming_of,
    shown_of,
)
from gateway.console.rendering import page
from gateway.console.route import ConsoleRoute
from gateway.console.signin.current import Current

router = APIRouter(route_class=ConsoleRoute, prefix="/console/print", include_in_schema=False)
Month = Annotated[str, Path(pattern=r"^20\d{2}-(0[1-9]|1[0-2])$")]


class ReportLine(NamedTuple):
    """The agency, its number in the month, and its number at the end of the month."""

    who: str
    new: str
    standing: str


@router.get("/month/{month}")
async def month(
    *, request: Request, month: Month, visitor: Current, ask: Asks, as_of: Day = None
) -> Response:
    """Indicators beside the month before, overdue periods, omissions, reverse transfers."""
    first = dt.date.fromisoformat(f"{month}-01")
    ask = _at(ask, first, as_of)
    known = await stats.indicators(ask.agency, ask.gateway)
    plan = _plan(ask, first)
    t = words(language_of(request))
    found = [shown_of(t, one) for one in await glance(ask, known.items, plan)]
    return page(
        request,
        "print_month.html",
        visitor,
        plan=plan,
        at=ask.as_of,
        view=ask.view,
        shown=[one for one in found if not one.is_zero],
        zeros=[one.title for one in found if one.is_zero],
        breaches=await _breaches(ask, plan),
        omissions=await _lines(ask, plan, ("omissions", "omissions_standing"), t),
        reverse=await _lines(ask, plan, ("prosecutorial_opinions", "opinions_unanswered"), t),
        definitions=known.digest,
        agency=namer(ask.gateway),
    )


def _at(ask: FigureReader, first: dt.date, as_of: dt.date | None) -> FigureReader:
    """As known at the month's end, or on the requested day.

    Raises CasebusError `not_found` for a month that has not begun.
    """
    now = ask.gateway.now().replace(microsecond=0)
    if first > now.astimezone(CHINA).date():
        raise CasebusError("not_found", "the month has not begun")
    return ask if as_of else ask._replace(as_of=min(now, end_of(overview.end_of(first))))


def _plan(ask: FigureReader, first: dt.date) -> Periods:
    """Beside the month before; earlier months are left out."""
    last = max(first, ask.as_of.astimezone(CHINA).date())
    made = overview.plan(first, last, "month", whole=ask.view == "shared")
    return made._replace(first=made.before.since)


async def _breaches(ask: FigureReader, plan: Periods) -> Breaches | None:
    """For the cases that the agency sees itself. A shared report names no agency."""
    if ask.view == "shared":
        return None
    return await overseeing.breached(
        viewer=ask.agency,
        gateway=ask.gateway,
        database=ask.database,
        as_of=ask.as_of,
        since=plan.now.since,
        until=plan.now.until,
    )


async def _lines(
    ask: FigureReader, plan: Periods, pair: tuple[str, str], t: PageWords
) -> list[ReportLine]:
    """By agency, or by city if no agency may be named. The total is last."""
    by = "city" if ask.view == "shared" else "agency"
    new = await ask([pair[0]], by, *plan.now)
    standing = await ask([pair[1]], by, None, plan.now.until)
    naming = naming_of(ask.gateway, t)
    news, stand = _by(by, new), _by(by, standing)
    whos = sorted({*news, *stand} - {None}, key=str)
    lines = [
        ReportLine(naming(by, str(who), {}), _text(t, news.get(who)), _text(t, stand.get(who)))
        for who in whos
    ]
    return [
        *lines,
        ReportLine(t("figures.total"), _text(t, news.get(None)), _text(t, stand.get(None))),
    ]


def _by(by: str, answer: Mapping[str, Any]) -> dict[str | None, Mapping[str, Any]]:
    rows: Sequence[Mapping[str, Any]] = answer["indicators"][0]["rows"]
    return dict(_keyed(by, rows))


def _keyed(
    by: str, rows: Sequence[Mapping[str, Any]]
) -> Iterator[tuple[str | None, Mapping[str, Any]]]:
    """The total has none of the dimensions."""
    for row in rows:
        yield row.get(by), row


def _text(t: PageWords, row: Mapping[str, Any] | None) -> str:
    value = Value(0) if row is None else Value(row["value"], row["value"] is None)
    return figuring.text_of(t, "count", value)
