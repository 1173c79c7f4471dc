"""How long a finding waits before it is told, and what is counted of history: `findings.yaml`.

What a late event of the same case may heal is shown at once and told only when that event has had
time to come. What is found about imported events is counted, or shown in the case. No text of law
says so: it is this installation's choice.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from datetime import timedelta
from typing import Literal, Self

from pydantic import Field, model_validator

from casebus.law import loader
from casebus.law.models import LawModel, Title, Word

FILE = "findings.yaml"
Kind = Literal[
    "out_of_procedure",
    "no_standing",
    "data_quality",
    "superseded",
    "discrepancy",
    "cycle",
    "gap",
    "id_conflict",
    "undeliverable",
    "omission",
    "never_opened",
    "open_offence",
]
_MOST_HOURS = 30 * 24


class WaitRow(LawModel):
    kind: Kind
    #: What `reason` in its detail says; none: whatever it says that no other row names.
    reasons: tuple[Word, ...] = ()
    #: From when the event that it is about was recorded.
    hours: int = Field(ge=0, le=_MOST_HOURS)
    #: For an imported event: counted for the importer, or shown in its case.
    history: Literal["counted", "shown"] = "counted"
    #: What may heal it, or why nothing does.
    because: Title


class FindingsFile(LawModel):
    waits: tuple[WaitRow, ...]

    @model_validator(mode="after")
    def _each_once(self) -> Self:
        named = [pair for row in self.waits for pair in _pairs(row)]
        if twice := sorted({pair for pair in named if named.count(pair) > 1}):
            raise ValueError(f"named twice: {' '.join(filter(None, twice[0]))}")
        return self


class Waits:
    def __init__(self, file: FindingsFile) -> None:
        self._rows = {pair: row for row in file.waits for pair in _pairs(row)}
        self._hours = {pair: timedelta(hours=row.hours) for pair, row in self._rows.items()}

    @property
    def pairs(self) -> Collection[tuple[str, str]]:
        """(kind, reason) of every row; no reason where it is about all others."""
        return self._hours.keys()

    @classmethod
    def of(cls, files: Mapping[str, bytes]) -> Self:
        """The waits of a law's files; of before there was the file nothing waits or is counted."""
        known = FILE in files
        return cls(loader.parse(files, FILE, FindingsFile) if known else FindingsFile(waits=()))

    def of_finding(self, kind: str, reason: str) -> timedelta:
        """How long after its event was recorded; zero where nothing can heal it."""
        found = self._hours.get((kind, reason))
        return self._hours.get((kind, ""), timedelta()) if found is None else found

    def is_counted(self, kind: str, reason: str) -> bool:
        """Whether it is only counted where it is about history."""
        row = self._rows.get((kind, reason)) or self._rows.get((kind, ""))
        return row is not None and row.history == "counted"


def _pairs(row: WaitRow) -> list[tuple[str, str]]:
    return [(row.kind, reason) for reason in row.reasons or ("",)]
