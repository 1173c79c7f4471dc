"""召回: for an event that its author took back, who has read it and who holds it no more."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any, Literal, NamedTuple

from fastapi import APIRouter
from pydantic import Field

from casebus.cases.facets.recalls import words as recalls
from casebus.errors import CasebusError
from casebus.events.hand_overs import ERASED, RETRIEVED
from casebus.events.types import CASE_CORRECTED, any_version
from casebus.rows import RowLike
from gateway.access.looks import Looking
from gateway.api.events import HandOver, hand_over
from gateway.cases import bodies
from gateway.identity.caller import Caller
from gateway.problems import documented
from gateway.route import ServedRoute
from gateway.runtime.context import Context, Database, Gateway
from gateway.shapes import SOURCE, Identity, Position, Shape
from storage import access, reads

router = APIRouter(route_class=ServedRoute, prefix="/v1/events", tags=["events"])
#: Its system reads its own topic, and leaves no trace of it here.
_OWN = "kafka"
_CORRECTED = any_version(CASE_CORRECTED)


class Reader(Shape):
    """A reader of the event: it says so itself (`opened`), or the gateway showed it (`shown`)."""

    agency: str = Field(examples=[SOURCE])
    at: datetime
    by: Literal["opened", "shown"]
    recipient: bool


class Recall(Shape):
    """A recall, and the known facts about each recipient of the event or of a correction of it."""

    by: Identity
    recalled_at: datetime
    position: Position
    recipients: list[str]
    read: list[Reader]
    unread: list[str] = Field(description="Recipients whose inbox is kept here, and not read.")
    unknown: list[str] = Field(description="Recipients that read elsewhere and did not say.")
    erased: list[HandOver] = Field(description="Who says that it no longer holds the words.")


class _Group(NamedTuple):
    """The recalled event and its corrections: (source, id), and all their recipients."""

    events: list[tuple[str, str]]
    recipients: list[str]


@router.get(
    "/{source:segment}/{event_id:segment}/recall",
    responses=documented("unauthenticated", "not_found"),
)
async def recall(
    source: str, event_id: str, agency: Caller, gateway: Context, database: Database
) -> Recall:
    """For an event that the caller took back: who has read it, who has not, who is unknown."""
    row = await reads.event(database, agency, source, event_id)
    if row is None or row["author"] != agency:
        raise CasebusError("not_found")
    stream = row["stream"]
    of_case = (await reads.recalled(await gateway.database(), {stream})).get(stream, {})
    said = of_case.get((source, event_id))
    if said is None:
        raise CasebusError("not_found", "it was not recalled")
    group = await _group(gateway, database, row)
    steps = [
        step for event in group.events for step in await reads.hand_overs(database, stream, *event)
    ]
    read = await _readers(database, group, row, said, steps)
    directory = gateway.directory()
    rest = [name for name in group.recipients if name not in read]
    hosted = [name for name in rest if directory.delivery_to(name) not in {None, _OWN}]
    return Recall(
        by=Identity(source=said["by_source"], id=said["by_id"]),
        recalled_at=said["recorded_at"],
        position=Position(
            epoch=said["epoch"], partition=said["partition"], index=said["log_index"]
        ),
        recipients=group.recipients,
        read=sorted(read.values(), key=lambda one: (one.at, one.agency)),
        unread=hosted,
        unknown=[name for name in rest if name not in hosted],
        erased=[hand_over(one) for one in steps if one["step"] == ERASED],
    )


async def _group(gateway: Gateway, database: Looking, row: RowLike) -> _Group:
    event = (row["source"], row["id"])
    recipients = dict.fromkeys(row["recipients"])
    events = [event]
    own = [
        one
        for one in await reads.history(database, row["author"], row["stream"])
        if one["author"] == row["author"] and one["type"].startswith(_CORRECTED)
    ]
    viewer = bodies.viewer_of(gateway, row["author"], {})
    for fix, seen, _ in await bodies.said(gateway, database, viewer, own):
        if recalls.is_hidden((fix["source"], fix["id"]), fix["type"], seen.data, {event}):
            events.append((fix["source"], fix["id"]))
            recipients |= dict.fromkeys(fix["recipients"])
    return _Group(events, [name for name in recipients if name != row["author"]])


async def _readers(
    database: Looking, group: _Group, row: RowLike, said: Any, steps: Sequence[RowLike]
) -> dict[str, Reader]:
    """By agency. A reader's signature proves more than a page that was shown to it."""
    since, until = row["recorded_at"], said["recorded_at"]
    looks = await access.readers(database, row["stream"], group.events, since=since, until=until)
    opened = sorted((one for one in steps if one["step"] == RETRIEVED), key=_moment, reverse=True)
    found: list[tuple[Literal["opened", "shown"], str, datetime]] = [
        ("shown", one.agency, one.at) for one in looks if one.agency != row["author"]
    ]
    found += [("opened", one["agency"], one["at"]) for one in opened]
    return {
        agency: Reader(agency=agency, at=at, by=by, recipient=agency in group.recipients)
        for by, agency, at in found
    }


def _moment(step: Any) -> datetime:
    at: datetime = step["at"]
    return at
