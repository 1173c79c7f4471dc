"""The room of one author in a case's fold; beyond it events are recorded and not folded.

Each event is placed once, in the journal's order, and no later event changes a place. So live
casework, a replay and a rebuild agree. Nobody uses up another's room: an event takes the room for
itself and for the receipts of its recipients, and such a receipt then takes none.
"""

from __future__ import annotations

from bisect import bisect_right
from collections import Counter
from dataclasses import dataclass
from datetime import datetime
from enum import Enum, auto
from pathlib import Path
from typing import Any

from casebus import shipped
from casebus.cases import body
from casebus.cases.event import CaseEvent, Identity
from casebus.events.doors import BUS
from casebus.events.types import INTAKE_ERASED, INTAKE_OPENED, INTAKE_RECEIVED

#: The file of the rooms, in the policies.
LIMITS = "limits.yaml"
_RECEIPTS = frozenset({INTAKE_RECEIVED, INTAKE_OPENED})
#: No room is kept for it beforehand: few events are recalled.
_ERASED = INTAKE_ERASED


class Admittance(Enum):
    """The decision about an event."""

    FOLDED = auto()
    #: The author's first event without room: the author is told.
    TOLD = auto()
    LEFT_OUT = auto()


@dataclass(frozen=True)
class Rooms:
    """The room of an author, by the time at which admission took the event."""

    #: (from, room), by time.
    rows: tuple[tuple[datetime, int], ...]

    @classmethod
    def parse(cls, text: str) -> Rooms:
        rows = shipped.parse(text)["rooms"]
        return cls(
            tuple(sorted((datetime.fromisoformat(row["from"]), int(row["room"])) for row in rows))
        )

    @classmethod
    def load(cls, policies: Path) -> Rooms:
        return cls.parse((policies / LIMITS).read_text(encoding="utf-8"))

    def at(self, moment: datetime) -> int:
        """The room in force; before the first row began, the first row's."""
        at = bisect_right(self.rows, moment, key=lambda row: row[0])
        return self.rows[max(at - 1, 0)][1]


class Room:
    """The room that the authors of one stream have used."""

    def __init__(self, rooms: Rooms) -> None:
        self._rooms = rooms
        self._used: Counter[str] = Counter()
        self._told: set[str] = set()
        #: Recipients of each folded event, as its first copy has them, and the receipts that came.
        self._to: dict[Identity, tuple[str, ...]] = {}
        self._received: set[tuple[str, str, Identity]] = set()
        self._left_out: set[Identity] = set()

    def leave_out(self, identity: Identity) -> None:
        """The event was placed before, and stays out."""
        self._left_out.add(identity)

    def is_out(self, identity: Identity) -> bool:
        return identity in self._left_out

    def place(self, event: CaseEvent) -> Admittance:
        """Place the next event of the stream in the journal's order."""
        if event.sector == BUS:
            return Admittance.FOLDED
        about = _received(event)
        if about in self._left_out:
            # It belongs to another event, and takes nobody's room.
            return self._out(event)
        if about is not None and self._is_owed(event, about):
            return Admittance.FOLDED
        if self._used[event.agency] >= self._rooms.at(event.recorded_at):
            told = event.agency in self._told
            self._told.add(event.agency)
            out = self._out(event)
            return out if told else Admittance.TOLD
        self._used[event.agency] += 1 + len(_RECEIPTS) * len(event.to)
        self._to[event.identity] = event.to
        return Admittance.FOLDED

    def _out(self, event: CaseEvent) -> Admittance:
        self._left_out.add(event.identity)
        return Admittance.LEFT_OUT

    def _is_owed(self, event: CaseEvent, about: Identity) -> bool:
        """True for the first receipt of its kind by a recipient of a folded event."""
        receipt = (event.agency, event.type, about)
        if event.agency not in self._to.get(about, ()) or receipt in self._received:
            return False
        self._received.add(receipt)
        return True


def _received(event: CaseEvent) -> Identity | None:
    if event.type not in _RECEIPTS and event.type != _ERASED:
        return None
    data: dict[str, Any] = event.data
    return body.text(data, "event_source"), body.text(data, "event_id")
