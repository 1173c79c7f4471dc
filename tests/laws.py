"""The law that ships, loaded once for all tests of a process: nothing changes it."""

from __future__ import annotations

from pathlib import Path

from casebus.law import Law

LAW = Law.load(Path(__file__).parents[1] / "policies" / "law")
