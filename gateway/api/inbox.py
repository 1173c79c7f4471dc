"""收件: the deliveries to a hosted agency; an own consumer reads its inbox topic instead."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any

from fastapi import APIRouter, Query
from pydantic import Field

from casebus.errors import CasebusError
from casebus.events.types import REFERRAL_SENT
from casebus.rows import RowLike
from gateway.api.work import Actor
from gateway.cases import bodies, retrievals
from gateway.identity.caller import Caller
from gateway.problems import documented
from gateway.route import ServedRoute
from gateway.runtime.context import Context, Database
from gateway.shapes import CASE, EVENT, SOURCE, Next, Position, Shape, position_of
from gateway.web import paging
from storage import reads

router = APIRouter(route_class=ServedRoute, prefix="/v1/inbox", tags=["inbox"])


class Delivery(Shape):
    """One delivered event, without its body: reading that is what opens it."""

    case: str = Field(examples=[CASE])
    source: str = Field(examples=[SOURCE])
    id: str = Field(examples=[EVENT])
    type: str = Field(examples=[REFERRAL_SENT])
    legal_at: datetime
    delivered_at: datetime
    position: Position = Field(description="Of the `intake.received` that proves the delivery.")
    unit: str | None = None
    opened_at: datetime | None = None


class DeliveryDetail(Delivery):
    legal_time: str
    recipients: list[str]
    data: dict[str, Any]
    withheld: list[str] = Field(description="Fields that the caller may not see.")
    recalled: bool = Field(description="Its author took it back: its body is shown to nobody else.")


class InboxPage(Shape):
    items: list[Delivery]
    next: Next
    last: str = Field(description="Send as `after` to hear later of what comes after this page.")


@router.get("", responses=documented("unauthenticated", "malformed_cursor", "database_unavailable"))
async def inbox(
    *,
    agency: Caller,
    database: Database,
    after: Annotated[str | None, Query(max_length=4096, description="`last` of before.")] = None,
    cursor: Annotated[str | None, Query(max_length=4096, description="`next` of before.")] = None,
    limit: paging.Limit = 50,
) -> InboxPage:
    """Deliveries past `after`, oldest first; none is left out, whenever it was recorded."""
    begin = cursor or after
    seen = {} if begin is None else _seen(paging.decode(begin))
    places = [(epoch, partition, index) for (epoch, partition), index in seen.items()]
    rows = await reads.inbox(database, agency, seen=places, limit=limit + 1)
    database.keep_back(rows[limit:])
    for row in rows[:limit]:
        seen[row["epoch"], row["partition"]] = row["log_index"]
    last = paging.encode([[*place, index] for place, index in sorted(seen.items())])
    return InboxPage(
        items=[Delivery(**_delivery(row)) for row in rows[:limit]],
        next=last if len(rows) > limit else None,
        last=last,
    )


@router.get(
    "/{source:segment}/{event_id:segment}", responses=documented("unauthenticated", "not_found")
)
async def delivery(
    *,
    source: str,
    event_id: str,
    agency: Caller,
    gateway: Context,
    database: Database,
    actor: Actor = "",
) -> DeliveryDetail:
    """One delivered event with its body. The first reading is reported by `intake.opened`."""
    row = await reads.inbox_item(database, agency, source, event_id)
    if row is None:
        raise CasebusError("not_found")
    # It is shown as it was sent to the agency, whatever part it has in the case.
    viewer = bodies.viewer_of(gateway, agency, {})
    event = {
        "author": row["author"],
        "recipients": row["recipients"],
        "epoch": row["event_epoch"],
        "partition": row["event_partition"],
        "log_index": row["event_index"],
    }
    [one] = await bodies.said(gateway, database, viewer, [event])
    if not one.seen.recalled:
        # An event that was recalled before has nothing to read.
        await retrievals.note_row(gateway, agency, row, actor=actor)
    return DeliveryDetail(
        **_delivery(row),
        legal_time=one.seen.legal_time,
        recipients=row["recipients"],
        data=one.seen.data,
        withheld=one.seen.withheld,
        recalled=one.seen.recalled,
    )


def _delivery(row: RowLike) -> dict[str, Any]:
    return {
        "case": str(row["stream"]),
        "source": row["source"],
        "id": row["id"],
        "type": row["type"],
        "legal_at": row["legal_at"],
        "delivered_at": row["at"],
        "position": position_of(row),
        "unit": row["unit"],
        "opened_at": row["retrieved_at"],
    }


def _seen(place: Any) -> dict[tuple[int, int], int]:
    """The progress of reading in each (epoch, partition)."""
    if not isinstance(place, list):
        raise paging.malformed()
    seen = {}
    for one in place:
        match one:
            case [int() as epoch, int() as partition, int() as index]:
                seen[epoch, partition] = index
            case _:
                raise paging.malformed()
    return seen
