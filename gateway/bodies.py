"""The one way out for what an event says: the journal's bytes, read and redacted for one viewer."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

from casebus.cases.visibility import Viewer
from casebus.events.envelope import Envelope
from gateway import seeing
from gateway.context import Gateway
from gateway.seeing import Seen
from storage import reads
from storage.packing import unpack_headers


class Said(NamedTuple):
    """An event's row, and its body as the viewer sees it."""

    row: Any
    seen: Seen


def viewer_of(gateway: Gateway, agency: str, view: dict[str, Any]) -> Viewer:
    """How the agency looks at the case of this view."""
    known = gateway.directory().agency(agency)
    return seeing.viewer_of(agency, known.sector if known else "", view, gateway.access)


async def said(gateway: Gateway, database: Any, viewer: Viewer, rows: Sequence[Any]) -> list[Said]:
    """Each row names the event's author, its recipients and its place in the journal."""
    bodies = await reads.bodies(database, [_place(row) for row in rows])
    return [Said(row, _seen(gateway, viewer, row, bodies[_place(row)])) for row in rows]


def _seen(gateway: Gateway, viewer: Viewer, row: Any, body: Any) -> Seen:
    schema, data = gateway.schemas.decode(body["value"])
    legal = str(Envelope.from_headers(unpack_headers(body["headers"])).legal)
    return seeing.of_event(viewer, gateway.access, schema, data, row=row, legal=legal)


def _place(row: Any) -> tuple[int, int, int]:
    return (row["epoch"], row["partition"], row["log_index"])
