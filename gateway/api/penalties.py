"""有案不录: compares published penalties with the bus, and shows the questions about missing ones.

The questions are those of one agency. For secret cases see docs/adr/0062.
"""

from __future__ import annotations

from datetime import date, datetime
from typing import Annotated, Any, Literal, NamedTuple
from uuid import UUID

from fastapi import APIRouter, Query
from pydantic import BaseModel, ConfigDict, Field

from casebus.cases.listed import Listed, PenaltyKey, question_stream
from casebus.events.limits import LONGEST_NUMBER
from casebus.rows import RowLike
from casebus.trust.agency_names import AgencyNames, NamedAgency
from gateway.identity.caller import Caller
from gateway.problems import documented
from gateway.route import ServedRoute
from gateway.runtime.context import Context, Database, Gateway
from gateway.shapes import CASE, SOURCE, LocalNumber, Next, Shape
from gateway.web import paging
from storage import penalties
from storage.penalties import OfficeQuestions, Sought

router = APIRouter(route_class=ServedRoute, prefix="/v1/penalties", tags=["penalties"])
_MOST = 500
_NUMBER = "杭西市监罚〔2026〕7号"
_REFUSALS = documented("unauthenticated", "invalid_request", "database_unavailable")
Outcome = Literal[
    "entered",
    "asked",
    "explained",
    "withdrawn",
    "missing",
    "unidentified",
    "not_yours",
    "unknown_office",
]


class ListedPenalty(BaseModel):
    """One row of a published list; the office by its id or by its name in the directory."""

    model_config = ConfigDict(extra="forbid")

    office: str = Field(max_length=LONGEST_NUMBER, examples=["杭州市西湖区市场监督管理局"])
    number: str = Field(default="", max_length=LONGEST_NUMBER, examples=[_NUMBER])
    decided_on: date | None = Field(default=None, examples=["2026-03-02"])
    party_code: str = Field(default="", max_length=LONGEST_NUMBER, examples=["91330106MA2TEX7081"])
    party_name: str = Field(
        default="", max_length=LONGEST_NUMBER, examples=["杭州茗汇茶叶有限公司"]
    )


class PublishedList(BaseModel):
    model_config = ConfigDict(extra="forbid")

    items: list[ListedPenalty] = Field(min_length=1, max_length=_MOST)


class PenaltyComparison(Shape):
    """The bus's answer for one row.

    `entered`: it has the penalty. `asked`, `explained`, `withdrawn`: the state of the caller's own
    question about it. `missing`: it has none that the caller may know of, and the caller never
    asked. `unidentified`: neither a number (with its date, if it has no year) nor date and party.
    `not_yours`: an office that the caller may not ask.
    """

    outcome: Outcome
    office: str = Field(examples=[SOURCE], description="Its id; empty where nobody has the name.")
    question: str = Field(examples=[f"{SOURCE}: {_NUMBER}"], description="The question's number.")
    case: str | None = Field(examples=[CASE], description="The stream of the caller's question.")


class ComparedList(Shape):
    """In the order of the request."""

    items: list[PenaltyComparison]


class Question(Shape):
    """A question of the caller's; `due` if the installation has set a period and it runs."""

    case: str = Field(examples=[CASE])
    office: str | None = Field(examples=[SOURCE])
    status: str = Field(examples=["asked"])
    numbers: list[LocalNumber]
    asked_at: datetime | None
    updated_at: datetime
    due: datetime | None


class QuestionPage(Shape):
    items: list[Question]
    next: Next


class OfficeCounts(Shape):
    """The state of the caller's questions to one office; `overdue` are some of the open ones.

    Days count from the bus's receipt of the question, to the first answer or to now.
    """

    office: str | None = Field(examples=[SOURCE])
    asked: int
    open: int
    overdue: int
    explained: int
    entered: int
    withdrawn: int
    median_days: float | None = Field(examples=[6.5], description="Half were answered in so many.")
    oldest_open_days: float | None = Field(examples=[12.0])


class Offices(Shape):
    items: list[OfficeCounts]


@router.post("/compare", responses=_REFUSALS | documented("directory_unavailable"))
async def compare(
    listed: PublishedList, agency: Caller, gateway: Context, database: Database
) -> ComparedList:
    """Tell which of these penalties the bus has, and which the caller has asked about.

    Asks nothing.

    A secret case that the caller may not know of counts as missing. Each case that answers has the
    look in its access log.
    """
    rows = _read(gateway, agency, listed.items)
    sought = {one.stream: Sought(agency, one.listed.office, one.known) for one in rows if one.known}
    streams = list(sought)
    events = gateway.asking.penalties
    found = await penalties.entered(database, list(sought.values()), events)
    entered = {streams[place] for place in found}
    standing = await penalties.standing(database, agency, map(UUID, streams))
    return ComparedList(items=[_compared(one, entered, standing) for one in rows])


class _Row(NamedTuple):
    """One row as read: its office, and the key of its penalty."""

    outcome: Outcome
    listed: Listed
    known: PenaltyKey | None = None
    question: str = ""
    stream: str = ""


def _read(gateway: Gateway, agency: str, items: list[ListedPenalty]) -> list[_Row]:
    every = list(gateway.directory().agencies.values())
    names = AgencyNames(NamedAgency(one.id, one.sector, (one.name,)) for one in every)
    return [_row(gateway, agency, one, names.find(one.office)) for one in items]


def _row(gateway: Gateway, agency: str, given: ListedPenalty, office: NamedAgency | None) -> _Row:
    listed = Listed(**(given.model_dump() | {"office": office.id if office else ""}))
    if office is None:
        return _Row("unknown_office", listed)
    if not gateway.asking.may_ask(agency, office.id, gateway.directory()):
        return _Row("not_yours", listed)
    known = listed.known()
    if known is None:
        return _Row("unidentified", listed)
    question = listed.question(known)
    return _Row("missing", listed, known, question, question_stream(agency, question))


def _compared(row: _Row, entered: set[str], standing: dict[UUID, str]) -> PenaltyComparison:
    status = standing.get(UUID(row.stream)) if row.stream else None
    outcome = "entered" if row.stream in entered else status or row.outcome
    case = row.stream if status else None
    return PenaltyComparison(
        outcome=outcome, office=row.listed.office, question=row.question, case=case
    )


@router.get("/questions", responses=_REFUSALS | documented("malformed_cursor"))
async def questions(
    *,
    agency: Caller,
    database: Database,
    status: Annotated[Literal["asked", "explained", "entered", "withdrawn"] | None, Query()] = None,
    office: Annotated[str | None, Query(max_length=LONGEST_NUMBER, description="Its id.")] = None,
    cursor: paging.Cursor = None,
    limit: paging.Limit = 50,
) -> QuestionPage:
    """The caller's questions about published penalties, the newest first."""
    rows = await penalties.questions(
        database,
        agency,
        status=status,
        office=office,
        after=None if cursor is None else _place(paging.decode(cursor)),
        limit=limit + 1,
    )
    database.keep_back(rows[limit:])
    last = rows[limit - 1] if len(rows) > limit else None
    place = last and paging.encode([last["opened_at"].isoformat(), str(last["stream"])])
    return QuestionPage(items=[_question(one) for one in rows[:limit]], next=place)


@router.get("/offices", responses=documented("unauthenticated", "database_unavailable"))
async def offices(agency: Caller, gateway: Context, database: Database) -> Offices:
    """The state of the caller's questions, by the office that was asked."""
    rows = await penalties.offices(database, agency, gateway.now())
    return Offices(items=[OfficeCounts(**one._asdict() | _days(one)) for one in rows])


def _days(row: OfficeQuestions) -> dict[str, float | None]:
    days = {"median_days": row.median_days, "oldest_open_days": row.oldest_open_days}
    return {name: None if one is None else round(float(one), 1) for name, one in days.items()}


def _question(row: RowLike) -> Question:
    return Question(
        case=str(row["stream"]),
        office=row["office"],
        status=row["status"],
        numbers=row["numbers"],
        asked_at=row["opened_at"],
        updated_at=row["updated_at"],
        due=row["due"],
    )


def _place(place: Any) -> tuple[datetime, UUID]:
    match place:
        case [str() as moment, str() as stream]:
            try:
                return datetime.fromisoformat(moment), UUID(stream)
            except ValueError:
                raise paging.malformed() from None
    raise paging.malformed()
