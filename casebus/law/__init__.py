"""Rules about cases as typed, versioned data: procedures, clocks, calendar, sectors.

Owns the reading and checking of policies/law and the counting of periods. Pure but for `loader`,
which reads files. Touches events, with pydantic and YAML.
"""

from __future__ import annotations

from casebus.law.law import Law
from casebus.law.loader import LawError

__all__ = ["Law", "LawError"]
