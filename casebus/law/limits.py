"""Limitation of prosecution (刑法 87-89): the last day of prosecution, and the acts that add up.

Pure.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection, Iterable
from typing import NamedTuple, TypeVar

from casebus.law.assessment import AssessedMatter, StandardOutcome
from casebus.law.figures import ActDays
from casebus.law.threshold_models import ThresholdFile
from casebus.law.threshold_rows import gathered, in_force, years_after

T = TypeVar("T")

#: The second tier: no standard has a third.
_HEAVIEST = 2


class Barred(NamedTuple):
    """The last day on which the act could be prosecuted, and the reason."""

    until: dt.date
    #: The highest prison term of the tier, and the years of limitation that follow from it.
    term: int
    years: int
    citation: str


class ProsecutionLimits:
    """Limits by the highest term of the tier that is reached. Without rows nothing is barred."""

    def __init__(self, files: Collection[ThresholdFile]) -> None:
        self._maxima = [row for file in files for row in file.maxima]
        rows = [row for file in files for row in file.limitations]
        self._limits = sorted(rows, key=lambda one: one.below)

    @property
    def shortest_years(self) -> int:
        """The fewest years after which some act can no longer be prosecuted.

        0 if no row has any.
        """
        return min((row.years for row in self._limits), default=0)

    def barred(self, outcome: StandardOutcome, matter: AssessedMatter) -> Barred | None:
        """The bar; None if nothing is reached, prosecution is still possible, or no row applies.

        Years count from the end of the acts. Prosecution of a person who was filed on or fled is
        not barred (刑法 88). The bus cannot know this, so the answer tells the reader.
        """
        if not outcome.tier:
            return None
        return self._past(self._term(outcome.standard.offence, outcome.tier, outcome.day), matter)

    def wholly(self, outcome: StandardOutcome, matter: AssessedMatter) -> Barred | None:
        """True if even the heaviest offence of a suspicion is barred.

        Nobody knows yet which figures the police will find, and which law is the lighter. So the
        heaviest term counts, of the act's day or of today's law, whichever is the lighter.
        """
        days = (matter.acts.last, matter.today)
        terms = [self._term(outcome.standard.offence, _HEAVIEST, day) for day in days]
        return self._past(min((one for one in terms if one is not None), default=None), matter)

    def _past(self, term: int | None, matter: AssessedMatter) -> Barred | None:
        for row in self._limits:
            if term is not None and term < row.below and row.effective_from <= matter.today:
                until = years_after(matter.acts.last, row.years)
                citation = f"{row.source} {row.article}"
                return Barred(until, term, row.years, citation) if until < matter.today else None
        return None

    def _term(self, offence: str, tier: int, day: dt.date) -> int | None:
        for row in self._maxima:
            if offence in row.offences and row.effective_from <= day <= (
                row.effective_to or dt.date.max
            ):
                return row.years[max(one for one in row.years if one <= tier)]
        return None


class AccumulatedActs:
    """Unpunished acts in other cases add up while they can be prosecuted."""

    def __init__(self, files: Collection[ThresholdFile]) -> None:
        self._rows = gathered("accumulation", (file.accumulation for file in files))

    def unlimited(self, acts: Iterable[tuple[T, ActDays]], today: dt.date) -> list[T]:
        """The acts that may still be prosecuted and so add up; none if no row says so."""
        rule = in_force(self._rows, today)
        if rule is None:
            return []
        years = rule.limitation_years
        return [one for one, when in acts if years_after(when.last, years) >= today]
