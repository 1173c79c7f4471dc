"""Agencies that a rule means, seen from one agency: its superior, its neighbours of a sector."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Protocol

#: Words of a rule in `tell` or `copies`; any other word is the id of an agency.
ACTOR = "actor"
SUPERIOR = "superior"
SAME_DIVISION = "same_division:"
#: Used only in the law. The fold puts the holder's `agency:` in its place.
ROLE = "role:"
AGENCY = "agency:"


class KnownAgency(Protocol):
    """The facts about one agency for which the rules ask."""

    @property
    def id(self) -> str: ...
    @property
    def sector(self) -> str: ...
    @property
    def level(self) -> str: ...
    @property
    def division(self) -> str: ...
    @property
    def superior(self) -> str | None: ...


class Agencies(Protocol):
    """The questions that the rules ask the directory (casebus.trust.directory answers them)."""

    def agency(self, name: str, /) -> KnownAgency | None: ...
    def in_division(self, division: str, sector: str, level: str, /) -> Sequence[KnownAgency]: ...


def resolve(rules: Iterable[str], of: str, directory: Agencies) -> tuple[str, ...]:
    """The agencies that the rules mean, seen from `of`, each once, in the order of the rules.

    A rule that finds nobody (no superior, no such neighbour) adds nobody.
    """
    seen = directory.agency(of)
    found: dict[str, None] = {}
    for rule in rules:
        if rule == ACTOR:
            found[of] = None
        elif rule == SUPERIOR:
            if seen is not None and seen.superior:
                found[seen.superior] = None
        elif rule.startswith(SAME_DIVISION):
            sector = rule.removeprefix(SAME_DIVISION)
            if seen is not None:
                near = directory.in_division(seen.division, sector, seen.level)
                found.update(dict.fromkeys(sorted(one.id for one in near)))
        else:
            found[rule.removeprefix(AGENCY)] = None
    found.pop("", None)
    return tuple(found)
