"""Finds the door topic for an agency's events."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from casebus.errors import CasebusError
from casebus.events.doors import door_of, is_door, sector_of

#: Gives the door of an agency; raises CasebusError `sector_unknown`.
DoorOf = Callable[[str], str]
#: Gives the sector of an agency; raises CasebusError `sector_unknown`.
SectorOf = Callable[[str], str]


def one_door(door: str) -> DoorOf:
    """The same door for all, for an agency's own system, whose agencies are all of one sector."""
    return lambda _agency: door


def asked_once(finder: Callable[[], DoorOf]) -> DoorOf:
    """Asks the finder once for each agency. The finder is opened at the first question."""
    known: dict[str, str] = {}
    opened: list[DoorOf] = []

    def door_of(agency: str) -> str:
        if agency not in known:
            if not opened:
                opened.append(finder())
            known[agency] = opened[0](agency)
        return known[agency]

    return door_of


def visible_door(topics: Iterable[str]) -> str:
    """The door that an account sees: an agency's account sees exactly one."""
    seen = sorted(filter(is_door, topics))
    if len(seen) != 1:
        raise CasebusError(
            "sector_unknown",
            f"this account sees {len(seen)} of the events.* topics: say which sector to write as",
        )
    return seen[0]


def door_among(topics: Iterable[str], sector: str) -> str | None:
    """The sector's own door if the account sees it, else the only one there that it sees."""
    here = [topic for topic in topics if is_door(topic) and sector_of(topic) == sector]
    whole = door_of(sector)
    return whole if whole in here else here[0] if len(here) == 1 else None
