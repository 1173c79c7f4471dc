"""Work: an agency's items, and its officers' acts on them."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Annotated, Any, Literal
from uuid import UUID

from fastapi import APIRouter, Header, Query, Response
from pydantic import BaseModel, ConfigDict, Field, field_validator

from casebus.errors import CasebusError
from casebus.events.legaltime import LegalTime
from casebus.rows import RowLike
from gateway.api.events import location
from gateway.cases import retrievals
from gateway.identity.caller import Caller
from gateway.problems import documented
from gateway.route import ServedRoute
from gateway.runtime.context import Context, Database
from gateway.shapes import CASE, EVENT, Finding, Moment, Next, Shape, WorkItem
from gateway.web import paging
from gateway.work import actions, views
from storage import work as items
from storage.work import Order, WorkFilter

router = APIRouter(route_class=ServedRoute, prefix="/v1/work", tags=["work"])

Actor = Annotated[
    str,
    Header(
        alias="casebus-actor", max_length=100, description="Pseudonym of the officer who reads."
    ),
]


class WorkPage(Shape):
    items: list[WorkItem]
    next: Next
    total: int = Field(description="How many items there are, on all pages.")
    overdue: int = Field(description="How many of them are open and past their due date.")


class ActionRequest(BaseModel):
    """An officer's act; `version` is that of the item as it was read."""

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={
            "example": {
                "version": 1,
                "actor": "P-1024",
                "data": {"ground": "INSUFFICIENT_FACTS", "reasons": "数额未达立案标准"},
                "legal_time": "2026-03-05",
            }
        },
    )

    version: int = Field(ge=0)
    actor: str = Field(min_length=1, max_length=100, description="A pseudonym, never a name.")
    data: dict[str, Any] = Field(
        default_factory=dict,
        description="The body of the event. What the law asks of the act must be there: `requires` "
        "of the work item lists it.",
    )
    to: list[str] | None = Field(
        default=None,
        max_length=100,
        description="Recipients; by default the author of the event that opened the item, or who "
        "opened the case where that author is the caller. The copies that the law owes are added "
        "by the bus.",
    )
    legal_time: str | None = Field(
        default=None, description="A date, or a time with a zone; by default now."
    )

    @field_validator("legal_time")
    @classmethod
    def _readable(cls, text: str | None) -> str | None:
        if text is not None:
            LegalTime.entered(text)
        return text


class EventRef(Shape):
    source: str = Field(examples=["cn-330106-psb"])
    id: str = Field(examples=[EVENT])
    subject: str = Field(examples=[CASE])


class ActionOutcome(Shape):
    """`done`: the event is folded, with the findings about it. `pending`: ask its Location."""

    status: Literal["done", "pending"]
    event: EventRef
    findings: list[Finding]
    work_item: WorkItem | None


_ACTED: dict[int | str, dict[str, Any]] = {
    202: {"model": ActionOutcome, "description": "On its way; ask its Location."}
}


@router.get(
    "",
    responses=documented(
        "unauthenticated",
        "malformed_cursor",
        "invalid_request",
        "database_unavailable",
        "directory_unavailable",
    ),
)
async def work(
    *,
    agency: Caller,
    gateway: Context,
    database: Database,
    status: Annotated[Literal["open", "closed", "all"], Query()] = "open",
    case: Annotated[UUID | None, Query(description="Only of this case.")] = None,
    key: Annotated[
        str | None, Query(pattern=r"^[0-9a-f-]{4,36}$", description="The beginning of its key.")
    ] = None,
    taken_by: Annotated[
        str | None, Query(max_length=100, description="Pseudonym of the officer who took it.")
    ] = None,
    unit: Annotated[str | None, Query(max_length=100)] = None,
    new: Annotated[bool | None, Query(description="Whether nobody has taken it.")] = None,
    due_from: Annotated[Moment | None, Query(description="Due at this moment or later.")] = None,
    due_before: Annotated[Moment | None, Query(description="Due earlier than this moment.")] = None,
    sort: Annotated[
        Order, Query(description="The first due, or the last received, first.")
    ] = "due",
    cursor: paging.Cursor = None,
    limit: paging.Limit = 50,
) -> WorkPage:
    """The caller's work items, the most urgent first: by due date, overdue ones before all."""
    is_open = {"open": True, "closed": False, "all": None}[status]
    wanted = WorkFilter(is_open, case, key, taken_by, unit, new, due_from, due_before)
    after = None if cursor is None else _place(paging.decode(cursor))
    rows = await items.items(database, agency, wanted, after=after, limit=limit + 1, order=sort)
    database.keep_back(rows[limit:])
    last = rows[limit - 1] if len(rows) > limit else None
    counts = await items.count(database, agency, wanted, gateway.now())
    shown = await views.shown(gateway, agency, rows[:limit])
    return WorkPage(items=shown, next=last and _cursor(last, sort), **counts._asdict())


@router.get("/{key}", responses=documented("unauthenticated", "not_found"))
async def one_item(
    *, key: str, agency: Caller, gateway: Context, database: Database, actor: Actor = ""
) -> WorkItem:
    """One item. Reading it opens the event that brought it, which `intake.opened` reports."""
    row = await items.item(database, agency, key)
    if row is None:
        raise CasebusError("not_found")
    item = await views.in_full(gateway, agency, row)
    await retrievals.note(gateway, agency, item.opened_by.source, item.opened_by.id, actor=actor)
    return item


@router.post(
    "/{key}/{action}",
    responses=_ACTED
    | documented(
        "unauthenticated",
        "not_found",
        "work_changed",
        "work_closed",
        "work_pending",
        "superseded",
        "action_rejected",
        "unknown_action",
        "act_incomplete",
        "already_taken",
        "legal_time_ahead",
        "invalid_data",
        "database_unavailable",
        "bus_unavailable",
    ),
)
async def act(
    *,
    key: str,
    action: str,
    given: ActionRequest,
    response: Response,
    agency: Caller,
    gateway: Context,
    database: Database,
) -> ActionOutcome:
    """Do something on an item; the same request again gives the same outcome."""
    wanted = actions.Action(
        word=action,
        version=given.version,
        actor=given.actor,
        data=given.data,
        to=None if given.to is None else tuple(given.to),
        legal_time=given.legal_time,
    )
    outcome = await actions.act(gateway, agency, key, wanted)
    finished = outcome.finished
    response.status_code = 200 if outcome.settled else 202
    response.headers["Location"] = location(finished.source, finished.event_id)
    row = await items.item(database, agency, key)
    return ActionOutcome(
        status="done" if outcome.settled else "pending",
        event=EventRef(source=finished.source, id=finished.event_id, subject=str(finished.stream)),
        findings=[Finding(**one) for one in outcome.findings],
        work_item=None if row is None else await views.in_full(gateway, agency, row),
    )


#: The place in the order of items without a due date, or without a known receipt.
_NEVER: dict[Order, datetime] = {
    "due": datetime(9999, 12, 31, tzinfo=UTC),
    "received": datetime(1970, 1, 1, tzinfo=UTC),
}


def _cursor(row: RowLike, order: Order) -> str:
    at: datetime = row[order] or _NEVER[order]
    return paging.encode([at.isoformat(), row["key"]])


def _place(place: Any) -> tuple[datetime, str]:
    match place:
        case [str() | None as at, str() as key]:
            try:
                # Cursors of an earlier release have nothing about items that are never due.
                return _NEVER["due"] if at is None else datetime.fromisoformat(at), key
            except ValueError:
                raise paging.malformed() from None
    raise paging.malformed()
