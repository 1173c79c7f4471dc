"""Checks the law by hand-made vectors: dates, fact patterns and whole cases.

Owns the form of a vector and the judgement of one. Touches cases, events and law, with click,
pydantic and rich.
"""

from __future__ import annotations

from casebus.cli.law.casebook.judging import WrongCase, judge
from casebus.cli.law.casebook.models import Casebook, Vector, read

__all__ = ["Casebook", "Vector", "WrongCase", "judge", "read"]
