"""Penalties on a published list: the key of each, and who may be asked about it (ADR 62).

Pure except for `Asking.load`.
"""

from __future__ import annotations

import re
from collections.abc import Collection
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Literal, NamedTuple

from pydantic import BaseModel, ConfigDict

from casebus import shipped
from casebus.cases.matching import plain_name
from casebus.events.identifiers import FORM, identify
from casebus.events.minted import stream_id
from casebus.events.numbers import canonical_number
from casebus.law.agencies import Agencies
from casebus.law.models import EventName, Word

#: The kind of number for a question: the office, and the penalty in question.
QUESTION = "question_no"
_FILE = Path("access") / "penalty_entry.yaml"
#: A year in a number; a number without one is used again each year.
_YEAR = re.compile(r"(?<![0-9])(19|20)[0-9]{2}(?![0-9]*号|[0-9]*$)")
_DAY = r"[0-9]{4}-[0-9]{2}-[0-9]{2}"
_OF_DAY = re.compile(rf"(.+)/({_DAY})")
_OF_PARTY = re.compile(rf"({_DAY})/(.+)")
FoundBy = Literal["NUMBER", "NUMBER_AND_DATE", "DATE_AND_PARTY"]


class PenaltyKey(NamedTuple):
    """The key of a penalty: its number, with the day if it has no year; or day and party.

    In canonical form; `party` is a credit code or a name as matching compares it.
    """

    by: FoundBy
    number: str = ""
    day: date | None = None
    party: str = ""

    def words(self) -> str:
        parts = (self.number, self.day and self.day.isoformat(), self.party)
        return " / ".join(one for one in parts if one)


@dataclass(frozen=True, slots=True, kw_only=True)
class Listed:
    """One row of a list, as written there; `office` is an agency's id."""

    office: str
    number: str = ""
    decided_on: date | None = None
    party_code: str = ""
    party_name: str = ""

    def known(self) -> PenaltyKey | None:
        """The key; None if the row may mean several penalties: nobody is asked about it."""
        number = canonical_number(self.number)
        if number and _YEAR.search(number):
            return PenaltyKey("NUMBER", number)
        if self.decided_on is None:
            return None
        if number:
            return PenaltyKey("NUMBER_AND_DATE", number, self.decided_on)
        party = _organisation(self.party_code) or plain_name(self.party_name)
        return PenaltyKey("DATE_AND_PARTY", day=self.decided_on, party=party) if party else None

    def question(self, known: PenaltyKey) -> str:
        """The number of the question about it: the penalty's own as written, if it has one."""
        words = known._replace(number=self.number.strip() or known.number).words()
        return f"{self.office}: {words}"


def _organisation(code: str) -> str:
    """Its code in canonical form; empty for a stroke, a person's card, or half a code.

    A code that many share would make one question of their penalties.
    """
    found = identify("uscc", code)
    if found.problem == FORM or not identify("resident_id", code).problem:
        return ""
    return found.canonical


def question_stream(asker: str, question: str) -> str:
    """The stream of an asker's question: the same however often it is asked."""
    return stream_id(asker, QUESTION, question)


def known_of(office: str, question: str) -> PenaltyKey | None:
    """The penalty of a question's canonical number. None if the number is not one of ours."""
    prefix = canonical_number(f"{office}:")
    if not question.startswith(prefix) or question == prefix:
        return None
    said = question.removeprefix(prefix)
    try:
        if found := _OF_PARTY.fullmatch(said):
            return PenaltyKey("DATE_AND_PARTY", day=date.fromisoformat(found[1]), party=found[2])
        if found := _OF_DAY.fullmatch(said):
            return PenaltyKey("NUMBER_AND_DATE", found[1], date.fromisoformat(found[2]))
    except ValueError:
        return None
    return PenaltyKey("NUMBER", said)


class PenaltyEntryRules(BaseModel):
    """policies/access/penalty_entry.yaml."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    askers: dict[Word, Literal["below", "division"]]
    offices: tuple[Word, ...]
    penalties: tuple[EventName, ...]

    @classmethod
    def load(cls, policies: Path) -> PenaltyEntryRules:
        """Raises OSError, yaml.YAMLError or pydantic's ValidationError: nothing starts without."""
        return cls.model_validate(shipped.parse((policies / _FILE).read_text(encoding="utf-8")))

    def may_ask(self, asker: str, office: str, directory: Agencies) -> bool:
        """True if the asker may be told whether the bus has a decision of the office."""
        one, other = directory.agency(asker), directory.agency(office)
        if one is None or other is None or asker == office or other.sector not in self.offices:
            return False
        match self.askers.get(one.sector):
            case "below":
                return asker in superiors_of(office, directory)
            case "division":
                return _lies_in(other.division, one.division)
        return False


def superiors_of(office: str, directory: Agencies) -> Collection[str]:
    """All offices above it, each once, even if a directory has circles."""
    found: dict[str, None] = {}
    seen = directory.agency(office)
    while seen is not None and seen.superior and seen.superior not in found:
        found[seen.superior] = None
        seen = directory.agency(seen.superior)
    return found


def _lies_in(division: str, other: str) -> bool:
    """True if a division is another one or below it, by the digit pairs of a code of GB/T 2260."""
    return division[:6].startswith(re.sub(r"(?:00)+$", "", other[:6]))
