"""督办: overdue steps and missing transfers, as the supervisor's agency sees them."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated, Any, Literal, NamedTuple

from fastapi import APIRouter, Depends, Query, Request, Response

from casebus.law.threshold_words import METRICS, shown
from gateway.access.looks import Looking
from gateway.api import overseeing
from gateway.api.cases import CaseSummary
from gateway.api.overseeing import Omission, OmissionPage, OverduePage, UnansweredPage
from gateway.console import exports
from gateway.console.exports import ExportSheet, Form
from gateway.console.languages import PageWords, language_of, words
from gateway.console.rendering import page
from gateway.console.route import ConsoleRoute
from gateway.console.signin.current import SupervisorHere
from gateway.runtime.context import Context, Database, Gateway

router = APIRouter(route_class=ConsoleRoute, prefix="/console", include_in_schema=False)
_ROWS, _MOST_ROWS = 25, 500
#: Agencies shown at once; the rest are a link away.
_AGENCIES = 8
#: The choices for "due soon"; the first is the default.
SOON_DAYS = (3, 7, 15, 30, 90)
Days = Annotated[int, Query(ge=0, le=365)]
Table = Literal["owed", "omissions", "unanswered"]


class Whose(NamedTuple):
    """The agency under supervision. An empty field of the form means any."""

    agency: str
    division: str

    def query(self) -> dict[str, Any]:
        return {"agency": self.agency or None, "division": self.division}


def _whose(
    agency: Annotated[str, Query(max_length=64)] = "",
    division: Annotated[str, Query(max_length=6)] = "",
) -> Whose:
    return Whose(agency.strip(), division.strip())


Chosen = Annotated[Whose, Depends(_whose)]


class Watch(NamedTuple):
    """One look at all three."""

    owed: OverduePage
    omissions: OmissionPage
    unanswered: UnansweredPage


@router.get("/oversight")
async def oversight(
    *,
    request: Request,
    visitor: SupervisorHere,
    gateway: Context,
    database: Database,
    whose: Chosen,
    show: Literal["first", "all"] = "first",
    days: Days = SOON_DAYS[0],
) -> Response:
    """Overdue steps by agency, missing transfers, and cases without an answer."""
    seen = await _watch(visitor.reader, gateway, database, whose, (days, _ROWS))
    return page(
        request,
        "oversight.html",
        visitor,
        seen=seen,
        agencies_shown=_AGENCIES if show == "first" else len(seen.owed.items),
        whose=whose,
        soon_days=days,
        choices=SOON_DAYS,
        weighed=weighed,
        agencies=gateway.directory().agencies,
    )


@router.get("/oversight/export")
async def export(
    *,
    request: Request,
    visitor: SupervisorHere,
    gateway: Context,
    database: Database,
    whose: Chosen,
    table: Table = "owed",
    form: Form = "xlsx",
    days: Days = SOON_DAYS[0],
) -> Response:
    """One of the tables for a spreadsheet program, in the reader's language."""
    seen = await _watch(visitor.reader, gateway, database, whose, (days, _MOST_ROWS))
    return await exports.answer(_sheet(table, seen, words(language_of(request))), form)


async def _watch(
    reader: str, gateway: Gateway, database: Looking, whose: Whose, most: tuple[int, int]
) -> Watch:
    """`most` is the number of days that count as "due soon", and the number of listed rows."""
    days, limit = most
    asked: dict[str, Any] = {"viewer": reader, "gateway": gateway, "database": database}
    asked |= whose.query()
    listed = {**asked, "cursor": None, "limit": limit}
    return Watch(
        await overseeing.owed(**asked, due_within_days=days),
        await overseeing.omissions(**listed),
        await overseeing.unanswered(**listed),
    )


def weighed(t: PageWords, one: Omission) -> str:
    """The figure of the case that reaches the standard: `非法经营数额 80,000元 ≥ 50,000元`."""
    if one.metric not in METRICS or not (one.value.isdecimal() and one.needed.isdecimal()):
        return ""
    value, needed = (shown(one.metric, int(text)) for text in (one.value, one.needed))
    return f"{t.pick(*METRICS[one.metric])} {value} ≥ {needed}"


def _sheet(table: Table, seen: Watch, t: PageWords) -> ExportSheet:
    heads, rows = {
        "owed": (_OWED, _owed_rows(seen.owed, t)),
        "omissions": (_OMITTED, _omission_rows(seen.omissions)),
        "unanswered": (_ASKED, _unanswered_rows(seen.unanswered)),
    }[table]
    return ExportSheet(
        f"oversight-{table}", t(f"oversight.{table}"), [t(one) for one in heads], rows
    )


_OWED = (
    *("oversight.whose", "search.agency", "oversight.step", "oversight.overdue"),
    *("oversight.oldest", "oversight.soon", "oversight.late"),
)
_OMITTED = (
    *("col.case", "case.id", "oversight.whose", "search.agency", "oversight.offence"),
    *("oversight.since", "item.basis"),
)
_ASKED = (
    *("col.case", "case.id", "oversight.whose", "search.agency", "oversight.asker"),
    *("oversight.asked_since", "col.due"),
)


def _owed_rows(owed: OverduePage, t: PageWords) -> Iterator[tuple[object, ...]]:
    for by in owed.items:
        for one in by.steps:
            title = t.pick(one.title, one.title_en)
            yield by.name, by.agency, title, one.overdue, one.since, one.soon, one.late


def _omission_rows(found: OmissionPage) -> Iterator[tuple[object, ...]]:
    for one in found.items:
        yield (
            *(_named(one.case), one.case.id, one.name, one.agency),
            *(one.offence, one.since, one.citation),
        )


def _unanswered_rows(found: UnansweredPage) -> Iterator[tuple[object, ...]]:
    for one in found.items:
        case = one.case
        yield _named(case), case.id, one.name, one.agency, one.asker_name, one.since, one.due


def _named(case: CaseSummary) -> str:
    return next(iter(case.matter_titles), "")
