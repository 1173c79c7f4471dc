"""The agencies that the directory of an installation names at the beginning."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

import yaml

from casebus.events.doors import BUS
from casebus.events.topics import Member
from casebus.trust.directory import Agency


def read_agencies(path: Path) -> list[Agency]:
    """The agencies of a YAML list, and the bus itself."""
    rows = yaml.safe_load(path.read_text(encoding="utf-8"))
    bus = Agency(BUS, "总线", BUS, "national", "000000", None, "none")
    return [bus, *(Agency(**{"superior": None, **row}) for row in rows)]


def members(agencies: Iterable[Agency]) -> tuple[Member, ...]:
    """The agencies with a system of their own on Kafka."""
    return tuple(Member(one.id, one.sector) for one in agencies if one.delivery == "kafka")
