"""繁简分流: the track that fits a matter, and whether another way is to be offered first.

`triage.yaml` holds the rules. The first rule that holds counts, for the track and for each way. The
bus proposes, a person decides (`case.triaged`, `arbitration_mediation.recommended`).
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from typing import Literal, NamedTuple, Self

from pydantic import Field

from casebus.events.types import event_name
from casebus.law import loader
from casebus.law.conditions import Body, Condition, in_force
from casebus.law.models import EventName, LawModel, Rule, Title, Word

FILE = "triage.yaml"


class TriageRow(Rule):
    id: str
    title: Title
    events: tuple[EventName, ...] = Field(min_length=1)
    when: Condition = Condition()
    #: The track: fast, simple, ordinary, complex.
    track: Literal["fast", "simple", "ordinary", "complex"] | None = None
    #: The ways to offer before anything else: mediation, arbitration.
    first: tuple[Word, ...] = ()


class TriageFile(LawModel):
    sources: dict[str, dict[str, object]] = Field(default={})
    rules: tuple[TriageRow, ...]


class Proposal(NamedTuple):
    """The proposal of the rules for a matter; the words are empty if there is none."""

    track: str
    track_rule: str
    #: (way, rule), in the order of the rules.
    first: tuple[tuple[str, str], ...]
    citations: tuple[str, ...]


class Triage:
    def __init__(self, file: TriageFile) -> None:
        self._rows: dict[str, list[TriageRow]] = {}
        for row in file.rules:
            for event in row.events:
                self._rows.setdefault(event, []).append(row)

    @classmethod
    def of(cls, files: Mapping[str, bytes]) -> Self:
        """The rules of a law's files. Bundles from before this file have none."""
        known = FILE in files
        return cls(loader.parse(files, FILE, TriageFile) if known else TriageFile(rules=()))

    def propose(self, ce_type: str, body: Body, day: dt.date) -> Proposal | None:
        """The proposal; None for an event type that no rule names."""
        rows = self._rows.get(event_name(ce_type))
        if rows is None:
            return None
        held = [row for row in rows if in_force(row, day) and row.when.holds(body)]
        track = next((row for row in held if row.track), None)
        ways = {way: row for row in reversed(held) for way in row.first}
        used = [*([track] if track else []), *ways.values()]
        return Proposal(
            track=(track.track or "") if track else "",
            track_rule=track.id if track else "",
            first=tuple((way, row.id) for way, row in sorted(ways.items())),
            citations=tuple(dict.fromkeys(f"{row.source} {row.article}" for row in used)),
        )
