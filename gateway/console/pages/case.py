"""A case: its state, whose turn it is, its timeline, its procedures, and its events."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from http import HTTPStatus
from itertools import groupby
from typing import Annotated, Any, Literal, NamedTuple

from fastapi import APIRouter, Query, Request, Response
from pydantic import BeforeValidator

from casebus.errors import CasebusError
from casebus.events.envelope import agency_of
from casebus.events.legaltime import CHINA
from casebus.events.types import all_of
from gateway.api import cases, events, histories
from gateway.api.cases import AccessItem, CaseDetail
from gateway.api.histories import HistoryItem, HistoryPage
from gateway.console import revealing, timeline
from gateway.console.coming import NextAct
from gateway.console.languages import PageWords, language_of, words
from gateway.console.naming import PageNames
from gateway.console.reading import BodyLine
from gateway.console.rendering import page
from gateway.console.route import ConsoleRoute
from gateway.console.signin.current import Current, OwnForm
from gateway.console.signin.visitor import Visitor
from gateway.runtime.context import Context, Database, Gateway
from gateway.shapes import Region
from gateway.web import paging

router = APIRouter(route_class=ConsoleRoute, prefix="/console/cases", include_in_schema=False)
#: The most events on one page.
MOST_EVENTS = 1000
_LOOKS = 1000
#: A form also sends an unfilled field, as empty.
On = Annotated[date | None, BeforeValidator(lambda text: text or None), Query()]
_MINUTE, _HOUR, _DAY = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)


@router.get("/{case}")
async def one_case(
    *,
    request: Request,
    case: str,
    visitor: Current,
    gateway: Context,
    database: Database,
    view: Literal["compact", "full", "json"] = "compact",
    by: str = "",
    kind: str = "",
    on: On = None,
    seen_by: Annotated[str, Query(max_length=64)] = "",
    cursor: paging.Cursor = None,
) -> Response:
    """The case as the API shows it to this visitor, drawn.

    If the address says so: as known at the end of a day, or as another agency sees it.
    """
    names: PageNames = request.app.state.names
    then = None if on is None else end_of(on)
    sight: dict[str, Any] = {"known_on": then, "seen_by": seen_by or None}
    found = await cases.one_case(case, visitor.reader, gateway, database, **sight)
    history = await histories.history(
        case=case,
        agency=visitor.reader,
        gateway=gateway,
        database=database,
        cursor=cursor,
        limit=MOST_EVENTS,
        **sight,
    )
    now = then or gateway.now()
    looked = await _accesses(case, visitor, gateway, database)
    shown = [
        one
        for one in history.items
        if (not by or agency_of(one.source) == by)
        and (not kind or one.type == kind)
        and not (view == "compact" and timeline.is_note(one))
    ]
    return page(
        request,
        "case.html",
        visitor,
        case=found,
        history=history,
        as_json=_json(names, history) if view == "json" else "",
        view=view,
        by=by,
        kind=kind,
        on=on,
        seen_by=seen_by,
        today=gateway.now().astimezone(CHINA).date(),
        others=_others(found, visitor),
        authors=sorted({agency_of(one.source) for one in history.items if one.source}),
        kinds=sorted({one.type for one in history.items}),
        drawing=timeline.drawn(shown, found.clocks, now),
        shown=shown,
        courses=[_course(names, one, history.items, now) for one in found.regions],
        accesses=_by_agency(looked),
        reveals=[one for one in looked if one.reason],
        agency=namer(gateway),
        length=length,
    )


@router.get("/{case}/events/{source:segment}/{event_id:segment}")
async def one_event(
    *,
    request: Request,
    case: str,
    source: str,
    event_id: str,
    visitor: Current,
    gateway: Context,
    database: Database,
) -> Response:
    """The content of one event, its hand-over, and its difference from the event before."""
    asked = _Event(request, case, source, event_id)
    return await asked.shown(visitor, gateway, database)


@router.post("/{case}/events/{source:segment}/{event_id:segment}", dependencies=[OwnForm])
async def revealed_event(
    *,
    request: Request,
    case: str,
    source: str,
    event_id: str,
    visitor: Current,
    gateway: Context,
    database: Database,
) -> Response:
    """The same with the fields that pages mask: it needs a reason, which the access log keeps."""
    asked = _Event(request, case, source, event_id)
    await revealing.give_reason(request)
    return await asked.shown(visitor, gateway, database, whole=True)


class _Event(NamedTuple):
    """The requested page of an event."""

    request: Request
    case: str
    source: str
    id: str

    async def shown(
        self, visitor: Visitor, gateway: Gateway, database: Database, *, whole: bool = False
    ) -> Response:
        names: PageNames = self.request.app.state.names
        found = await cases.one_case(self.case, visitor.reader, gateway, database)
        history = await histories.history(
            case=self.case,
            agency=visitor.reader,
            gateway=gateway,
            database=database,
            limit=MOST_EVENTS,
        )
        at = place_of(history.items, self.source, self.id)
        item = history.items[at]
        earlier = [one for one in history.items[:at] if one.type == item.type and one.data]
        t = words(language_of(self.request))
        said = names.said(t, item.type, item.data, whole=whole)
        before = names.said(t, item.type, earlier[-1].data, whole=whole) if earlier else []
        return page(
            self.request,
            "event.html",
            visitor,
            case=found,
            item=item,
            said=said,
            hidden=[] if whole else names.hidden(t, item.type, item.data),
            earlier=earlier[-1] if earlier else None,
            differences=differences(before, said) if earlier and item.data else [],
            receipts=await receipts(visitor, gateway, database, self.source, self.id),
            openings=[one for one in history.items if _is_about(one, item)],
            agency=namer(gateway),
            length=length,
        )


def _json(names: PageNames, history: HistoryPage) -> str:
    masked = [
        one.model_copy(update={"data": names.masked(one.type, one.data)}) for one in history.items
    ]
    return history.model_copy(update={"items": masked}).model_dump_json(indent=1)


def end_of(day: date) -> datetime:
    """The last second of a day in Beijing."""
    return datetime.combine(day, time(23, 59, 59), CHINA)


def _others(found: CaseDetail, visitor: Visitor) -> list[str]:
    """The agencies as which a holder of a role may look at the case: other holders, its opener."""
    named = {one for who in found.roles.values() for one in who} | {found.opener or ""}
    own = {visitor.agency or ""}
    return sorted(named - own - {""}) if own & named else []


class FieldChange(NamedTuple):
    """A field with a changed value; None if it has no value."""

    label: str
    before: Any
    after: Any


def differences(before: Sequence[BodyLine], after: Sequence[BodyLine]) -> list[FieldChange]:
    then, now = dict(before), dict(after)
    labels = dict.fromkeys([*now, *then])
    return [
        FieldChange(label, then.get(label), now.get(label))
        for label in labels
        if then.get(label) != now.get(label)
    ]


@dataclass(frozen=True, slots=True)
class Course:
    """One procedure of the case: its past events, its state, its possible next acts."""

    region: Region
    steps: list[HistoryItem]
    next: list[NextAct]


def _course(
    names: PageNames, region: Region, items: Sequence[HistoryItem], now: datetime
) -> Course:
    procedure = names.ways.get(region.procedure)
    if procedure is None:
        return Course(region, [], [])
    steps = [one for one in items if one.folded and procedure.has(one.type)]
    return Course(region, steps, procedure.next(region.status, now.astimezone(CHINA).date()))


@dataclass(frozen=True, slots=True)
class Looks:
    """The number of an agency's looks at a case, and the time of the last."""

    agency: str
    count: int
    refused: int
    last: datetime
    #: The reasons why an operator was shown the content of the case, each once.
    break_glass: tuple[str, ...] = ()


async def _accesses(
    case: str, visitor: Visitor, gateway: Gateway, database: Database
) -> list[AccessItem]:
    """The people who looked at the case. Nothing for a visitor who may not know."""
    if visitor.agency is None:
        return []
    try:
        found = await cases.accesses(
            case=case, agency=visitor.agency, gateway=gateway, database=database, limit=_LOOKS
        )
    except CasebusError:
        return []
    return found.items


def _by_agency(items: Sequence[AccessItem]) -> list[Looks]:
    by_agency = sorted(items, key=lambda one: one.agency)
    looks = [_looks(name, list(rows)) for name, rows in groupby(by_agency, lambda one: one.agency)]
    return sorted(looks, key=lambda one: one.last, reverse=True)


def _looks(agency: str, rows: Sequence[AccessItem]) -> Looks:
    refused = sum(one.status >= HTTPStatus.BAD_REQUEST for one in rows)
    reasons = (one.break_glass_reason for one in rows if one.break_glass is not None)
    opened = tuple(dict.fromkeys(one or "" for one in reasons))
    return Looks(agency, len(rows) - refused, refused, max(one.at for one in rows), opened)


async def receipts(
    visitor: Visitor,
    gateway: Gateway,
    database: Database,
    source: str,
    event_id: str,
    *,
    proof: bool = False,
) -> events.Receipts | None:
    """The proofs of the hand-over. None if the visitor may not know them."""
    try:
        return await events.receipts(
            source, event_id, visitor.reader, gateway, database, proof=proof
        )
    except CasebusError as refused:
        if refused.code != "not_found":
            raise
        return None


def place_of(items: Sequence[HistoryItem], source: str, event_id: str) -> int:
    """Raises CasebusError `not_found` if the history does not show it."""
    for at, one in enumerate(items):
        if (one.source, one.id) == (source, event_id):
            return at
    raise CasebusError("not_found")


def _is_about(note: HistoryItem, item: HistoryItem) -> bool:
    about = (note.data.get("event_source"), note.data.get("event_id"))
    return note.type.startswith(all_of("intake")) and about == (item.source, item.id)


def namer(gateway: Gateway) -> Any:
    """The name of an agency, or its id if the directory does not know it."""
    known = gateway.directory().agencies

    def name(agency: str) -> str:
        return known[agency].name if agency in known else agency

    return name


def length(period: timedelta, t: PageWords) -> str:
    """A length of time in its largest whole unit."""
    for name, unit in (("days", _DAY), ("hours", _HOUR)):
        if period >= unit:
            return t(f"length.{name}", count=period // unit)
    return t("length.minutes", count=max(period // _MINUTE, 0))
