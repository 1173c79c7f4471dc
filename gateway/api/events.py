"""Events: handing one in, and its outcome."""

from __future__ import annotations

from datetime import datetime
from typing import Any, Literal
from urllib.parse import quote
from uuid import UUID

from fastapi import APIRouter, Request, Response
from pydantic import Field

from casebus.errors import CasebusError
from casebus.events.hand_overs import DELIVERED, RELAYED, RETRIEVED, SUBMITTED
from casebus.events.stamps import FLAGS, texts_of
from casebus.events.types import REFERRAL_RECEIPTED
from casebus.rejections import Reason
from casebus.rows import RowLike
from gateway.access import redaction
from gateway.access.looks import Looking
from gateway.api.cases import viewer_of
from gateway.entry import cloudevents, submission
from gateway.entry.receipts import prove
from gateway.identity.caller import Caller, Reader
from gateway.problems import documented
from gateway.route import ServedRoute
from gateway.runtime.context import Context, Database
from gateway.shapes import CASE, EVENT, SOURCE, Finding, Position, Shape, position_of
from storage import reads
from storage.handles import Handle
from storage.packing import unpack_headers

router = APIRouter(route_class=ServedRoute, prefix="/v1/events", tags=["events"])

_DATA = {
    "received_by": "P-1024",
    "numbers": [{"kind": "docket_no", "value": "杭公西受〔2026〕31号"}],
}
_STRUCTURED = {
    "specversion": "1.0",
    "id": EVENT,
    "type": REFERRAL_RECEIPTED,
    "source": "cn-330106-psb",
    "subject": CASE,
    "to": SOURCE,
    "legaltime": "2026-03-02",
    "data": _DATA,
}
_REQUEST = {
    "requestBody": {
        "required": True,
        "description": "A CloudEvent, structured or binary (attributes as `ce-*` headers). JSON "
        "data is turned into Avro and signed with the hosted agency's key; Avro in the wire "
        "format must arrive signed and is passed on as it is.",
        "content": {
            cloudevents.STRUCTURED: {
                "schema": {"type": "object"},
                "examples": {"structured": {"value": _STRUCTURED}},
            },
            cloudevents.JSON: {
                "schema": {"type": "object"},
                "examples": {"binary": {"summary": "With ce-* headers", "value": _DATA}},
            },
            "application/avro": {"schema": {"type": "string", "format": "binary"}},
        },
    }
}


class Accepted(Shape):
    """The event is on the bus; admission has not judged it yet."""

    id: str = Field(examples=[EVENT])
    source: str = Field(examples=[SOURCE])
    subject: str = Field(examples=[CASE])
    status: Literal["pending"] = "pending"


class EventStatus(Shape):
    """`pending` until it is in the journal, or was `rejected` with a reason.

    A record that the caller did not sign gives no answer, whatever name it has.

    `unsent`: it is stored here, and no broker takes it for the given reason. It is tried again.
    """

    id: str = Field(examples=[EVENT])
    source: str = Field(examples=[SOURCE])
    subject: str | None = Field(default=None, examples=[CASE])
    type: str | None = Field(default=None, examples=[REFERRAL_RECEIPTED])
    status: Literal["pending", "unsent", "journaled", "rejected"]
    position: Position | None = None
    at: datetime | None = None
    reason: str | None = None
    detail: str | None = None
    flags: list[str] = Field(
        default_factory=list,
        description="To its author: what admission noticed, also where no case has a finding of it",
        examples=[["unknown_recipient"]],
    )
    #: Findings about this event, for a journaled one; events still on their way may add others.
    findings: list[Finding] = Field(default_factory=list)


class HandOver(Position):
    """A step of a hand-over, proved by the log leaf at this position.

    `receipt`, if `proof` was asked for, proves it without us (docs/wire.md). It is null until a
    signed head covers the position, which takes seconds.
    """

    at: datetime
    agency: str | None = None
    unit: str | None = None
    receipt: dict[str, Any] | None = None


class Receipts(Shape):
    """The proofs of one event's hand-over; `unknown` lists who never agreed to confirm."""

    submitted: HandOver
    relayed: HandOver | None
    delivered: list[HandOver]
    retrieved: list[HandOver]
    recipients: list[str]
    unknown: list[str]


@router.post(
    "",
    status_code=202,
    openapi_extra=_REQUEST,
    responses=documented(
        "malformed_event",
        "unauthenticated",
        "foreign_source",
        "id_conflict",
        Reason.TOO_LARGE,
        Reason.TOO_MANY_ITEMS,
        "unsupported_media_type",
        "unknown_type",
        "invalid_data",
        "legal_time_ahead",
        Reason.UNKNOWN_SOURCE,
        Reason.STATE_SECRET,
        "database_unavailable",
        "bus_unavailable",
    ),
)
async def submit_event(
    request: Request, response: Response, agency: Caller, gateway: Context
) -> Accepted:
    """Hand in one event. Sending the same request again changes nothing."""
    event = cloudevents.read(request.headers.items(), await _body(request))
    finished = await submission.submit(gateway, agency, event)
    response.headers["Location"] = location(finished.source, finished.event_id)
    return Accepted(id=finished.event_id, source=finished.source, subject=str(finished.stream))


def location(source: str, event_id: str) -> str:
    return f"/v1/events/{quote(source, safe='')}/{quote(event_id, safe='')}"


async def _body(request: Request) -> bytes:
    """The body, read no further than an event can be long."""
    body = bytearray()
    async for chunk in request.stream():
        body += chunk
        if len(body) > cloudevents.MOST_BYTES:
            raise CasebusError(Reason.TOO_LARGE, f"at most {cloudevents.MOST_BYTES} bytes")
    return bytes(body)


@router.get(
    "/{source:segment}/{event_id:segment}", responses=documented("unauthenticated", "not_found")
)
async def event_status(
    source: str, event_id: str, agency: Reader, database: Database
) -> EventStatus:
    """The outcome of an event that the caller sent, or that belongs to one of its cases."""
    status = await status_of(database, agency, source, event_id)
    if status is None:
        raise CasebusError("not_found")
    return status


def _flags(packed: bytes) -> list[str]:
    return texts_of(unpack_headers(packed)).get(FLAGS, "").split()


async def status_of(
    database: Handle, agency: str, source: str, event_id: str
) -> EventStatus | None:
    if (journaled := await reads.event(database, agency, source, event_id)) is not None:
        about = {"source": source, "id": event_id}
        found = await reads.findings(database, agency, journaled["stream"])
        named = [one["view"] for one in found if one["view"]["event"] == about]
        return EventStatus(
            id=event_id,
            source=source,
            subject=str(journaled["stream"]),
            type=journaled["type"],
            status="journaled",
            position=position_of(journaled),
            at=journaled["recorded_at"],
            flags=_flags(journaled["headers"]) if journaled["author"] == agency else [],
            findings=[Finding(**redaction.of_finding(agency, one)) for one in named],
        )
    row: RowLike | None = await reads.submission(database, agency, source, event_id)
    if row is not None and row["refused"] and not row["reason"]:
        stream, why = str(row["stream"]), row["refused"]
        return EventStatus(id=event_id, source=source, subject=stream, status="unsent", reason=why)
    subject = None if row is None else str(row["stream"])
    if row is None:
        row = await reads.rejected_event(database, agency, source, event_id)
        subject = None if row is None else row["subject"]
    if row is None:
        return None
    return EventStatus(
        id=event_id,
        source=source,
        subject=subject,
        status="rejected" if row["reason"] else "pending",
        at=row["rejected_at"],
        reason=row["reason"],
        detail=row["detail"],
    )


@router.get(
    "/{source:segment}/{event_id:segment}/receipts",
    responses=documented("unauthenticated", "not_found", "log_altered", "directory_unavailable"),
)
async def receipts(
    source: str,
    event_id: str,
    agency: Reader,
    gateway: Context,
    database: Database,
    *,
    proof: bool = False,
) -> Receipts:
    """The steps of the event's hand-over, each with the position that proves it.

    With `proof=true` each step has its receipt: log leaf, path, signed head, keys.
    """
    row = await reads.event(database, agency, source, event_id)
    if row is None:
        raise CasebusError("not_found")
    offset = row["log_index"] + row["shift"]
    relayed = await reads.relayed(database, row["epoch"], row["partition"], offset)
    steps = await reads.hand_overs(database, row["stream"], source, event_id)
    directory = gateway.directory()
    recipients = row["recipients"]
    sees_all = await _sees_all(gateway, database, agency, row["stream"])
    if row["author"] != agency and not sees_all:
        # The other recipients, with place and time, are known only to its author and them.
        recipients = [name for name in recipients if name == agency]
        steps = [one for one in steps if one["agency"] == agency]
    own = [name for name in recipients if directory.delivery_to(name) == "kafka"]
    by_step = {
        step: [hand_over(one) for one in steps if one["step"] == step]
        for step in (DELIVERED, RETRIEVED)
    }
    if relayed is not None:
        # For an own consumer the record in its inbox topic is the delivery (design rule 17, steps
        # of a hand-over).
        by_step[DELIVERED] += [hand_over(relayed, agency=name) for name in own]
    retrieved = {step.agency for step in by_step[RETRIEVED]}
    found = Receipts(
        submitted=hand_over(row, at=row["appended_at"]),
        relayed=None if relayed is None else hand_over(relayed),
        delivered=by_step[DELIVERED],
        retrieved=by_step[RETRIEVED],
        recipients=recipients,
        unknown=[name for name in own if name not in retrieved],
    )
    if proof:
        given = ((SUBMITTED, found.submitted), (RELAYED, found.relayed))
        listed = [(step, one) for step in (DELIVERED, RETRIEVED) for one in getattr(found, step)]
        proved = [(step, one) for step, one in (*given, *listed) if one is not None]
        viewer = None if sees_all else agency
        await prove(gateway, proved, viewer, {"source": source, "id": event_id})
    return found


async def _sees_all(gateway: Context, database: Looking, agency: str, stream: UUID) -> bool:
    row = await reads.case(database, agency, stream)
    if row is None:
        return False
    return redaction.sees_figures(viewer_of(gateway, agency, row), gateway.access)


def hand_over(row: RowLike, **known: Any) -> HandOver:
    """A step as the API shows it."""
    said = {name: row.get(name) for name in ("agency", "unit", "at")}
    return HandOver(**{**position_of(row).model_dump(), **said, **known})
