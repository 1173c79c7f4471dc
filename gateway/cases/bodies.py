"""The one way out for the content of events: the journal's bytes, redacted for one viewer."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import Any, NamedTuple
from uuid import UUID

from casebus.cases import Identity
from casebus.cases.facets.recalls import words as recalls
from casebus.cases.facets.recalls.words import Standing
from casebus.cases.visibility import Viewer
from casebus.events.envelope import Envelope, agency_of
from casebus.events.schemas import Schema
from casebus.events.traces import trace_id
from casebus.rows import RowLike
from gateway.access import redaction
from gateway.access.redaction import Seen, TakenBack
from gateway.runtime.context import Gateway
from storage import reads
from storage.handles import Handle
from storage.packing import unpack_headers


class ShownEvent(NamedTuple):
    """An event's row, and its body as the viewer sees it."""

    row: RowLike
    seen: Seen
    #: The trace id under which its author sent it; None if the author named none.
    trace: str | None


def viewer_of(gateway: Gateway, agency: str, view: dict[str, Any]) -> Viewer:
    """The agency as a viewer of the case of this view."""
    known = gateway.directory().agency(agency)
    return redaction.viewer_of(agency, known.sector if known else "", view)


def participant(gateway: Gateway, agency: str) -> Viewer:
    """The viewer of an open case in which it holds no role."""
    return viewer_of(gateway, agency, {"regions": [{}]})


async def said(
    gateway: Gateway, database: Handle, viewer: Viewer, rows: Sequence[RowLike]
) -> list[ShownEvent]:
    """Each row names the event's author, its recipients and its place in the journal."""
    bodies = await reads.bodies(database, [_place(row) for row in rows])
    read = {place: gateway.schemas.decode(body["value"]) for place, body in bodies.items()}
    recalled = await _recalled(gateway, {body["stream"] for body in bodies.values()})
    named = redaction.streams_of(
        link for _, data in read.values() for link in redaction.linked(data)
    )
    # The gateway looks at it, to leave out the parts of other cases that the viewer may not know.
    known = await reads.knowable(await gateway.database(), viewer.agency, named)
    return [
        ShownEvent(
            row,
            redaction.of_event(
                viewer,
                gateway.access,
                *read[_place(row)],
                row=row,
                legal=_legal(bodies[_place(row)]),
                known=known,
                taken=_taken(viewer, row, bodies[_place(row)], read[_place(row)], recalled),
            ),
            _trace(bodies[_place(row)]),
        )
        for row in rows
    ]


class _Recalled(NamedTuple):
    """For one case: the recalled events, and the words in force without them."""

    events: Collection[Identity]
    words: Standing


async def _recalled(gateway: Gateway, streams: Collection[UUID]) -> dict[UUID, _Recalled]:
    """For the cases with recalled events."""
    database = await gateway.database()
    recalled = await reads.recalled(database, streams)
    standing = await reads.standing(database, recalled)
    return {
        stream: _Recalled(events, standing.get(stream, recalls.NOTHING_STANDS))
        for stream, events in recalled.items()
    }


def _taken(
    viewer: Viewer,
    row: RowLike,
    body: Any,
    read: tuple[Schema, dict[str, Any]],
    recalled: Mapping[UUID, _Recalled],
) -> TakenBack:
    """The parts of the event that its author, or the author of its quotes, has taken back."""
    schema, data = read
    of_case = recalled.get(body["stream"])
    if of_case is None:
        return redaction.NOTHING
    if recalls.is_hidden((body["source"], body["id"]), schema.ce_type, data, of_case.events):
        return TakenBack(whole=True)
    if all(agency_of(source) == viewer.agency for source, _ in of_case.events):
        return redaction.NOTHING
    return TakenBack(fields=of_case.words.quoted(row["author"], data))


def _legal(body: Any) -> str:
    return str(Envelope.from_headers(unpack_headers(body["headers"])).legal)


def _trace(body: Any) -> str | None:
    named = dict(unpack_headers(body["headers"])).get("traceparent", b"")
    return trace_id(named.decode("ascii", "replace"))


def _place(row: RowLike) -> tuple[int, int, int]:
    return (row["epoch"], row["partition"], row["log_index"])
