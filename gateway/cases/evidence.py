"""A case's evidence for one viewer: the records that it may see whole, and the leaves of the rest.

For a closed case it holds the events that the viewer wrote or was sent, as the history does.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any
from uuid import UUID

from casebus.cases.room import LIMITS
from casebus.cases.visibility import Viewer
from casebus.errors import CasebusError
from casebus.events.hand_overs import DELIVERED, RELAYED, SUBMITTED
from casebus.evidence.lines import Entry, JournalLine, Place
from casebus.evidence.making import Material, hidden, make_bundle, shown
from casebus.evidence.refolding import limits_digest
from casebus.rows import RowLike
from casebus.trust.receipt import Receipt
from gateway.access import redaction
from gateway.cases import bodies
from gateway.runtime.context import Gateway
from storage import bundling, proving, reads
from storage.bundling import Kept
from storage.handles import Handle, sole
from storage.packing import unpack_headers

#: The first head over a record is signed within a second or two of it.
_TRIES, _PAUSE_SECONDS = 8, 0.5
Identity = tuple[str, str]


async def bundle_of(gateway: Gateway, agency: str, stream: UUID) -> bytes:
    """The bundle as bytes; raises `not_found`, or `head_missing` if no head covers it yet."""
    database = await gateway.database()
    kept = await bundling.kept(database, stream)
    view = kept.state["view"] if kept.state is not None else {}
    if await reads.case(database, agency, stream) is None:
        view = {}
    sight = await _sight(gateway, database, bodies.viewer_of(gateway, agency, view), kept, stream)
    if not sight.lines:
        raise CasebusError("not_found")
    places = {one.place for one in (*sight.lines, *sight.relays)}
    proofs = await _proofs(gateway, database, places)
    material = Material(
        case=str(stream),
        records=sight.lines,
        relays=sight.relays,
        hand_overs=sight.hand_overs,
        paths={place: one.proof.path for place, one in proofs.items()},
        heads={place[:2]: str(one.proof.note) for place, one in proofs.items()},
        entries=_entries(proofs),
        state=_state(gateway, kept) if view and sight.is_all else None,
        law=kept.state["bundle"] if kept.state is not None else None,
    )
    return await asyncio.to_thread(make_bundle, material, gateway.schemas)


@dataclass
class Sight:
    """The part of a case that one viewer gets."""

    lines: list[JournalLine]
    relays: list[JournalLine]
    hand_overs: list[dict[str, Any]]
    #: True if nothing of the case was left out.
    is_all: bool


async def _sight(
    gateway: Gateway, database: Handle, viewer: Viewer, kept: Kept, stream: UUID
) -> Sight:
    known = {
        (row["source"], row["id"]) for row in await reads.history(database, viewer.agency, stream)
    }
    rows = [row for row in kept.records if _is_known(gateway, viewer, row, known)]
    whole = await _whole(gateway, database, viewer, rows)
    lines = [_line(row, whole=_place(row) in whole) for row in rows]
    sent = {(row["source"], row["id"]): row for row in rows if _place(row) in whole and row["same"]}
    relays, hand_overs = _hand_overs(gateway, viewer, kept, sent, {one.place for one in lines})
    return Sight(lines, relays, hand_overs, len(rows) == len(kept.records))


def _is_known(gateway: Gateway, viewer: Viewer, row: RowLike, known: set[Identity]) -> bool:
    """True if the history shows it with more than its month."""
    if (row["source"], row["id"]) not in known:
        return False
    if not redaction.is_closed(viewer):
        return True
    return gateway.access.level(viewer, row["author"], row["recipients"]) is not None


async def _whole(
    gateway: Gateway, database: Handle, viewer: Viewer, rows: Iterable[RowLike]
) -> set[Place]:
    """The places of the records that the viewer gets whole.

    A copy with another body is shown only to its author and its recipients.
    """
    own = [
        row
        for row in rows
        if row["same"] or viewer.agency == row["author"] or viewer.agency in row["stamped"]
    ]
    said = await bodies.said(gateway, database, viewer, own)
    return {_place(one.row) for one in said if not one.seen.withheld}


def _line(row: RowLike, *, whole: bool) -> JournalLine:
    headers = unpack_headers(row["headers"])
    if whole:
        return shown(_place(row), headers, row["value"], row["event_leaf"])
    return hidden(_place(row), headers, row["event_leaf"])


def _hand_overs(
    gateway: Gateway,
    viewer: Viewer,
    kept: Kept,
    sent: Mapping[Identity, Any],
    places: set[Place],
) -> tuple[list[JournalLine], list[dict[str, Any]]]:
    """The steps of whole records.

    For others' events only the viewer's own, unless it sees figures.
    """
    said = [_step(SUBMITTED, row) for row in sent.values()]
    relays: dict[Place, JournalLine] = {}
    for row in kept.relays:
        event = sent.get((row["source"], row["id"]))
        if event is not None:
            relays[_place(row)] = _line(row, whole=False)
            said.append(_step(RELAYED, row))
            said += [_step(DELIVERED, row, one) for one in _own_consumers(gateway, event)]
    said += [
        _step(row["step"], row, row["agency"])
        for row in kept.steps
        if (row["source"], row["id"]) in sent and _place(row) in places
    ]
    all_of = {one for one, row in sent.items() if row["author"] == viewer.agency}
    if redaction.sees_figures(viewer, gateway.access):
        all_of = set(sent)
    shown_ = [
        one
        for one in said
        if one["agency"] in {"", viewer.agency} or (one["source"], one["id"]) in all_of
    ]
    return list(relays.values()), shown_


def _own_consumers(gateway: Gateway, event: Any) -> Iterator[str]:
    """Agencies for which the record in the inbox topic is the delivery.

    Design rule 17, steps of a hand-over.
    """
    directory = gateway.directory()
    for name in event["recipients"]:
        agency = directory.agency(name)
        if agency is not None and agency.delivery == "kafka":
            yield name


def _step(step: str, row: RowLike, agency: str = "") -> dict[str, Any]:
    about = {"step": step, "source": row["source"], "id": row["id"], "agency": agency}
    return about | _place(row).to_json()


async def _proofs(gateway: Gateway, database: Handle, places: set[Place]) -> dict[Place, Receipt]:
    """The proof of each place, all of one log below one head; waits for a missing head."""
    asked = [("", place) for place in sorted(places)]
    directory, needed = gateway.directory(), gateway.witnessing.needed
    for _ in range(_TRIES):
        made = await proving.receipts(database, gateway.prover, directory, asked, needed=needed)
        if len(made) == len(asked):
            return {Place(*place): one for (_, place), one in made.items()}
        await asyncio.sleep(_PAUSE_SECONDS)
    raise CasebusError("head_missing", "no signed head covers the case's last records yet")


def _entries(proofs: Mapping[Place, Receipt]) -> list[Entry]:
    found = {at: record for one in proofs.values() for at, record in one.entries.items()}
    return [Entry(at, one.headers, one.value or b"") for at, one in sorted(found.items())]


def _state(gateway: Gateway, kept: Kept) -> dict[str, Any]:
    row = sole(kept.state)
    unsettled = "suspended" if row["suspended"] else ""
    if row["renewing"]:
        unsettled = "what the bus said of it last was on its way"
    return {
        "digest": row["digest"],
        "status": row["status"],
        "law": row["law"],
        "fold_version": row["fold_version"],
        "limits": limits_digest(_limits(gateway.settings.policies_dir)),
        "unsettled": unsettled,
    }


@cache
def _limits(policies: Path) -> str:
    return (policies / LIMITS).read_text(encoding="utf-8")


def _place(row: RowLike) -> Place:
    return Place(row["epoch"], row["partition"], row["log_index"])
