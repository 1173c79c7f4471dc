"""The verdict on weighed outcomes, and the assessment that states it. Pure.

The answer is never "no". If a matter reaches no standard today, it is watched.
"""

from __future__ import annotations

from collections.abc import Sequence

from casebus.law import threshold_words
from casebus.law.assessment import RANK, AssessedMatter, Assessment, Verdict, Weighed
from casebus.law.fines import Fines
from casebus.law.limits import Barred, ProsecutionLimits
from casebus.law.threshold_readings import MetricReading
from casebus.law.threshold_words import AssessmentWords

_Judged = tuple[Weighed, Verdict, Barred | None]


class Verdicts:
    """The severest verdict that outcomes call for, in the words of one law."""

    def __init__(self, limits: ProsecutionLimits, fines: Fines, words: AssessmentWords) -> None:
        self._limits, self._fines, self._words = limits, fines, words

    def on(
        self, weighed: Sequence[Weighed], matter: AssessedMatter, offence: str | None
    ) -> Assessment:
        """One assessment of a matter: the severest verdict, then the highest share."""
        if not weighed:
            return _without_standard(matter, offence)
        return self._said(*max(((one, *self._verdict(one)) for one in weighed), key=_severity))

    def _verdict(self, weighed: Weighed) -> tuple[Verdict, Barred | None]:
        """The verdict.

        A barred tier leaves a suspicion, until everything that it may be is barred.
        """
        outcome, matter = weighed.outcome, weighed.matter
        barred = self._limits.barred(outcome, matter)
        if outcome.tier and barred is None:
            open_ = Verdict.TRANSFER_ON_SUSPICION if weighed.unknown else Verdict.MUST_TRANSFER
            return open_, None
        if not matter.figures.suspicion:
            return Verdict.WATCH, barred
        wholly = self._limits.wholly(outcome, matter)
        if wholly is not None:
            return Verdict.WATCH, wholly
        return Verdict.TRANSFER_ON_SUSPICION, barred

    def _said(self, weighed: Weighed, verdict: Verdict, barred: Barred | None) -> Assessment:
        outcome = weighed.outcome
        standard, reading = outcome.standard, outcome.reading
        fine = self._fines.range(weighed.matter.figures, outcome.tier, outcome.day)
        steps = self._words.steps(weighed, verdict, fine, barred)
        article = reading.article if reading else standard.article
        return Assessment(
            verdict=verdict,
            tier=outcome.tier,
            offence=standard.name,
            title=standard.title.zh,
            title_en=standard.title.en,
            rule=reading.rule if reading else "",
            metric=reading.metric if reading else "",
            value=reading.value if reading else 0,
            needed=reading.needed if reading else 0,
            figures=_used(outcome.readings),
            citation=f"{standard.source} {article}",
            version=standard.effective_from.isoformat(),
            confidence=standard.confidence,
            lighter=outcome.lighter if outcome.lighter in {"old", "new"} else "",
            sanctions=tuple(one.id for one in outcome.sanctions),
            fine=fine,
            unknown=weighed.unknown if outcome.tier else (),
            limitation="" if barred is None else barred.citation,
            steps=tuple(zh for zh, _ in steps),
            steps_en=tuple(en for _, en in steps),
        )


def _severity(judged: _Judged) -> tuple[int, tuple[int, float], str]:
    weighed, verdict, _ = judged
    return RANK[verdict], weighed.outcome.weight, weighed.outcome.standard.name


def _without_standard(matter: AssessedMatter, offence: str | None) -> Assessment:
    verdict = Verdict.TRANSFER_ON_SUSPICION if matter.figures.suspicion else Verdict.WATCH
    zh, en = threshold_words.no_standard(offence)
    return Assessment(verdict=verdict, offence=offence or "", steps=(zh,), steps_en=(en,))


def _used(readings: tuple[MetricReading, ...]) -> tuple[tuple[str, int], ...]:
    return tuple(sorted({one.metric: one.value for one in readings if not one.beside}.items()))
