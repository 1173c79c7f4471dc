"""督办: overdue steps, missing transfers, and returned cases without an answer."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta
from typing import Annotated, Any, cast
from uuid import UUID

from fastapi import APIRouter, Query
from pydantic import Field

from casebus.law import Law
from casebus.rows import RowLike
from gateway.access import redaction
from gateway.api.cases import CaseSummary, summaries
from gateway.cases import bodies
from gateway.figures.query import prefix
from gateway.identity.caller import Caller
from gateway.problems import documented, unfit
from gateway.route import ServedRoute
from gateway.runtime.context import Context, Database, Gateway
from gateway.runtime.law import law_of
from gateway.shapes import MOST_DAYS, SOURCE, Moment, Next, Shape
from gateway.web import paging
from storage import overseeing
from storage.overseeing import NEVER, OwedCounts, Place, Watched

router = APIRouter(route_class=ServedRoute, prefix="/v1/oversight", tags=["oversight"])
#: The role that answers in the procedure by which a case comes back, as its law names it.
_REVERSE, _ANSWERS = "reverse_referral", "administrative"
_REFUSALS = documented("unauthenticated", "database_unavailable", "directory_unavailable")

Agency = Annotated[
    str | None, Query(max_length=64, description="Who has to act, or failed to.", examples=[SOURCE])
]
Division = Annotated[
    str, Query(max_length=6, description="Where that agency sits, or below: 330100.")
]


class Counts(Shape):
    """Numbers of cases, each counted once.

    `since` is the moment at which the first overdue one fell due.
    """

    overdue: int = Field(examples=[3], description="OverduePage now and late.")
    since: datetime | None
    soon: int = Field(examples=[1], description="OverduePage, and due in the next days.")
    late: int = Field(examples=[2], description="Done, but after its last day.")


class OwedStep(Counts):
    """One statutory period of one agency."""

    clock: str = Field(examples=["T08"])
    title: str = Field(examples=["决定是否立案"])
    title_en: str = Field(examples=["Decide whether to file"])
    citation: str = ""


class OwedBy(Counts):
    """One agency; a case in which two of its periods are overdue counts once here."""

    agency: str = Field(examples=[SOURCE], description="Empty where no agency holds the role yet.")
    name: str
    steps: list[OwedStep]


class OverduePage(Counts):
    """All of them: the agency with the most overdue cases first."""

    at: datetime
    due_within_days: int
    items: list[OwedBy]


class Omission(Shape):
    """应移送未移送: figures that reach the standard, and no transfer in time."""

    case: CaseSummary
    agency: str = Field(examples=[SOURCE], description="Who owes the transfer.")
    name: str
    since: datetime | None = Field(description="Until when it should have been made.")
    offence: str = Field(default="", examples=["214"], description="Article of the Criminal Law.")
    verdict: str = Field(default="", examples=["TRANSFER_REQUIRED"])
    metric: str = Field(default="", examples=["illegal_business_amount"])
    value: str = Field(default="", examples=["8000000"], description="Money in fen.")
    needed: str = Field(default="", examples=["5000000"])
    citation: str = ""


class OmissionPage(Shape):
    items: list[Omission]
    next: Next
    total: int = Field(description="How many there are, on all pages.")


class Unanswered(Shape):
    """行刑反向衔接: a case that came back to an administrative agency, which has not answered."""

    case: CaseSummary
    agency: str = Field(examples=[SOURCE], description="Who has to answer.")
    name: str
    asker: str = Field(examples=["cn-330106-pro"], description="Who sent it back.")
    asker_name: str
    duties: list[str] = Field(examples=[["reply"]])
    since: datetime | None = Field(description="When that was recorded.")
    due: datetime | None = Field(description="None where the law sets no day.")
    overdue: bool


class UnansweredPage(Shape):
    items: list[Unanswered]
    next: Next
    total: int = Field(description="How many there are, on all pages.")


class BreachedClock(Shape):
    """One statutory period of one agency, at a past moment; cases, each once."""

    agency: str = Field(examples=[SOURCE], description="Empty where it is not known any more.")
    name: str
    clock: str = Field(examples=["T08"])
    title: str = Field(examples=["决定是否立案"])
    title_en: str = Field(examples=["Decide whether to file"])
    citation: str = ""
    missed: int = Field(examples=[2], description="Ran out in the days that are asked for.")
    standing: int = Field(examples=[1], description="Ran out, then or before, and had no act yet.")
    since: datetime | None = Field(description="When the first of those fell due.")


class Breaches(Shape):
    as_of: datetime = Field(description="Only what was recorded by then counts.")
    items: list[BreachedClock]


@router.get("/breached", responses=_REFUSALS)
async def breached(
    *,
    viewer: Caller,
    gateway: Context,
    database: Database,
    as_of: Annotated[Moment | None, Query(description="Recorded time; now by default.")] = None,
    since: Annotated[date | None, Query(alias="from", description="First legal day.")] = None,
    until: Annotated[date | None, Query(alias="to", description="Last legal day.")] = None,
) -> Breaches:
    """Periods that ran out, by agency and step, as known at a moment."""
    moment = as_of or gateway.now().replace(microsecond=0)
    days = (since or date.min, until or date.max)
    rows = await overseeing.breached(database, viewer, moment.astimezone(UTC), *days)
    law = law_of(gateway.settings.policies_dir)
    items = [
        BreachedClock(**row._asdict(), **_titled(law, row.clock), name=_name(gateway, row.agency))
        for row in rows
    ]
    return Breaches(as_of=moment, items=items)


@router.get("/owed", responses=_REFUSALS)
async def owed(
    *,
    viewer: Caller,
    gateway: Context,
    database: Database,
    agency: Agency = None,
    division: Division = "",
    due_within_days: Annotated[
        int, Query(ge=0, le=MOST_DAYS, description="What counts as due soon.")
    ] = 3,
) -> OverduePage:
    """Overdue, due soon and done too late, by agency and step, in the cases that the caller sees.

    `GET /v1/cases?owes=…&clock=…&clock_state=overdue` lists the cases of a count.
    """
    watched, now = _watched(gateway, viewer, agency, division), gateway.now()
    soon = now + timedelta(days=due_within_days)
    rows = await overseeing.owed(database, watched, now, soon)
    law = law_of(gateway.settings.policies_dir)
    steps: dict[str, list[OwedStep]] = {}
    for row in rows:
        if row.agency is not None and row.clock is not None:
            steps.setdefault(row.agency, []).append(_step(law, row, row.clock))
    items = [
        OwedBy(
            **_counts(row),
            agency=row.agency,
            name=_name(gateway, row.agency),
            steps=steps[row.agency],
        )
        for row in rows
        if row.clock is None and row.agency is not None
    ]
    return OverduePage(**_counts(rows[-1]), at=now, due_within_days=due_within_days, items=items)


@router.get("/omissions", responses=_REFUSALS | documented("malformed_cursor"))
async def omissions(
    *,
    viewer: Caller,
    gateway: Context,
    database: Database,
    agency: Agency = None,
    division: Division = "",
    cursor: paging.Cursor = None,
    limit: paging.Limit = 50,
) -> OmissionPage:
    """Cases whose transfer is owed and missing, the longest owed first."""
    watched = _watched(gateway, viewer, agency, division)
    rows = await overseeing.omissions(database, watched, _after(cursor), limit + 1)
    cases = await summaries(gateway, database, viewer, rows[:limit])
    items = [
        Omission(
            **{name: str(row["detail"].get(name) or "") for name in _DETAIL},
            case=case,
            agency=row["agency"],
            name=_name(gateway, row["agency"]),
            since=_some(row["since"]),
        )
        for row, case in zip(rows, cases, strict=False)
    ]
    return OmissionPage(items=items, next=_next(rows, limit, "since"), total=_total(rows))


_DETAIL = ("offence", "verdict", "metric", "value", "needed", "citation")


@router.get("/unanswered", responses=_REFUSALS | documented("malformed_cursor"))
async def unanswered(
    *,
    viewer: Caller,
    gateway: Context,
    database: Database,
    agency: Agency = None,
    division: Division = "",
    cursor: paging.Cursor = None,
    limit: paging.Limit = 50,
) -> UnansweredPage:
    """Cases sent back to an administrative agency that has not answered, the first due first."""
    watched, now = _watched(gateway, viewer, agency, division), gateway.now()
    duties = _duties(law_of(gateway.settings.policies_dir))
    rows = await overseeing.unanswered(database, watched, duties, _after(cursor), limit + 1)
    cases = await summaries(gateway, database, viewer, rows[:limit])
    items = [
        Unanswered(
            case=case,
            agency=row["agency"],
            name=_name(gateway, row["agency"]),
            asker=row["asker"],
            asker_name=_name(gateway, row["asker"]),
            duties=row["duties"],
            since=row["since"],
            due=_some(row["due"]),
            overdue=row["due"] < now,
        )
        for row, case in zip(rows, cases, strict=False)
    ]
    return UnansweredPage(items=items, next=_next(rows, limit, "due"), total=_total(rows))


def _watched(gateway: Gateway, viewer: str, agency: str | None, division: str) -> Watched:
    if agency is not None and gateway.directory().agency(agency) is None:
        raise unfit("agency", "the directory has no agency of this name")
    sees = redaction.sees_figures(bodies.participant(gateway, viewer), gateway.access)
    return Watched(viewer, sees, agency, _seated(gateway, division))


def _seated(gateway: Gateway, division: str) -> Sequence[str] | None:
    """The agencies of a division and of those below it."""
    digits = prefix(division)
    known = gateway.directory().agencies.values()
    return [one.id for one in known if one.division.startswith(digits)] if digits else None


def _counts(row: OwedCounts) -> dict[str, Any]:
    return {name: getattr(row, name) for name in Counts.model_fields}


def _step(law: Law, row: OwedCounts, clock: str) -> OwedStep:
    return OwedStep(**_counts(row), clock=clock, **_titled(law, clock))


def _titled(law: Law, clock: str) -> dict[str, str]:
    """The clock's title by the installed law. A clock of an earlier law only has its id."""
    if clock not in law.clocks:
        return {"title": clock, "title_en": clock}
    rule = law.clocks[clock][-1]
    return {"title": rule.title, "title_en": rule.title_en, "citation": rule.citation}


def _duties(law: Law) -> list[str]:
    """The duties of an administrative agency about a case that came back."""
    duties = law.procedures[_REVERSE].duties.values()
    return [one.name for one in duties if one.role == _ANSWERS]


def _name(gateway: Gateway, agency: str) -> str:
    known = gateway.directory().agency(agency)
    return known.name if known else agency


def _some(moment: datetime) -> datetime | None:
    return None if moment == NEVER else moment


def _total(rows: Sequence[RowLike]) -> int:
    return cast("int", rows[0]["total"]) if rows else 0


def _next(rows: Sequence[RowLike], limit: int, by: str) -> str | None:
    if len(rows) <= limit:
        return None
    last = rows[limit - 1]
    return paging.encode([last[by].isoformat(), str(last["stream"]), last["agency"]])


def _after(cursor: str | None) -> Place | None:
    if cursor is None:
        return None
    match paging.decode(cursor):
        case [str() as moment, str() as stream, str() as agency]:
            try:
                return paging.moment(moment), UUID(stream), agency
            except ValueError:
                raise paging.malformed() from None
    raise paging.malformed()
