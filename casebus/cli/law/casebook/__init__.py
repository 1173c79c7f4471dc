"""The law by vectors made by hand: dates, fact patterns and whole cases."""

from __future__ import annotations

from casebus.cli.law.casebook.judging import Wrong, judge
from casebus.cli.law.casebook.models import Book, Vector, read

__all__ = ["Book", "Vector", "Wrong", "judge", "read"]
