"""Rows of evidence from events about hand-overs (design rule 17, steps of a hand-over)."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from casebus.cases.body import plain
from casebus.cases.facets.recalls.words import is_recall, recalled_by
from casebus.events.envelope import agency_of, is_attribute
from casebus.events.hand_overs import STEP_OF
from casebus.events.schemas import Schemas
from casebus.events.types import RELAY_CHECKPOINT
from services.casework.records import Journaled
from storage import evidence
from storage.handles import Connection


@dataclass
class Evidence:
    """The hand-overs of one batch, as rows to insert."""

    checkpoints: list[tuple[Any, ...]] = field(default_factory=list)
    hand_overs: list[tuple[Any, ...]] = field(default_factory=list)

    async def save(self, connection: Connection) -> None:
        await evidence.add_checkpoints(connection, self.checkpoints)
        await evidence.add_hand_overs(connection, self.hand_overs)


def gather(fresh: Iterable[Journaled], schemas: Schemas) -> Evidence:
    """Read the evidence in events that are new to the journal."""
    found = Evidence()
    for journaled in fresh:
        if journaled.envelope.type == RELAY_CHECKPOINT:
            found.checkpoints.append(_checkpoint(journaled, schemas))
        elif journaled.envelope.type in STEP_OF:
            found.hand_overs.extend(_hand_over(journaled, schemas))
        elif is_recall(journaled.envelope.type):
            found.hand_overs.extend(_recalled(journaled, schemas))
    return found


def _checkpoint(journaled: Journaled, schemas: Schemas) -> tuple[Any, ...]:
    data = schemas.decode(journaled.row.value)[1]
    about = (data["epoch"], data["partition"], data["first_offset"], data["last_offset"])
    return (*about, *_place(journaled), journaled.row.appended_at)


def _hand_over(journaled: Journaled, schemas: Schemas) -> Iterator[tuple[Any, ...]]:
    """An agency speaks only for itself: another's word is no evidence of its retrieval."""
    data = schemas.decode(journaled.row.value)[1]
    if data["agency"] == journaled.envelope.agency:
        unit = plain(data.get("unit") or "") or None
        event = (data["event_source"], data["event_id"])
        yield from _row(journaled, event, STEP_OF[journaled.envelope.type], unit)


def _recalled(journaled: Journaled, schemas: Schemas) -> Iterator[tuple[Any, ...]]:
    """An agency takes back its own events, whatever the fold makes of the case."""
    event = recalled_by(schemas.decode(journaled.row.value)[1])
    if agency_of(event[0]) == journaled.envelope.agency:
        yield from _row(journaled, event, "recalled", None)


def _row(
    journaled: Journaled, event: tuple[str, str], step: str, unit: str | None
) -> Iterator[tuple[Any, ...]]:
    """A row, unless it names an event that no envelope could."""
    if all(map(is_attribute, event)):
        yield (
            UUID(journaled.envelope.subject),
            *event,
            journaled.envelope.agency,
            step,
            unit,
            *_place(journaled),
            journaled.row.appended_at,
        )


def _place(journaled: Journaled) -> tuple[int, int, int]:
    return (journaled.row.epoch, journaled.row.partition, journaled.row.log_index)
