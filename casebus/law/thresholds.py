"""Whether figures reach a criminal standard: which rule, by which version of the law, and why.

The answer is never "no": what does not reach a standard today is watched. Pure.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Container, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from fnmatch import fnmatchcase
from itertools import combinations, pairwise
from typing import Any, NamedTuple, TypeVar

from casebus.law import models, threshold_words
from casebus.law.figures import Acts, Figures, Sanction
from casebus.law.loader import LawError
from casebus.law.threshold_models import (
    FACTS,
    Detection,
    Family,
    Standard,
    ThresholdFile,
    ThresholdRule,
    When,
)

_R = TypeVar("_R", bound=models.Rule)
_KEPT = 20_000
_PERCENT = 100
#: Names the rule of two halves where a rule is named.
HALF = "half"
_SAYS = (
    "restates",
    "adds",
    "alleges",
    "watched",
    "transfers",
    "punishes",
    "annuls",
    "convicts",
    "finalises",
    "settles",
)


class Verdict(StrEnum):
    """In the words of 310 article 3; severest first."""

    MUST_TRANSFER = "MUST_TRANSFER"
    TRANSFER_ON_SUSPICION = "TRANSFER_ON_SUSPICION"
    WATCH = "WATCH"


class Reading(NamedTuple):
    """One figure held against one amount of one rule."""

    rule: str
    article: str
    metric: str
    value: int
    needed: int
    #: The other metric where two count together: what is sold, or the second half.
    beside: str = ""

    @property
    def reached(self) -> bool:
        return self.value >= self.needed

    @property
    def share(self) -> float:
        return self.value / self.needed


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
            "steps": list(self.steps),
            "steps_en": list(self.steps_en),
        }


class Matter(NamedTuple):
    """The question: what is known, when it was done, what was punished before, what day it is."""

    figures: Figures
    acts: Acts
    sanctions: tuple[Sanction, ...]
    today: dt.date


class Outcome(NamedTuple):
    """One standard applied in one version."""

    standard: Standard
    tier: int
    #: What decided, or came nearest.
    reading: Reading | None
    readings: tuple[Reading, ...]
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


class Thresholds:
    """All standards of one law, each name's versions newest first."""

    def __init__(
        self, files: Mapping[str, ThresholdFile], clocks: Container[str] = frozenset()
    ) -> None:
        """Check and index the files; raises LawError, naming file and row.

        `clocks` are the ids that the law knows.
        """
        self.families: dict[str, Family] = {}
        self.standards: dict[str, tuple[Standard, ...]] = {}
        rows: dict[str, list[Standard]] = {}
        for name, file in files.items():
            for word, family in file.families.items():
                if word in self.families:
                    raise LawError("law_invalid", f"{name}: family {word} twice")
                self.families[word] = family
            for row in file.standards:
                rows.setdefault(row.name, []).append(row)
        self.standards = {
            name: _versions(f"thresholds: {name}", rows[name]) for name in sorted(rows)
        }
        self.fines = _gathered("fines", (file.fines for file in files.values()))
        self.units = _gathered("units", (file.units for file in files.values()))
        self.accumulation = _gathered("accumulation", (f.accumulation for f in files.values()))
        self.family_of = _families(self.families, self.standards)
        self.detection = _detection(files)
        for clock in self.detection.clocks:
            if clock not in clocks:
                raise LawError("law_invalid", f"thresholds: detection: unknown clock {clock}")
        self._known: dict[Any, Assessment] = {}
        self._says: dict[str, frozenset[str]] = {}

    def says(self, name: str) -> frozenset[str]:
        """What an event of this name says: `restates`, `punishes`, ...; mostly nothing."""
        known = self._says.get(name)
        if known is None:
            known = _words_for(self.detection, name)
            if len(self._says) < _KEPT:
                self._says[name] = known
        return known

    def family_of_right(self, kind: str) -> str | None:
        """The family whose acts harm such a right."""
        return next((word for word, one in self.families.items() if kind in one.rights), None)

    def assess(
        self,
        figures: Figures,
        offence: str | None,
        acts: Acts,
        sanctions: Iterable[Sanction] = (),
        *,
        today: dt.date | None = None,
        family: str | None = None,
    ) -> Assessment:
        """What the figures mean on `today` (the last day of the acts where not given).

        Without an offence every standard of the family, or of all families, is asked.
        """
        matter = Matter(
            figures, acts, tuple(sorted(set(sanctions))), max(today or acts.last, acts.last)
        )
        asked = (matter, offence, family)
        known = self._known.get(asked)
        if known is None:
            known = self._assess(matter, offence, family)
            # Bounded: one case is folded often, a flood of others must not fill the memory.
            if len(self._known) < _KEPT:
                self._known[asked] = known
        return known

    def accumulated(self, acts: Sequence[tuple[Figures, Acts]], today: dt.date) -> Figures:
        """Unpunished acts added up, those left out that can be prosecuted no more."""
        rule = _in_force(self.accumulation, today)
        total = Figures()
        for figures, when in acts:
            if rule is not None and _years_after(when.last, rule.limitation_years) >= today:
                total = total.plus(figures)
        return total

    def fine(self, figures: Figures, tier: int, day: dt.date) -> FineRange | None:
        """The range for a tier that was reached, by the version of a day."""
        row = _in_force(self.fines, day)
        if row is None or not tier:
            return None
        citation = f"{row.source} {row.article}"
        gains = figures.illegal_gains_and_services or figures.value("illegal_gains")
        if gains:
            low, high = row.gains_times
            return FineRange(gains * low, gains * high, "illegal_gains", citation)
        business = figures.business
        if business:
            low, high = (business * one // _PERCENT for one in row.business_percent)
            return FineRange(low, high, "illegal_business_amount", citation)
        unknown = row.unknown.get(2 if tier > 1 else 1)
        return FineRange(*unknown, "", citation) if unknown else None

    def _assess(self, matter: Matter, offence: str | None, family: str | None) -> Assessment:
        names = list(self._names(matter.figures, offence, family))
        outcomes = [self._lighter(self.standards[name], matter) for name in names]
        if not outcomes:
            verdict = Verdict.TRANSFER_ON_SUSPICION if matter.figures.suspicion else Verdict.WATCH
            zh, en = threshold_words.no_standard(offence)
            return Assessment(verdict=verdict, offence=offence or "", steps=(zh,), steps_en=(en,))
        best = max(outcomes, key=lambda one: one.weight)
        sure = offence is not None or _whatever_the_offence(outcomes)
        return self._said(best, matter, sure=sure)

    def _names(self, figures: Figures, offence: str | None, family: str | None) -> Iterator[str]:
        for name, versions in self.standards.items():
            one = versions[0]
            if offence is None and any("conduct" in rule.any for rule in one.rules):
                continue
            if offence is not None and one.offence != offence:
                continue
            if offence is None and family is not None and self.family_of[one.offence] != family:
                continue
            special = one.variant == "circumvention"
            if one.offence == "217" and special != figures.circumvention:
                continue
            yield name

    def _lighter(self, versions: tuple[Standard, ...], matter: Matter) -> Outcome:
        """By the law of the act, or by today's where that is the lighter (从旧兼从轻)."""
        day = matter.acts.last
        now = _in_force(versions, matter.today)
        then = _in_force(versions, day)
        first = versions[-1]
        if then is None and first.offence_from is not None and day < first.offence_from:
            return Outcome(first, 0, None, (), (), day, "no_offence")
        unknown = then is None and day < first.effective_from
        then = then or (first if unknown else now) or versions[0]
        old = self._apply(then, matter, max(day, first.effective_from))
        if now is None or now is then:
            return old._replace(lighter="unknown" if unknown else "")
        new = self._apply(now, matter, matter.today)
        if new.weight < old.weight:
            return new._replace(lighter="new", other=old.tier)
        return old._replace(lighter="unknown" if unknown else "old", other=new.tier)

    def _apply(self, standard: Standard, matter: Matter, day: dt.date) -> Outcome:
        family = self.family_of[standard.offence]
        prior = tuple(one for one in matter.sanctions if one.family == family)
        units = _in_force(self.units, day)
        factor = units.times if units is not None and matter.figures.organisation else 1
        asked = _Asked(standard, matter.figures, matter.acts, prior, factor)
        first = tuple(asked.readings())
        second = tuple(asked.aggravated())
        tier, best = 0, max(first, key=_share, default=None)
        if any(one.reached for one in first):
            tier = 1
        if any(one.reached for one in second):
            tier, best = 2, max(second, key=_share)
        used = asked.repeats_of(best) if tier else ()
        return Outcome(standard, tier, best, first, used, day)

    def _said(self, outcome: Outcome, matter: Matter, *, sure: bool) -> Assessment:
        standard, reading = outcome.standard, outcome.reading
        verdict = Verdict.WATCH
        if outcome.tier:
            verdict = Verdict.MUST_TRANSFER if sure else Verdict.TRANSFER_ON_SUSPICION
        elif matter.figures.suspicion:
            verdict = Verdict.TRANSFER_ON_SUSPICION
        fine = self.fine(matter.figures, outcome.tier, outcome.day)
        steps = threshold_words.steps(outcome, matter, verdict, fine, sure=sure)
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
            steps=tuple(zh for zh, _ in steps),
            steps_en=tuple(en for _, en in steps),
        )


class _Asked(NamedTuple):
    """One standard, one version, one act."""

    standard: Standard
    figures: Figures
    acts: Acts
    sanctions: tuple[Sanction, ...]
    factor: int

    def readings(self) -> Iterator[Reading]:
        return self._all(self.factor)

    def aggravated(self) -> Iterator[Reading]:
        tier = self.standard.tier2
        if tier is None:
            return
        if tier.times is not None:
            for one in self._all(self.factor * tier.times):
                yield one._replace(article=tier.article)
        for rule in filter(self._applies, tier.rules):
            yield from self._plain(rule, self.factor)

    def repeats_of(self, reading: Reading | None) -> tuple[Sanction, ...]:
        """The punishments without which the rule that decided would not count."""
        rules = (*self.standard.rules, *(self.standard.tier2.rules if self.standard.tier2 else ()))
        name = reading.rule.partition("+")[0] if reading else ""
        rule = next((one for one in rules if one.id == name), None)
        return self._repeats(rule.when) if rule is not None and rule.when.repeat else ()

    def _all(self, factor: int) -> Iterator[Reading]:
        rules = [rule for rule in self.standard.rules if self._applies(rule)]
        for rule in rules:
            yield from self._plain(rule, factor)
        yield from self._unsold(rules, factor)
        yield from self._halves(rules, factor)

    def _plain(self, rule: ThresholdRule, factor: int) -> Iterator[Reading]:
        for metric, needed in rule.any.items():
            value = self.figures.value(metric)
            if value:
                # A fact is so or not, whatever the tier.
                times = 1 if metric in FACTS else factor
                yield Reading(rule.id, rule.article, metric, value, needed * times)

    def _unsold(self, rules: list[ThresholdRule], factor: int) -> Iterator[Reading]:
        part = self.standard.unsold
        for rule in rules if part else ():
            if part is None or rule.id not in part.of:
                continue
            for metric, sold_as in part.pairs.items():
                base = rule.any.get(sold_as)
                unsold = self.figures.value(metric)
                if base is None or not unsold:
                    continue
                needed = base * part.times * factor
                sold = self.figures.value(sold_as) or 0
                together = 0 < sold < base * factor
                name = f"{rule.id}+unsold"
                value, beside = (sold + unsold, sold_as) if together else (unsold, "")
                yield Reading(name, part.article, metric, value, needed, beside)

    def _halves(self, rules: list[ThresholdRule], factor: int) -> Iterator[Reading]:
        part = self.standard.half
        if part is None:
            return
        counted = [one for rule in rules if rule.id in part.of for one in self._plain(rule, factor)]
        pairs = [
            (one, other) if one.share <= other.share else (other, one)
            for one, other in combinations(counted, 2)
            if one.rule != other.rule and one.metric != other.metric
        ]
        if pairs:
            weaker, other = max(pairs, key=lambda pair: (pair[0].share, pair[1].share))
            needed = -(-weaker.needed // part.at_least)
            yield Reading(HALF, part.article, weaker.metric, weaker.value, needed, other.metric)

    def _applies(self, rule: ThresholdRule) -> bool:
        rights = rule.when.right_count
        if rights is not None:
            source = rights.by == "source"
            known = self.figures.right_sources if source else self.figures.right_numbers
            if (known or 0) < rights.at_least:
                return False
        return rule.when.repeat is None or bool(self._repeats(rule.when))

    def _repeats(self, when: When) -> tuple[Sanction, ...]:
        years = when.repeat.years if when.repeat else 0
        acts = self.acts
        return tuple(
            one
            for one in self.sanctions
            if one.decided_on < acts.last and acts.first <= _years_after(one.decided_on, years)
        )


def _whatever_the_offence(outcomes: list[Outcome]) -> bool:
    """Whether one metric reaches every standard that measures it: then the name does not matter."""
    measured: dict[str, bool] = {}
    for outcome in outcomes:
        reached: dict[str, bool] = {}
        for one in outcome.readings:
            metric = HALF if one.rule == HALF else one.metric
            reached[metric] = reached.get(metric, False) or one.reached
        for metric, is_reached in reached.items():
            measured[metric] = measured.get(metric, True) and is_reached
    return len(outcomes) == 1 or any(measured.values())


def _share(reading: Reading) -> float:
    return reading.share


def _used(readings: tuple[Reading, ...]) -> tuple[tuple[str, int], ...]:
    return tuple(sorted({one.metric: one.value for one in readings if not one.beside}.items()))


def _in_force(versions: Sequence[_R], day: dt.date) -> _R | None:
    for one in versions:
        if one.effective_from <= day <= (one.effective_to or dt.date.max):
            return one
    return None


def _years_after(day: dt.date, years: int) -> dt.date:
    """The same day so many years on; of 29 February the 28th."""
    if day.year + years > dt.MAXYEAR:
        return dt.date.max
    try:
        return day.replace(year=day.year + years)
    except ValueError:
        return day.replace(year=day.year + years, day=28)


def _versions(what: str, rows: Iterable[_R]) -> tuple[_R, ...]:
    """Newest first; raises LawError where two are in force at once."""
    ordered = sorted(rows, key=lambda one: one.effective_from, reverse=True)
    for later, earlier in pairwise(ordered):
        if (earlier.effective_to or dt.date.max) >= later.effective_from:
            raise LawError("law_invalid", f"{what}: two versions overlap on {later.effective_from}")
    return tuple(ordered)


def _gathered(what: str, parts: Iterable[tuple[_R, ...]]) -> tuple[_R, ...]:
    return _versions(f"thresholds: {what}", [row for part in parts for row in part])


def _detection(files: Mapping[str, ThresholdFile]) -> Detection:
    found = [(name, file.detection) for name, file in files.items() if file.detection is not None]
    if len(found) > 1:
        raise LawError("law_invalid", f"{found[1][0]}: detection stands in {found[0][0]} already")
    return found[0][1] if found else Detection()


def _words_for(detection: Detection, name: str) -> frozenset[str]:
    return frozenset(
        word for word in _SAYS if any(fnmatchcase(name, glob) for glob in getattr(detection, word))
    )


def _families(
    families: Mapping[str, Family], standards: Mapping[str, tuple[Standard, ...]]
) -> dict[str, str]:
    """Offence -> its family; raises LawError for an offence in none or in two."""
    found: dict[str, str] = {}
    for word, family in families.items():
        for offence in family.offences:
            if offence in found:
                raise LawError("law_invalid", f"thresholds: {offence} is in two families")
            found[offence] = word
    for versions in standards.values():
        if versions[0].offence not in found:
            raise LawError("law_invalid", f"thresholds: {versions[0].offence} is in no family")
    return found
