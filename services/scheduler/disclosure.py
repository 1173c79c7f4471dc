"""The facts that cases of one organisation tell each other, by the law and policies/access."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import NamedTuple

from pydantic import BaseModel, ConfigDict

from casebus import shipped
from casebus.law import Law
from casebus.law.models import Rule, Title, Word

_FILE = Path("access") / "organisations.yaml"


class WithheldFamily(Rule):
    """A family of acts of which no other case is told."""

    family: Word
    because: Title


class _File(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)

    withheld: tuple[WithheldFamily, ...]


class Disclosure(NamedTuple):
    #: Years before the acts within which a punishment makes them a repeat.
    repeat_years: int
    #: Years after which acts are no longer added up.
    acts_years: int
    withheld: tuple[WithheldFamily, ...]

    @classmethod
    def load(cls, policies: Path) -> Disclosure:
        """Raises LawError, OSError, yaml.YAMLError or ValidationError: nothing starts without."""
        thresholds = Law.load(policies / "law").thresholds
        said = _File.model_validate(shipped.parse((policies / _FILE).read_text(encoding="utf-8")))
        years = thresholds.standards.repeat_years
        return cls(years, thresholds.limits.shortest_years, said.withheld)

    def acts(self, family: str, day: date) -> bool:
        """True if acts of the family are told on that day."""
        return not any(
            one.family == family and one.effective_from <= day <= (one.effective_to or date.max)
            for one in self.withheld
        )
