"""The caller's cases: found by the facts shown to it, sorted, paged and counted."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import UTC, date, datetime, time, timedelta
from typing import Annotated, Any, Literal
from uuid import UUID

from fastapi import APIRouter, Query
from pydantic import BaseModel, Field

from casebus.events.identifiers import FORM, identify
from casebus.events.legaltime import CHINA
from casebus.events.limits import LONGEST_NUMBER
from casebus.events.numbers import canonical_number
from casebus.events.traces import trace_id
from casebus.rows import RowLike
from gateway.access import redaction
from gateway.access.looks import Looking
from gateway.api.cases import CaseSummary, summary_of, viewer_of
from gateway.cases import bodies
from gateway.figures.query import prefix
from gateway.figures.rules import rules
from gateway.identity.caller import Reader
from gateway.problems import documented, unfit
from gateway.route import ServedRoute
from gateway.runtime.context import Context, Database, Gateway
from gateway.shapes import MOST_DAYS, Next, Shape
from gateway.web import paging
from storage import reads, searching
from storage.searching import By, CaseFilter, NextDue, Page, Sort, ValueCount, Viewing

router = APIRouter(route_class=ServedRoute, prefix="/v1/cases", tags=["cases"])
_DAY = timedelta(days=1)
_FEW = 20
ClockState = Literal[
    "overdue",
    "running",
    "unconfirmed",
    "breached",
    "paused",
    "met",
    "met_late",
    "cancelled",
    "lapsed",
    "late",
]


class Filters(BaseModel):
    """The conditions of a search, all at once.

    A hidden fact of a case never finds it.
    """

    status: str | None = Field(None, max_length=64, description="Of any procedure of the case.")
    procedure: str | None = Field(None, max_length=64, description="Any that runs in the case.")
    agency: str | None = Field(
        None, max_length=64, description="Opened the case or holds a role in it."
    )
    division: str = Field("", max_length=6, description="Of the agency that opened it: 330100.")
    clock: str | None = Field(None, max_length=64, description="A clock's id: T08.")
    clock_state: ClockState | None = Field(
        None,
        description="State of that clock, or of any clock. `overdue`: owed now and late; `late`: "
        "done, but after its last day; both without history.",
    )
    owes: str | None = Field(None, max_length=64, description="The agency whose clock that is.")
    due_within_days: int | None = Field(
        None, ge=0, le=MOST_DAYS, description="A running clock falls due in so many days."
    )
    due_to: date | None = Field(
        None, description="A running clock falls due from now to this day, in China."
    )
    finding: str | None = Field(None, max_length=64, description="A kind of finding: gap.")
    offence: str | None = Field(
        None, max_length=16, description="Article that an assessment of the case names: 214."
    )
    opened_from: date | None = Field(None, description="First day of opening, in China.")
    opened_to: date | None = Field(None, description="Last day of opening.")
    changed_from: date | None = Field(None, description="First day of the last change.")
    changed_to: date | None = Field(None, description="Last day of the last change.")
    organisation: str | None = Field(
        None, max_length=64, description="统一社会信用代码 of a party, where the caller has a role."
    )
    number: str | None = Field(None, max_length=LONGEST_NUMBER, description="A local number.")
    event: str | None = Field(None, max_length=200, description="The id of one of its events.")
    trace: str | None = Field(
        None,
        max_length=64,
        description="Trace id of one of its events, or the whole `traceparent` (W3C).",
    )
    title: str | None = Field(
        None,
        max_length=200,
        description="Words that all stand in the shown `title`, or in one of `matter_titles`.",
    )


class Awaited(Shape):
    """Somebody must act: an open item of work."""

    agency: str = Field(examples=["cn-330106-psb"])
    duty: str = Field(examples=["decide_filing"])
    title: str = Field(examples=["决定是否立案"])


class SearchedCase(CaseSummary):
    """A case in a list, with its next due step and who owes it."""

    due: datetime | None = Field(default=None, description="The next end of a running clock.")
    provisional: bool = Field(default=False, description="暂定: `due` may still move.")
    awaited: list[Awaited] = Field(
        default=[], description="Who must act now, for those who see duties."
    )


class CasePage(Shape):
    items: list[SearchedCase]
    next: Next
    total: int | None = Field(
        default=None, description="How many there are on all pages, where `count` asks for it."
    )


class Counted(Shape):
    value: str = Field(examples=["filed"])
    count: int = Field(examples=[12])


class CaseCounts(Shape):
    by: By
    total: int = Field(examples=[12])
    items: list[Counted]


_REFUSALS = documented("unauthenticated", "database_unavailable", "directory_unavailable")


@router.get("", responses=_REFUSALS | documented("malformed_cursor"))
async def cases(
    *,
    agency: Reader,
    gateway: Context,
    database: Database,
    filters: Annotated[Filters, Query()],
    sort: Annotated[Sort, Query(description="With a minus the latest first.")] = "-changed",
    count: Annotated[bool, Query(description="Say how many there are in all.")] = False,
    cursor: paging.Cursor = None,
    limit: paging.Limit = 50,
) -> CasePage:
    """The caller's cases; an operator's are all cases, without the content of bodies."""
    viewing = _viewing(gateway, agency)
    wanted = await _wanted(gateway, viewing, filters)
    after = None if cursor is None else _place(sort, paging.decode(cursor))
    rows = await searching.page(database, viewing, wanted, Page(sort, after, limit + 1))
    database.note(rows[:limit])
    last = rows[limit - 1] if len(rows) > limit else None
    return CasePage(
        items=await _found(gateway, database, agency, rows[:limit]),
        next=last and paging.encode([sort, last["place"].isoformat(), str(last["stream"])]),
        total=await _total(database, viewing, wanted) if count else None,
    )


async def _found(
    gateway: Gateway, database: Looking, agency: str, rows: Sequence[RowLike]
) -> list[SearchedCase]:
    """The rows as the agency sees them."""
    streams = [one["stream"] for one in rows]
    titles = await reads.titles(database, streams)
    dues = await searching.next_dues(database, streams)
    return [
        SearchedCase(
            **redaction.of_case(viewer, gateway.access, summary_of(one), titles[one["stream"]]),
            **({} if redaction.is_closed(viewer) else _due(dues.get(one["stream"]))),
            awaited=_awaited(one["view"])
            if "work" in redaction.lists_of(viewer, gateway.access)
            else [],
        )
        for one in rows
        for viewer in [viewer_of(gateway, agency, one)]
    ]


def _due(next_due: NextDue | None) -> dict[str, Any]:
    return {} if next_due is None else next_due._asdict()


def _awaited(view: dict[str, Any]) -> list[Awaited]:
    open_items = [one for one in view.get("work") or [] if not one.get("closed_by")]
    return [Awaited(**{name: one[name] for name in Awaited.model_fields}) for one in open_items]


@router.get("/counts", responses=_REFUSALS)
async def counts(
    *,
    agency: Reader,
    gateway: Context,
    database: Database,
    filters: Annotated[Filters, Query()],
    by: Annotated[By, Query(description="`agency`: who opened it; `month`: of opening.")] = "all",
) -> CaseCounts:
    """The number of the caller's cases, by a fact that is shown of each."""
    viewing = _viewing(gateway, agency)
    rows = await _counted(database, viewing, await _wanted(gateway, viewing, filters), by)
    items = [Counted(value=row.value, count=row.count) for row in rows]
    return CaseCounts(by=by, total=sum(one.count for one in items), items=items)


async def _total(database: Looking, viewing: Viewing, wanted: CaseFilter) -> int:
    return sum(row.count for row in await _counted(database, viewing, wanted, "all"))


async def _counted(
    database: Looking, viewing: Viewing, wanted: CaseFilter, by: By
) -> list[ValueCount]:
    """If words of content are counted, a few cases are as good as shown: looks at each."""
    rows = await searching.counts(database, viewing, wanted, by)
    named = (wanted.organisation, wanted.number, wanted.title, wanted.event, wanted.trace)
    singles_out = any(one is not None for one in named)
    if singles_out and 0 < sum(row.count for row in rows) <= _FEW:
        database.note(await searching.page(database, viewing, wanted, Page("-changed", None, _FEW)))
    return rows


def _viewing(gateway: Gateway, agency: str) -> Viewing:
    viewer = bodies.participant(gateway, agency)
    sees = redaction.sees_figures(viewer, gateway.access)
    return Viewing(None if redaction.is_operator(viewer) else agency, sees, gateway.now())


async def _wanted(gateway: Gateway, viewing: Viewing, filters: Filters) -> CaseFilter:
    """The conditions in canonical form. Raises `invalid_parameter` for an unknown one."""
    await _refuse_unknown(gateway, filters)
    return CaseFilter(
        status=filters.status,
        procedure=filters.procedure,
        agency=filters.agency,
        openers=_openers(gateway, filters.division),
        clock=filters.clock,
        clock_state=filters.clock_state,
        owes=filters.owes,
        due_before=_due_before(viewing.now, filters),
        finding=filters.finding,
        offence=filters.offence,
        organisation=_organisation(filters.organisation),
        number=_some("number", filters.number, canonical_number(filters.number or "")),
        event=_some("event", filters.event, (filters.event or "").strip()),
        trace=_trace(filters.trace),
        title=_some("title", filters.title, (filters.title or "").strip()),
        opened_from=_begin(filters.opened_from),
        opened_before=_end("opened_to", filters.opened_to),
        changed_from=_begin(filters.changed_from),
        changed_before=_end("changed_to", filters.changed_to),
    )


async def _refuse_unknown(gateway: Gateway, filters: Filters) -> None:
    words = (await rules(gateway.settings.policies_dir)).words
    for name, known in words.items():
        _refuse(name, getattr(filters, name), known)
    for name in ("agency", "owes"):
        given = getattr(filters, name)
        if given is not None and gateway.directory().agency(given) is None:
            raise unfit(name, "the directory has no agency of this name")


def _refuse(name: str, value: str | None, known: Collection[str]) -> None:
    if value is not None and value not in known:
        raise unfit(name, f"unknown; known here: {', '.join(sorted(known))}")


def _openers(gateway: Gateway, division: str) -> tuple[str, ...] | None:
    """The agencies of a division and of those below it."""
    digits = prefix(division)
    known = gateway.directory().agencies.values()
    return tuple(one.id for one in known if one.division.startswith(digits)) if digits else None


def _organisation(code: str | None) -> str | None:
    if code is None:
        return None
    found = identify("uscc", code)
    if not found.canonical or found.problem == FORM:
        raise unfit("organisation", "a code (统一社会信用代码) has 18 digits and letters")
    return found.canonical


def _some(name: str, given: str | None, canonical: str) -> str | None:
    if given is None:
        return None
    if not canonical:
        raise unfit(name, "it is empty")
    return canonical


def _trace(text: str | None) -> bytes | None:
    if text is None:
        return None
    found = trace_id(text)
    if found is None:
        raise unfit("trace", "a trace id has 32 hexadecimal digits, not all of them zero")
    return found.encode()


def _due_before(now: datetime, filters: Filters) -> datetime | None:
    """The earlier of the two bounds."""
    days, last = filters.due_within_days, _end("due_to", filters.due_to)
    within = None if days is None else now + days * _DAY
    return min((one for one in (within, last) if one is not None), default=None)


def _begin(day: date | None) -> datetime | None:
    """The beginning of a day in China."""
    if day is None:
        return None
    return datetime.combine(max(day, date(1, 1, 2)), time(), CHINA).astimezone(UTC)


def _end(name: str, day: date | None) -> datetime | None:
    if day == date.max:
        raise unfit(name, "no day is later")
    return None if day is None else _begin(day + _DAY)


def _place(sort: Sort, place: Any) -> tuple[datetime, UUID]:
    match place:
        case [str() as sorted_by, str() as moment, str() as stream] if sorted_by == sort:
            try:
                return paging.moment(moment), UUID(stream)
            except ValueError:
                raise paging.malformed() from None
    raise paging.malformed()
