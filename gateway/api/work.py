"""Work: an agency's items, and what its officers do on them."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Annotated, Any, Literal
from uuid import UUID

from fastapi import APIRouter, Header, Query, Response
from pydantic import BaseModel, ConfigDict, Field, field_validator

from casebus.errors import CasebusError
from casebus.events.legaltime import LegalTime
from gateway import actions, openings, paging, working
from gateway.api.events import location
from gateway.api.shapes import CASE, EVENT, Finding, Next, Shape, WorkItem
from gateway.context import Context, Database
from gateway.identity.caller import Caller
from gateway.problems import documented
from gateway.serving import ServedRoute
from storage import reads

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
    """`done`: the event is folded, with what was found about it. `pending`: ask its Location."""

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
    cursor: paging.Cursor = None,
    limit: paging.Limit = 50,
) -> WorkPage:
    """The caller's work items, the most urgent first: by due date, overdue ones before all."""
    wanted = reads.Wanted({"open": True, "closed": False, "all": None}[status], case, key)
    after = None if cursor is None else _place(paging.decode(cursor))
    rows = await reads.work(database, agency, wanted, after=after, limit=limit + 1)
    database.keep_back(rows[limit:])
    last = rows[limit - 1] if len(rows) > limit else None
    place = last and paging.encode([last["due"] and last["due"].isoformat(), last["key"]])
    counts = await reads.work_count(database, agency, wanted, gateway.now())
    items = await working.shown(gateway, agency, rows[:limit])
    return WorkPage(items=items, next=place, **counts)


@router.get("/{key}", responses=documented("unauthenticated", "not_found"))
async def one_item(
    *, key: str, agency: Caller, gateway: Context, database: Database, actor: Actor = ""
) -> WorkItem:
    """One item. Reading it opens the event that brought it, which is told by `intake.opened`."""
    row = await reads.work_item(database, agency, key)
    if row is None:
        raise CasebusError("not_found")
    item = await working.in_full(gateway, agency, row)
    await openings.note(gateway, agency, item.opened_by.source, item.opened_by.id, actor=actor)
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
    row = await reads.work_item(database, agency, key)
    return ActionOutcome(
        status="done" if outcome.settled else "pending",
        event=EventRef(source=finished.source, id=finished.event_id, subject=str(finished.stream)),
        findings=[Finding(**one) for one in outcome.findings],
        work_item=None if row is None else await working.in_full(gateway, agency, row),
    )


#: Where items without a due date stand in the order; the query says the same.
_NEVER = datetime(9999, 12, 31, tzinfo=UTC)


def _place(place: Any) -> tuple[datetime, str]:
    match place:
        case [str() | None as due, str() as key]:
            try:
                return _NEVER if due is None else datetime.fromisoformat(due), key
            except ValueError:
                raise paging.malformed() from None
    raise paging.malformed()
