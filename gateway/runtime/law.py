"""The law that is installed here."""

from __future__ import annotations

from functools import cache
from pathlib import Path

from casebus.law import Law


@cache
def law_of(policies: Path) -> Law:
    """The installed law; loading takes a moment, once."""
    return Law.load(policies / "law")
