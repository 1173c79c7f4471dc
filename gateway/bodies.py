"""The one way out for what an event says: the journal's bytes, read and redacted for one viewer."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

from casebus.cases import recalls
from casebus.cases.visibility import Viewer
from casebus.events.envelope import Envelope, agency_of
from casebus.events.schemas import Schema
from gateway import seeing
from gateway.context import Gateway
from gateway.seeing import Seen, TakenBack
from storage import reads
from storage.packing import unpack_headers


class Said(NamedTuple):
    """An event's row, and its body as the viewer sees it."""

    row: Any
    seen: Seen


def viewer_of(gateway: Gateway, agency: str, view: dict[str, Any]) -> Viewer:
    """How the agency looks at the case of this view."""
    known = gateway.directory().agency(agency)
    return seeing.viewer_of(agency, known.sector if known else "", view)


async def said(gateway: Gateway, database: Any, viewer: Viewer, rows: Sequence[Any]) -> list[Said]:
    """Each row names the event's author, its recipients and its place in the journal."""
    bodies = await reads.bodies(database, [_place(row) for row in rows])
    read = {place: gateway.schemas.decode(body["value"]) for place, body in bodies.items()}
    recalled = await reads.recalled(
        await gateway.database(), {body["stream"] for body in bodies.values()}
    )
    named = seeing.streams_of(link for _, data in read.values() for link in seeing.linked(data))
    # Looked at by the gateway, to leave out what the viewer may not know of other cases.
    known = await reads.knowable(await gateway.database(), viewer.agency, named)
    return [
        Said(
            row,
            seeing.of_event(
                viewer,
                gateway.access,
                *read[_place(row)],
                row=row,
                legal=_legal(bodies[_place(row)]),
                known=known,
                taken=_taken(viewer, row, bodies[_place(row)], read[_place(row)], recalled),
            ),
        )
        for row in rows
    ]


def _taken(
    viewer: Viewer,
    row: Any,
    body: Any,
    read: tuple[Schema, dict[str, Any]],
    recalled: reads.Recalled,
) -> TakenBack:
    """What of the event its author, or the author of what it repeats, has taken back."""
    schema, data = read
    of_case = recalled.get(body["stream"], {})
    if not of_case:
        return seeing.NOTHING
    if recalls.is_hidden((body["source"], body["id"]), schema.ce_type, data, of_case):
        return TakenBack(whole=True)
    if all(agency_of(source) == viewer.agency for source, _ in of_case):
        return seeing.NOTHING
    return TakenBack(fields=recalls.quoted(row["author"], data))


def _legal(body: Any) -> str:
    return str(Envelope.from_headers(unpack_headers(body["headers"])).legal)


def _place(row: Any) -> tuple[int, int, int]:
    return (row["epoch"], row["partition"], row["log_index"])
