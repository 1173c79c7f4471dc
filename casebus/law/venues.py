"""Jurisdiction: the office that a matter belongs to, by the event's body and the directory.

`venues.yaml` holds the rules. For an event type it lists choices in the order in which they are
tried. A choice names an office that the event names, the places that count (as paths into its body)
at a level, or the superior that two offices share. If the body does not give enough, nobody is
found.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Literal, NamedTuple, Self

from pydantic import Field, model_validator

from casebus.events.types import event_name
from casebus.law import loader
from casebus.law.agencies import Agencies, KnownAgency
from casebus.law.conditions import Body, Condition, in_force, texts_at
from casebus.law.divisions import Divisions
from casebus.law.models import EventName, LawModel, Rule, Title, Word

FILE = "venues.yaml"
#: In `ce_to`: means the offices that the rules find.
VENUE = "venue"
#: Means the place or the level of the author.
AUTHOR = "author"
#: Without at least so many offices nothing is disputed.
_TWO = 2
#: Length of a unified social credit code (GB 32100-2015).
_USCC = 18


class VenueRule(LawModel):
    """One way to find the office. Fields that are not given do not count."""

    when: Condition = Condition()
    #: Path in the body that names the office itself.
    agency: str | None = None
    #: Paths in the body to division codes, in the order in which they count; or `author`. A unified
    #: social credit code means the division whose office registered it.
    places: tuple[str, ...] = ()
    level: Literal["author", "county", "city", "province", "national"] = "author"
    #: Paths in the body to offices in dispute; with the author, their lowest shared superior
    #: decides.
    superior_of: tuple[str, ...] = ()


class VenueRow(Rule):
    id: str
    title: Title
    events: tuple[EventName, ...]
    sector: Word | Literal["author"]
    choices: tuple[VenueRule, ...] = Field(min_length=1)
    #: The side that must be among the offices that the rule finds, and the flag if it is not. The
    #: event is flagged, never refused. A rule for the author finds nobody to send to.
    holds: Literal["author", "recipients"] | None = None
    flag: Literal["not_the_common_superior", "not_the_same_level"] | None = None
    #: Sectors of the authors to whom this applies; none given: every author.
    authors: tuple[Word, ...] = ()

    @model_validator(mode="after")
    def _flags_what_it_holds(self) -> Self:
        if (self.holds is None) != (self.flag is None):
            raise ValueError("holds and flag go together")
        return self


class Concentration(Rule):
    """Cases of some kinds from several divisions go to one designated office (集中管辖)."""

    sector: Word
    when: Condition
    #: Divisions whose cases move, with those below them.
    of: tuple[str, ...]
    #: The division whose office takes them.
    to: str


class VenuesFile(LawModel):
    sources: dict[str, dict[str, object]] = Field(default={})
    venues: tuple[VenueRow, ...]
    concentrated: tuple[Concentration, ...] = ()


class Venue(NamedTuple):
    """The offices found, the best first, and the rule that found them."""

    agencies: tuple[str, ...]
    rule: str
    citation: str


class VenueMatter(NamedTuple):
    """The question: an event's body, its author, its legal time, and the directory of that time."""

    body: Body
    author: KnownAgency
    day: dt.date
    offices: Agencies


class Venues:
    def __init__(self, file: VenuesFile, divisions: Divisions) -> None:
        self._divisions = divisions
        self._concentrated = file.concentrated
        self._rows: dict[str, list[VenueRow]] = {}
        for row in file.venues:
            for event in row.events:
                self._rows.setdefault(event, []).append(row)

    @classmethod
    def of(cls, files: Mapping[str, bytes], divisions: Divisions) -> Self:
        """The rules of a law's files. Bundles from before this file have none."""
        if FILE not in files:
            return cls(VenuesFile(venues=()), divisions)
        return cls(loader.parse(files, FILE, VenuesFile), divisions)

    def rules(self, ce_type: str) -> list[VenueRow]:
        """The rules for an event type in every period."""
        return self._rows.get(event_name(ce_type), [])

    def find(self, ce_type: str, matter: VenueMatter) -> Venue | None:
        """The offices of the first rule in force that finds any; None if there is none."""
        for row in self.rules(ce_type):
            if in_force(row, matter.day) and row.holds != AUTHOR:
                found = self._found(row, matter)
                if found:
                    return Venue(found, row.id, f"{row.source} {row.article}")
        return None

    def flags(
        self, ce_type: str, matter: VenueMatter, recipients: Iterable[KnownAgency]
    ) -> tuple[str, ...]:
        """The flags of rules in force whose office is not the author or recipient it should be.

        A rule that finds nobody flags nobody.
        """
        named = list(recipients)
        return tuple(
            row.flag
            for row in self.rules(ce_type)
            if row.flag is not None
            and (not row.authors or matter.author.sector in row.authors)
            and in_force(row, matter.day)
            and (found := self._found(row, matter))
            and not _held(row, matter, named).issubset(found)
        )

    def _found(self, row: VenueRow, matter: VenueMatter) -> tuple[str, ...]:
        for choice in row.choices:
            found = self._offices(row, choice, matter)
            if found:
                return found
        return ()

    def _offices(self, row: VenueRow, choice: VenueRule, matter: VenueMatter) -> tuple[str, ...]:
        if not choice.when.holds(matter.body):
            return ()
        if choice.agency is not None:
            named = texts_at(matter.body, choice.agency)
            return tuple(one for one in named if matter.offices.agency(one) is not None)
        if choice.superior_of:
            named = [text for path in choice.superior_of for text in texts_at(matter.body, path)]
            rivals = [one for name in dict.fromkeys(named) if (one := matter.offices.agency(name))]
            return self._superior(rivals, row, matter)
        author = matter.author
        sector = author.sector if row.sector == AUTHOR else row.sector
        level = author.level if choice.level == AUTHOR else choice.level
        places = self._places(choice.places, matter)
        found = (one.id for code in places for one in self._at(code, sector, level, matter))
        return tuple(dict.fromkeys(found))

    def _places(self, paths: Iterable[str], matter: VenueMatter) -> Iterator[str]:
        for path in paths:
            codes = [matter.author.division] if path == AUTHOR else texts_at(matter.body, path)
            for code in map(_division, codes):
                yield self._divisions.today(code, matter.day) or code

    def _at(self, code: str, sector: str, level: str, matter: VenueMatter) -> Sequence[KnownAgency]:
        chain = self._divisions.chain(code)
        for row in self._concentrated:
            taken = row.sector == sector and in_force(row, matter.day)
            if taken and row.when.holds(matter.body) and not set(row.of).isdisjoint(chain):
                return matter.offices.in_division(row.to, sector, level)
        place = self._divisions.at_level(code, level)
        return matter.offices.in_division(place, sector, level) if place else ()

    def _superior(
        self, rivals: list[KnownAgency], row: VenueRow, matter: VenueMatter
    ) -> tuple[str, ...]:
        """The superior in the directory.

        If the offices share none, the one of the division above all.
        """
        if len(rivals) < (_TWO if row.holds == AUTHOR else 1):
            return ()
        offices = matter.offices
        # The office that designates is above the dispute; the office that raises it is part of it.
        parties = rivals if row.holds == AUTHOR else [matter.author, *rivals]
        chains = [list(_superiors(one, offices)) for one in parties]
        shared = [one for one in chains[0] if all(one in chain for chain in chains)]
        if shared:
            return tuple(shared[:1])
        above = self._divisions.common_superior(tuple(one.division for one in parties))
        place = self._divisions.get(above or "")
        if place is None:
            return ()
        found = offices.in_division(place.code, matter.author.sector, place.level)
        return tuple(one.id for one in found)


def _held(row: VenueRow, matter: VenueMatter, recipients: Iterable[KnownAgency]) -> set[str]:
    if row.holds == AUTHOR:
        return {matter.author.id}
    return {one.id for one in recipients if one.sector == row.sector}


def _division(code: str) -> str:
    """A division code; for a unified social credit code, its third to eighth characters."""
    return code[2:8] if len(code) == _USCC else code


def _superiors(office: KnownAgency, offices: Agencies) -> Iterator[str]:
    """The offices above an office, the nearest first. A circle in the directory ends the list."""
    seen = {office.id}
    at: KnownAgency | None = office
    while at is not None and at.superior and at.superior not in seen:
        seen.add(at.superior)
        yield at.superior
        at = offices.agency(at.superior)
