"""The answer to whether figures reach a criminal standard, and what it was made of.

The answer is never "no": what does not reach a standard today is watched.
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, NamedTuple

from casebus.law.figures import ActDays, Figures, Sanction
from casebus.law.threshold_models import Standard
from casebus.law.threshold_readings import MetricReading


class Verdict(StrEnum):
    """In the words of 310 article 3; severest first."""

    MUST_TRANSFER = "MUST_TRANSFER"
    TRANSFER_ON_SUSPICION = "TRANSFER_ON_SUSPICION"
    WATCH = "WATCH"


#: Milder first.
RANK = {Verdict.WATCH: 0, Verdict.TRANSFER_ON_SUSPICION: 1, Verdict.MUST_TRANSFER: 2}


@dataclass(frozen=True, slots=True)
class FineRange:
    """From and to in fen, and what it was counted from."""

    low: int
    high: int
    basis: str
    citation: str

    def to_json(self) -> dict[str, Any]:
        return {
            "low": self.low,
            "high": self.high,
            "basis": self.basis,
            "citation": self.citation,
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class Assessment:
    """What the law says of figures; `steps` are the computation, to be read by a person."""

    verdict: Verdict
    #: 1 or 2; 0 where no standard is reached.
    tier: int = 0
    offence: str = ""
    title: str = ""
    title_en: str = ""
    rule: str = ""
    metric: str = ""
    value: int = 0
    needed: int = 0
    #: (metric, value) of everything that was held against the standard.
    figures: tuple[tuple[str, int], ...] = ()
    citation: str = ""
    #: From when the version used is in force.
    version: str = ""
    confidence: str = ""
    #: `old` or `new` where the act's law and today's differ, and which was the lighter.
    lighter: str = ""
    #: What an earlier punishment added, by its event ids.
    sanctions: tuple[str, ...] = ()
    fine: FineRange | None = None
    #: What is not known and would be needed to name the offence.
    unknown: tuple[str, ...] = ()
    #: The article by which it can no longer be prosecuted.
    limitation: str = ""
    steps: tuple[str, ...] = ()
    steps_en: tuple[str, ...] = ()

    def to_json(self) -> dict[str, Any]:
        return {
            "verdict": str(self.verdict),
            "tier": self.tier,
            "offence": self.offence,
            "title": self.title,
            "title_en": self.title_en,
            "rule": self.rule,
            "metric": self.metric,
            "value": self.value,
            "needed": self.needed,
            "figures": dict(self.figures),
            "citation": self.citation,
            "version": self.version,
            "confidence": self.confidence,
            "lighter": self.lighter,
            "sanctions": list(self.sanctions),
            "fine": None if self.fine is None else self.fine.to_json(),
            "unknown": list(self.unknown),
            "limitation": self.limitation,
            "steps": list(self.steps),
            "steps_en": list(self.steps_en),
        }


class AssessedMatter(NamedTuple):
    """The question: what is known, when it was done, what was punished before, what day it is."""

    figures: Figures
    acts: ActDays
    sanctions: tuple[Sanction, ...]
    today: dt.date


class StandardOutcome(NamedTuple):
    """One standard applied in one version."""

    standard: Standard
    tier: int
    #: What decided, or came nearest.
    reading: MetricReading | None
    readings: tuple[MetricReading, ...]
    sanctions: tuple[Sanction, ...]
    #: The day whose law was used.
    day: dt.date
    #: Nothing, `old`, `new`, `unknown` (no version of the act's day) or `no_offence`.
    lighter: str = ""
    other: int = 0

    @property
    def share(self) -> float:
        return max((one.share for one in self.readings), default=0.0)

    @property
    def weight(self) -> tuple[int, float]:
        return self.tier, self.share


class Weighed(NamedTuple):
    """One outcome, and how sure it is that the offence is this one."""

    outcome: StandardOutcome
    matter: AssessedMatter
    is_named: bool = False
    #: Empty where the offence counts as named.
    unknown: tuple[str, ...] = ()
    by_items: bool = False
