"""The waits before a finding is announced, and the findings of history that are only counted.

A late event of the same case may heal some findings. Such a finding is shown at once. It is
announced only after that event has had time to come. A finding about imported events is counted, or
shown in the case. `findings.yaml` says this. No legal text does: this installation chose it.
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
    #: The values of `reason` in its detail. None given: every value that no other row names.
    reasons: tuple[Word, ...] = ()
    #: Hours after the recording of the event that the finding is about.
    hours: int = Field(ge=0, le=_MOST_HOURS)
    #: For an imported event: counted for the importer, or shown in its case.
    history: Literal["counted", "shown"] = "counted"
    #: The event that may heal it, or the reason why none does.
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
        """(kind, reason) of every row; an empty reason means all other reasons."""
        return self._hours.keys()

    @classmethod
    def of(cls, files: Mapping[str, bytes]) -> Self:
        """The waits of a law's files.

        Without the file nothing waits and nothing is only counted.
        """
        known = FILE in files
        return cls(loader.parse(files, FILE, FindingsFile) if known else FindingsFile(waits=()))

    def of_finding(self, kind: str, reason: str) -> timedelta:
        """The wait after the recording of its event; zero if nothing can heal the finding."""
        found = self._hours.get((kind, reason))
        return self._hours.get((kind, ""), timedelta()) if found is None else found

    def is_counted(self, kind: str, reason: str) -> bool:
        """True if a finding about history is only counted."""
        row = self._rows.get((kind, reason)) or self._rows.get((kind, ""))
        return row is not None and row.history == "counted"


def _pairs(row: WaitRow) -> list[tuple[str, str]]:
    return [(row.kind, reason) for reason in row.reasons or ("",)]
