"""Rules that say what an event states about a right's validity (`rights.yaml`).

The other cases about the same right are told of it.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from typing import Literal, NamedTuple, Self

from pydantic import Field, model_validator

from casebus.law import loader
from casebus.law.conditions import Body, in_force, texts_at
from casebus.law.models import EventName, LawModel, Rule, Word

FILE = "rights.yaml"
IN_QUESTION, INVALID, BACK = "in_question", "invalid", "back"
Says = Literal["in_question", "invalid", "stands", "back"]


class RightRow(Rule):
    event: EventName
    #: The sectors whose word counts. None given: every author that may send the event.
    sectors: tuple[Word, ...] = ()
    says: Says | None = None
    #: The field of the body that decides, the meaning of its values, and that of all other values.
    field: Word | None = None
    values: dict[str, Says] = Field(default={})
    otherwise: Says | None = None
    #: The field that holds the day.
    day: Word | None = None

    @model_validator(mode="after")
    def _decides_once(self) -> Self:
        if (self.says is None) == (self.field is None):
            raise ValueError("a rule has either says or field")
        if self.field is not None and not self.values:
            raise ValueError("a field without values decides nothing")
        return self


class RightsFile(LawModel):
    sources: dict[str, dict[str, object]] = Field(default={})
    rules: tuple[RightRow, ...]


class RightVerdict(NamedTuple):
    """The statement of one event about a right."""

    says: Says
    #: The value that decided; empty if the event itself decides.
    outcome: str
    #: The day that the body names; empty if it names none.
    on: str
    citation: str


class RightRules:
    def __init__(self, file: RightsFile) -> None:
        self._rows: dict[str, list[RightRow]] = {}
        for row in file.rules:
            self._rows.setdefault(row.event, []).append(row)
        #: Names of the events that may say something about a right.
        self.events = frozenset(self._rows)

    @classmethod
    def of(cls, files: Mapping[str, bytes]) -> Self:
        """The rules of a law's files. Bundles from before this file have none."""
        known = FILE in files
        return cls(loader.parse(files, FILE, RightsFile) if known else RightsFile(rules=()))

    def verdict(self, event: str, sector: str, body: Body, day: dt.date) -> RightVerdict | None:
        """The verdict of the first rule in force for the event's name and the author's sector."""
        for row in self._rows.get(event, ()):
            if in_force(row, day) and (not row.sectors or sector in row.sectors):
                return _verdict(row, body)
        return None


def _verdict(row: RightRow, body: Body) -> RightVerdict | None:
    outcome = "".join(texts_at(body, row.field)[:1]) if row.field else ""
    says = row.says or row.values.get(outcome, row.otherwise)
    if says is None:
        return None
    on = "".join(texts_at(body, row.day)[:1]) if row.day else ""
    return RightVerdict(says, outcome, on, f"{row.source} {row.article}")
