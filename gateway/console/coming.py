"""The next possible acts of a procedure: the act, its actor, and where it leads."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from casebus.events.types import in_full

Title = tuple[str, str]
"""(Chinese, English)."""
_ANY = "*"


@dataclass(frozen=True, slots=True)
class NextAct:
    """One act that may follow; `to` is None if the state stays."""

    type: str
    roles: tuple[Title, ...]
    to: Title | None
    citation: str
    #: True if the law names it for this state, or if it leads to another state. Otherwise it may
    #: come at any time.
    is_next: bool


@dataclass(frozen=True, slots=True)
class ReadableProcedure:
    """A file of the law's procedures, as a reader needs it."""

    title: Title
    states: Mapping[str, Title]
    roles: Mapping[str, Title]
    transitions: tuple[Mapping[str, Any], ...]

    @classmethod
    def read(cls, said: Mapping[str, Any]) -> ReadableProcedure:
        roles = {name: title_of(one["title"]) for name, one in (said.get("roles") or {}).items()}
        states = {name: title_of(one) for name, one in (said.get("states") or {}).items()}
        rows = tuple(said.get("transitions") or ())
        return cls(title_of(said["title"]), states, roles, rows)

    def has(self, ce_type: str) -> bool:
        """Whether the procedure names this event."""
        return any(in_full(one["event"]) == ce_type for one in self.transitions)

    def next(self, state: str, today: dt.date) -> list[NextAct]:
        """The acts that its law knows from this state, each once; options are left out."""
        found: dict[tuple[str, Title | None], NextAct] = {}
        for row in self.transitions:
            if _holds(row, state, today):
                way = self._way(row, state)
                found.setdefault((way.type, way.to), way)
        return list(found.values())

    def _way(self, row: Mapping[str, Any], state: str) -> NextAct:
        to = row.get("to", "=")
        citation = f"{row.get('source', '')} {row.get('article', '')}".strip()
        return NextAct(
            in_full(row["event"]),
            tuple(self.roles[one] for one in row.get("by") or () if one in self.roles),
            None if to in ("=", state) else self.states.get(to),
            citation,
            is_next=state in row["from"] or to not in ("=", state),
        )


def title_of(said: Mapping[str, str]) -> Title:
    return said["zh"], said["en"]


def _holds(row: Mapping[str, Any], state: str, today: dt.date) -> bool:
    if row.get("enabled") is False or row.get("option"):
        return False
    begin, end = row.get("effective_from"), row.get("effective_to")
    if (isinstance(begin, dt.date) and today < begin) or (isinstance(end, dt.date) and today > end):
        return False
    return bool({state, _ANY}.intersection(row.get("from") or ()))
