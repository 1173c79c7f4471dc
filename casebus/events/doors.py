"""The front door's topics: one for each sector, and one for each agency on Kafka (ADR 42).

Services send their signed records through a sector's door; nobody else may write there. So an
agency that floods keeps only its own events waiting.
"""

from __future__ import annotations

#: The bus itself, as an agency and as a sector: the author of events that it derives.
BUS = "bus"
#: The author of statements that no fold can derive. The bus itself says what a fold could derive.
SCHEDULER = f"{BUS}/scheduler"
#: The beginning of every door's name.
DOORS = "events."


def door_of(sector: str, agency: str = "") -> str:
    """The sector's door, or the agency's own."""
    return f"{DOORS}{sector}.{agency}" if agency else f"{DOORS}{sector}"


#: The door for the bus's own events.
BUS_DOOR = door_of(BUS)


def is_door(topic: str) -> bool:
    return topic.startswith(DOORS)


def sector_of(door: str) -> str:
    """The sector of a door, also of an agency's own door."""
    return door.removeprefix(DOORS).partition(".")[0]


def agency_of(door: str) -> str:
    """The agency that owns the door; empty for a sector's door."""
    return door.removeprefix(DOORS).partition(".")[2]
