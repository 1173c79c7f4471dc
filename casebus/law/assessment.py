"""The answer to whether figures reach a criminal standard, with the steps that led to it.

The answer is never "no". If a matter reaches no standard today, it is watched.
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
    """The verdict in the words of 310 article 3; the severest comes first."""

    MUST_TRANSFER = "MUST_TRANSFER"
    TRANSFER_ON_SUSPICION = "TRANSFER_ON_SUSPICION"
    WATCH = "WATCH"


#: The milder one comes first.
RANK = {Verdict.WATCH: 0, Verdict.TRANSFER_ON_SUSPICION: 1, Verdict.MUST_TRANSFER: 2}


@dataclass(frozen=True, slots=True)
class FineRange:
    """A range of a fine, from and to in fen, and the amount that it was computed from."""

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
    """The law's answer about figures; `steps` are the computation in words for a reader."""

    verdict: Verdict
    #: 1 or 2; 0 if no standard is reached.
    tier: int = 0
    offence: str = ""
    title: str = ""
    title_en: str = ""
    rule: str = ""
    metric: str = ""
    value: int = 0
    needed: int = 0
    #: (metric, value) of every figure that was compared with the standard.
    figures: tuple[tuple[str, int], ...] = ()
    citation: str = ""
    #: The first day on which the version used is in force.
    version: str = ""
    confidence: str = ""
    #: `old` or `new`, the lighter law, if the law of the act's day differs from today's.
    lighter: str = ""
    #: The event ids of earlier punishments that counted.
    sanctions: tuple[str, ...] = ()
    fine: FineRange | None = None
    #: The unknown facts that are needed to name the offence.
    unknown: tuple[str, ...] = ()
    #: The article that bars prosecution.
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
    """One matter to assess: its figures, the days of the acts, earlier punishments and the date."""

    figures: Figures
    acts: ActDays
    sanctions: tuple[Sanction, ...]
    today: dt.date


class StandardOutcome(NamedTuple):
    """The result of one standard in one version."""

    standard: Standard
    tier: int
    #: The rule that decided, or the one that came nearest.
    reading: MetricReading | None
    readings: tuple[MetricReading, ...]
    sanctions: tuple[Sanction, ...]
    #: The day whose law was used.
    day: dt.date
    #: Empty, `old`, `new`, `unknown` (no version of the act's day) or `no_offence`.
    lighter: str = ""
    other: int = 0

    @property
    def share(self) -> float:
        return max((one.share for one in self.readings), default=0.0)

    @property
    def weight(self) -> tuple[int, float]:
        return self.tier, self.share


class Weighed(NamedTuple):
    """One outcome, and how certain it is that this is the offence."""

    outcome: StandardOutcome
    matter: AssessedMatter
    is_named: bool = False
    #: Empty if the offence counts as named.
    unknown: tuple[str, ...] = ()
    by_items: bool = False
