"""Ids that an import mints: the same row gives the same ids on any machine.

Design rule 20, what imports mint.
"""

from __future__ import annotations

import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Any

from casebus.events.legaltime import LegalTime
from casebus.events.minted import NAMESPACE, words
from casebus.events.types import CASE_CORRECTED


def import_id(source: str, name: str) -> str:
    """The id of the import of this name by this agency; also the stream of its own two events."""
    return str(uuid.uuid5(NAMESPACE, words(["import", source, name])))


def event_id(stream: str, ce_type: str, fields: Mapping[str, Any]) -> str:
    """The id of the event of this type with this content about this stream."""
    return str(uuid.uuid5(_parsed(stream), words([ce_type, fields])))


@lru_cache(maxsize=4096)
def _parsed(stream: str) -> uuid.UUID:
    return uuid.UUID(stream)


@dataclass(frozen=True, slots=True, kw_only=True)
class MintedEvent:
    """One event that a row reports; `slot` names its place in the mapping."""

    slot: str
    type: str
    stream: str
    source: str
    to: tuple[str, ...]
    legal: LegalTime
    data: dict[str, Any]
    #: Ids of the row's earlier events, so that one day's events keep the row's order.
    causation: tuple[str, ...] = ()
    #: The log's own name of the event. If given, its id is made from this, not from all its fields.
    key: str = ""
    #: Set for a correction: the source of its id, since its data depend on the past.
    basis: tuple[str, int, dict[str, Any]] | None = None

    def fields(self) -> dict[str, Any]:
        """The row's whole content of this event, as JSON."""
        return {
            "$source": self.source,
            "$to": list(self.to),
            "$legaltime": str(self.legal),
            **self.data,
        }

    @property
    def id(self) -> str:
        if self.basis is None and self.key:
            return event_id(self.stream, self.type, {"$log": self.key})
        if self.basis is None:
            return event_id(self.stream, self.type, self.fields())
        corrected, revision, said = self.basis
        return event_id(
            self.stream, self.type, {"corrected": corrected, "revision": revision, "said": said}
        )


@dataclass(frozen=True, slots=True)
class KnownSlot:
    """The local store's memory of a slot: the first event's id, and the values now in force."""

    id: str
    source: str
    fields: dict[str, Any]
    revision: int = 0


def reconcile(event: MintedEvent, known: KnownSlot | None) -> MintedEvent | None:
    """The events to send for a row's event: itself, nothing, or a correction of an earlier one."""
    if known is None:
        return event
    if event.fields() == known.fields:
        return None
    return correct(event, known)


def reconcile_row(
    events: Sequence[MintedEvent], known: Mapping[str, KnownSlot]
) -> list[MintedEvent]:
    """The events to send for a row; each names the one before it as its cause."""
    to_send: list[MintedEvent] = []
    before: tuple[str, ...] = ()
    for event in events:
        earlier = known.get(event.slot)
        due = reconcile(replace(event, causation=before), earlier)
        if due is not None:
            to_send.append(due)
        before = (earlier.id if earlier else event.id,)
    return to_send


def correct(event: MintedEvent, known: KnownSlot) -> MintedEvent:
    said = event.fields()
    changes = {
        path: words(said.get(path))
        for path in sorted(said.keys() | known.fields.keys())
        if said.get(path) != known.fields.get(path)
    }
    data = {
        "corrected_source": known.source,
        "corrected_id": known.id,
        "changes": changes,
        "numbers": event.data.get("numbers", []),
    }
    return replace(
        event,
        type=CASE_CORRECTED,
        source=known.source,
        data=data,
        causation=(known.id,),
        basis=(known.id, known.revision + 1, said),
    )
