"""A law opened for checking: its files as written, its compiled form, and the schemas."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from fnmatch import fnmatchcase
from functools import cached_property
from typing import Any, Literal, NamedTuple, TypeVar

from pydantic import BaseModel

from casebus.events.schemas import Schema
from casebus.events.types import event_name
from casebus.law import loader, models, options
from casebus.law.acts import FOLDER as ACTS
from casebus.law.acts import ActFile
from casebus.law.checking.fields import Fields
from casebus.law.findings import FILE as FINDINGS
from casebus.law.findings import FindingsFile
from casebus.law.law import COMMON, HOLIDAYS, Law
from casebus.law.reading import LineFinder
from casebus.law.rights import FILE as RIGHTS
from casebus.law.rights import RightsFile
from casebus.law.threshold_models import ThresholdFile
from casebus.law.triage import FILE as TRIAGE
from casebus.law.triage import TriageFile
from casebus.law.venues import FILE as VENUES
from casebus.law.venues import VenuesFile

Place = tuple[str | int, ...]
_M = TypeVar("_M", bound=models.LawModel)


class LawProblem(NamedTuple):
    """One error or odd rule. An error keeps the law from being adopted."""

    severity: Literal["error", "warning"]
    code: str
    file: str
    line: int
    text: str

    @property
    def is_error(self) -> bool:
        return self.severity == "error"

    def __str__(self) -> str:
        return f"{self.file}:{self.line}: {self.severity} {self.code}: {self.text}"


class LawBook:
    def __init__(self, files: Mapping[str, bytes], schemas: Iterable[Schema]) -> None:
        """Raises LawError if the law cannot be used at all."""
        self.law = Law(files)
        self.procedures = options.procedures(files)
        self.clocks = options.clocks(files)
        self.thresholds = loader.parse_all(files, "thresholds", ThresholdFile)
        self.acts = loader.parse_all(files, ACTS, ActFile)
        self.common = self._one(files, COMMON, models.CommonFile)
        self.venues = self._one(files, VENUES, VenuesFile)
        self.triage = self._one(files, TRIAGE, TriageFile)
        self.rights = self._one(files, RIGHTS, RightsFile)
        self.findings = self._one(files, FINDINGS, FindingsFile)
        self.options = self._one(files, options.FILE, options.OptionsFile)
        self.holidays = self._one(files, HOLIDAYS, models.HolidaysFile)
        self.sectors = loader.parse(files, "sectors.yaml", models.SectorsFile)
        #: Event name -> the newest shape of its body.
        self.schemas = {
            event_name(one.ce_type): one for one in sorted(schemas, key=lambda one: one.version)
        }
        self._files, self._lines = files, dict[str, LineFinder]()
        self._fields: dict[str, Fields] = {}
        self._emitters: dict[str, list[str]] = {}

    def fields(self, event: str) -> Fields | None:
        """The fields of an event's body; None if it has no schema."""
        if event not in self._fields and event in self.schemas:
            self._fields[event] = Fields(self.schemas[event].tree)
        return self._fields.get(event)

    def error(self, code: str, place: Place, text: str) -> LawProblem:
        return LawProblem("error", code, str(place[0]), self._line(place), text)

    def warning(self, code: str, place: Place, text: str) -> LawProblem:
        return LawProblem("warning", code, str(place[0]), self._line(place), text)

    def rows_of(self, clock: str) -> list[models.ClockVersion]:
        """The rows of a clock that are not switched off."""
        return [
            row
            for file in self.clocks.values()
            for row in file.clocks
            if row.id == clock and row.enabled
        ]

    @cached_property
    def files(self) -> dict[str, models.LawModel]:
        """Every file of rules, by its name."""
        single: dict[str, models.LawModel | None] = {
            COMMON: self.common,
            VENUES: self.venues,
            TRIAGE: self.triage,
            RIGHTS: self.rights,
            FINDINGS: self.findings,
            options.FILE: self.options,
            HOLIDAYS: self.holidays,
        }
        known = {name: one for name, one in single.items() if one is not None}
        return {**known, **self.procedures, **self.clocks, **self.thresholds, **self.acts}

    @cached_property
    def rules(self) -> list[tuple[Place, models.Rule]]:
        """Every rule with a citation, and its place."""
        return [found for name, file in self.files.items() for found in _rules((name,), file)]

    def emitters(self, event: str) -> list[str]:
        """The sectors in which some level may be the author of an event."""
        if event not in self._emitters:
            # Kept, because sectors share most of their globs and there are many events.
            every = frozenset[str]().union(*self._granted.values())
            fitting = {glob for glob in every if fnmatchcase(event, glob)}
            self._emitters[event] = [
                sector for sector, globs in self._granted.items() if globs & fitting
            ]
        return self._emitters[event]

    @cached_property
    def _granted(self) -> dict[str, frozenset[str]]:
        """For each sector, the events of which some level of it may be the author."""
        return {
            sector: frozenset(glob for grant in row.emits for glob in grant.types)
            for sector, row in self.sectors.sectors.items()
        }

    def _line(self, place: Place) -> int:
        name = str(place[0])
        if name not in self._lines:
            self._lines[name] = LineFinder(self._files[name])
        return self._lines[name].of(place[1:])

    @staticmethod
    def _one(files: Mapping[str, bytes], name: str, model: type[_M]) -> _M | None:
        return loader.parse(files, name, model) if name in files else None


def _rules(place: Place, node: Any) -> Iterator[tuple[Place, models.Rule]]:
    if isinstance(node, models.Rule):
        yield place, node
    if isinstance(node, BaseModel):
        for name in type(node).model_fields:
            yield from _rules((*place, name), getattr(node, name))
    elif isinstance(node, tuple):
        for at, one in enumerate(node):
            yield from _rules((*place, at), one)
    elif isinstance(node, dict):
        for word, one in node.items():
            yield from _rules((*place, word), one)
