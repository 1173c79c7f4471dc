"""policies/intake/*.yaml: the unit that takes an event, and the checks on arrival."""

from __future__ import annotations

from fnmatch import fnmatchcase
from pathlib import Path
from typing import Literal, Self

import yaml
from pydantic import BaseModel, ConfigDict, PrivateAttr, ValidationError, model_validator

from casebus import shipped
from casebus.errors import CasebusError
from casebus.events.types import event_name
from casebus.words import in_words


class _Row(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)

    #: `domain.event` without `casebus.` and version; `*` as in a file name.
    events: tuple[str, ...]

    def applies_to(self, name: str) -> bool:
        return any(fnmatchcase(name, glob) for glob in self.events)


class UnitRule(_Row):
    unit: str


class CheckRule(_Row):
    """One check; exactly one of `enclosed`, `given` and `level` gives the condition."""

    name: str
    title: str
    citation: str
    #: The check is made only if this field of the event is not empty.
    when: str | None = None
    #: Kind of document -> its Chinese name: all must be enclosed.
    enclosed: dict[str, str] | None = None
    #: Field -> its Chinese name: none may be empty.
    given: dict[str, str] | None = None
    #: The author must have the recipient's level (同级).
    level: Literal["same"] | None = None

    @model_validator(mode="after")
    def _asks_for_one_thing(self) -> Self:
        if sum(asked is not None for asked in (self.enclosed, self.given, self.level)) != 1:
            raise ValueError(f"check {self.name} must ask for exactly one thing")
        return self


class SectorRules(BaseModel):
    """The rules of the intakes of one sector."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    units: tuple[UnitRule, ...]
    checks: tuple[CheckRule, ...]

    _known: dict[str, tuple[str, tuple[CheckRule, ...]]] = PrivateAttr(default_factory=dict)

    def unit_for(self, ce_type: str) -> str:
        """承办部门 of an event; empty if no row fits."""
        return self._rules_for(ce_type)[0]

    def checks_for(self, ce_type: str) -> tuple[CheckRule, ...]:
        return self._rules_for(ce_type)[1]

    def _rules_for(self, ce_type: str) -> tuple[str, tuple[CheckRule, ...]]:
        """Looked up once for each type.

        Types are those of the register, so the memory stays small.
        """
        found = self._known.get(ce_type)
        if found is None:
            name = event_name(ce_type)
            unit = next((row.unit for row in self.units if row.applies_to(name)), "")
            checks = tuple(row for row in self.checks if row.applies_to(name))
            found = self._known[ce_type] = (unit, checks)
        return found


def load_rules(folder: Path) -> dict[str, SectorRules]:
    """Rules by sector; raises CasebusError `intake_rules_bad`, which names the file."""
    return {path.stem: _load(path) for path in sorted(folder.glob("*.yaml"))}


def _load(path: Path) -> SectorRules:
    try:
        return SectorRules.model_validate(shipped.parse(path.read_text(encoding="utf-8")))
    except (yaml.YAMLError, ValidationError) as error:
        raise CasebusError("intake_rules_bad", f"{path.name}: {in_words(error)}") from error
