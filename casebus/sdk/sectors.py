"""Which `events.<sector>` topic an agency's events go to."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from casebus.errors import CasebusError

#: The sector of an agency; raises CasebusError `sector_unknown`.
SectorOf = Callable[[str], str]

_PREFIX = "events."


def topic_of(sector: str) -> str:
    return _PREFIX + sector


def one_sector(sector: str) -> SectorOf:
    """For an agency's own system, which speaks for agencies of one sector."""
    return lambda _agency: sector


def visible_sector(topics: Iterable[str]) -> str:
    """The sector whose topic an account sees: an agency's account sees exactly one."""
    seen = sorted(name.removeprefix(_PREFIX) for name in topics if name.startswith(_PREFIX))
    if len(seen) != 1:
        raise CasebusError(
            "sector_unknown",
            f"this account sees {len(seen)} of the events.* topics: say which sector to write as",
        )
    return seen[0]
