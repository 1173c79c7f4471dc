"""退回: records that admission rejected, with the reason; the bytes are kept.

An agency is shown in full the records that it signed. Records that others may have written under
its name are counted (ADR 46). An operator is shown all, and each of its looks is in the access log.
"""

from __future__ import annotations

from dataclasses import asdict
from datetime import datetime
from typing import Annotated, Any

from fastapi import APIRouter, Query
from pydantic import Field

from casebus.errors import CasebusError
from casebus.rejections import PASSES_LATER, WHY, why
from gateway.access.looks import Looking
from gateway.identity.caller import Asker, Principal
from gateway.monitoring import rejects
from gateway.problems import documented, unfit
from gateway.route import ServedRoute
from gateway.runtime.context import Context, Database
from gateway.shapes import CASE, EVENT, LONGEST_NAME, SOURCE, Next, Shape
from gateway.web import paging
from storage import reads, redriving
from storage import rejects as stored
from storage.handles import Handle, Row
from storage.rejects import RejectedPlace, RejectFilter, RejectGroup

router = APIRouter(route_class=ServedRoute, prefix="/v1/rejected", tags=["rejected"])

PLACE = "2-17"


class Rejected(Shape):
    """A rejected record as far as it could be read; `late` ones had been journaled before."""

    place: str = Field(examples=[PLACE], description="Where it is kept, and how it is asked for.")
    door: str = Field(examples=["events.police"])
    source: str | None = Field(examples=[SOURCE])
    id: str | None = Field(examples=[EVENT])
    subject: str | None = Field(examples=[CASE])
    reason: str = Field(examples=["bad_signature"])
    detail: str
    late: bool
    signed: bool = Field(description="By a key of the agency that it names.")
    journaled: bool = Field(description="Its event stands in the journal by now.")
    passes_later: bool = Field(
        description="The same bytes may pass once directory, schemas or law say otherwise."
    )
    bytes: int | None
    at: datetime


class Group(Shape):
    """The number of the last records rejected for one reason at one door."""

    reason: str = Field(examples=["unknown_key"])
    door: str = Field(examples=["events.police"])
    count: int
    signed: int = Field(description="Of them by a key of the agency that they name.")
    agencies: list[str] = Field(description="The agencies whose name they bear, the first five.")
    first_at: datetime
    last_at: datetime
    wrong: str = Field(description="What was wrong, in words.")
    remedy: str = Field(description="What to do about it.")
    passes_later: bool


class Unverified(Shape):
    """Records with the caller's name and without its signature: the latest, by door and reason."""

    door: str = Field(examples=["events.police"])
    reason: str = Field(examples=["bad_signature"])
    count: int
    first_at: datetime
    last_at: datetime
    leaves: list[str] = Field(description="Event leaves of the last of them, where there is one.")


class RejectedPage(Shape):
    items: list[Rejected]
    groups: list[Group] = Field(description="On the first page; empty on others.")
    unverified: list[Unverified] = Field(
        description="On an agency's first page; empty on others, and for an operator."
    )
    next: Next


class Header(Shape):
    """A header as its sender had it; `text` is null if it is no UTF-8."""

    name: str = Field(examples=["ce_type"])
    text: str | None


class Again(Shape):
    """A redrive of the same bytes."""

    redrive: int
    asked_by: str
    decided_by: str | None
    sent_at: datetime | None
    needless: bool = Field(description="The journal had it: nothing was sent.")


class RejectedRecord(Rejected):
    """One rejected record, read as far as it can be."""

    wrong: str
    remedy: str
    key: str | None
    headers: list[Header]
    stamps: dict[str, str] = Field(description="What the bus said of it.")
    data: dict[str, Any] | None = Field(description="The body; none where no schema reads it.")
    unreadable: str = Field(description="Why there is no `data`.")
    beginning: str | None = Field(description="A dump of the first bytes that no schema reads.")
    draft: dict[str, Any] | None = Field(
        description="A CloudEvent without id, for its sender to correct and sign."
    )
    redrives: list[Again]


Reason = Annotated[str | None, Query(max_length=LONGEST_NAME, examples=["unknown_key"])]
Door = Annotated[str | None, Query(max_length=LONGEST_NAME, examples=["events.police"])]
Source = Annotated[
    str | None, Query(max_length=LONGEST_NAME, description="The agency whose name it bears.")
]
Every = Annotated[
    bool,
    Query(alias="all", description="False: without those whose event stands in the journal."),
]


@router.get("", responses=documented("unauthenticated", "malformed_cursor", "database_unavailable"))
async def rejected(
    *,
    asker: Asker,
    database: Database,
    reason: Reason = None,
    door: Door = None,
    source: Source = None,
    every: Every = True,
    cursor: paging.Cursor = None,
    limit: paging.Limit = 50,
) -> RejectedPage:
    """Rejected records, the last first. Reasons are explained in docs/reason-codes.md."""
    after = None if cursor is None else _place(paging.decode(cursor))
    if says := misnamed(reason):
        raise unfit("reason", says)
    wanted = RejectFilter(reason, door, source, every)
    rows = await stored.listed(database, asker.agency, wanted, after=after, limit=limit + 1)
    last = rows[limit - 1] if len(rows) > limit else None
    place = last and [last.rejected_at.isoformat(), last.partition, last.kafka_offset]
    first = cursor is None
    if asker.agency is None:
        for row in rows[:limit]:
            database.look_at(rejects.case_of(row.subject))
    groups = await stored.grouped(database, asker.agency, wanted) if first else []
    others = await reads.unverified(database, asker.agency) if first and asker.agency else []
    return RejectedPage(
        items=[Rejected(**_shown(row._asdict())) for row in rows[:limit]],
        groups=[_group(row) for row in groups],
        unverified=[Unverified(**{**asdict(row), "leaves": row.leaves or []}) for row in others],
        next=place and paging.encode(place),
    )


@router.get("/{place}", responses=documented("unauthenticated", "not_found"))
async def one_rejected(
    place: str, asker: Asker, gateway: Context, database: Database
) -> RejectedRecord:
    """One record with its headers and its body. An event's id finds its last rejection."""
    row = await find(database, asker, place)
    again = await redriving.of_record(database, row)
    hidden = asker.agency is None and await _is_taken_back(await gateway.database(), row)
    return RejectedRecord(
        **_shown({**row, "subject": row["stream"], "bytes": row["value"] and len(row["value"])}),
        **rejects.readable(row, gateway.schemas, taken_back=hidden),
        **why(row["reason"])._asdict(),
        redrives=[Again(**one._asdict()) for one in again],
    )


async def _is_taken_back(database: Handle, row: Row) -> bool:
    """True for a copy of an event that its author recalled: its words belong to its author."""
    stream = rejects.case_of(row["stream"])
    if stream is None:
        return False
    recalled = await reads.recalled(database, {stream})
    return (row["source"], row["event_id"]) in recalled.get(stream, {})


async def find(database: Looking, asker: Principal, text: str) -> Row:
    """The row of a place or of an event's last rejection; raises `not_found`."""
    place = parsed(text) or await stored.by_event(database, asker.agency, text)
    row = await stored.one(database, asker.agency, place) if place else None
    if row is None:
        raise CasebusError(
            "not_found", "no rejected record of yours has this place, or this event id"
        )
    database.look_at(rejects.case_of(row["stream"]))
    return row


def misnamed(reason: str | None) -> str:
    """The fault of a reason for which no record is ever rejected; empty for any other reason."""
    if reason is None or reason in WHY:
        return ""
    return f"no such reason; there are {', '.join(sorted(WHY))}"


def parsed(text: str) -> RejectedPlace | None:
    """The place in a text; None for a text that may be an event's id."""
    try:
        return RejectedPlace.parse(text)
    except ValueError:
        return None


def _shown(row: dict[str, Any]) -> dict[str, Any]:
    return {
        "place": str(RejectedPlace(row["partition"], row["kafka_offset"])),
        "door": row["door"],
        "source": row["source"],
        "id": row["event_id"],
        "subject": row["subject"],
        "reason": row["reason"],
        "detail": row["detail"],
        "late": row["late"],
        "signed": row["verified"],
        "journaled": row["journaled"],
        "passes_later": row["reason"] in PASSES_LATER,
        "bytes": row["bytes"],
        "at": row["rejected_at"],
    }


def _group(one: RejectGroup) -> Group:
    words = why(one.reason)._asdict()
    later = one.reason in PASSES_LATER
    about = {"agencies": one.agencies or [], "passes_later": later}
    return Group(**{**asdict(one), **words, **about})


def _place(place: Any) -> tuple[datetime, int, int]:
    match place:
        case [str() as moment, int() as partition, int() as offset]:
            try:
                return datetime.fromisoformat(moment), partition, offset
            except ValueError:
                raise paging.malformed() from None
    raise paging.malformed()
