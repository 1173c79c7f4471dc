"""The definitions in force, read once: the counted events, and the words that a search may use."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from casebus.cases.reporting import KINDS, OTHER_KINDS
from casebus.law import Law
from casebus.statistics.indicators import Indicators
from casebus.statistics.steps import TimedStep, steps_of
from gateway.access import redaction
from gateway.runtime.law import law_of


@dataclass(frozen=True, slots=True)
class Rules:
    """The definitions in force: indicators, the law's steps, and the words of a case's state."""

    indicators: Indicators
    law: str
    steps: tuple[TimedStep, ...]
    #: The values that each parameter of a search may have.
    words: Mapping[str, frozenset[str]]
    #: Article of an offence -> its name, in both languages.
    offences: Mapping[str, tuple[str, str]]

    @classmethod
    def load(cls, policies: Path) -> Rules:
        law = law_of(policies)
        return cls(
            Indicators.load(policies / "statistics"),
            law.digest,
            tuple(steps_of(law)),
            _words(law),
            _offences(law),
        )


def _words(law: Law) -> dict[str, frozenset[str]]:
    states = {state for one in law.procedures.values() for state in one.states}
    return {
        "status": frozenset({*states, *redaction.STATUSES}),
        "procedure": frozenset(law.procedures),
        "clock": frozenset(law.clocks),
        "finding": KINDS | OTHER_KINDS,
        "offence": frozenset(law.thresholds.standards.family_of),
    }


def _offences(law: Law) -> dict[str, tuple[str, str]]:
    """By the latest version of each offence's standard."""
    standards = law.thresholds.standards
    titles = {
        one.offence: (one.title.zh, one.title.en)
        for rows in standards.versions.values()
        for one in rows
        if one.variant is None
    }
    unnamed = {one: (f"刑法第{one}条", f"Art. {one}") for one in standards.family_of}
    return dict(sorted((unnamed | titles).items()))


@cache
def _rules(policies: Path) -> Rules:
    return Rules.load(policies)


async def rules(policies: Path) -> Rules:
    """Read once, off the loop: the law takes a moment."""
    return await asyncio.to_thread(_rules, policies)
