"""Whether figures reach a criminal standard: which rule, by which version of the law, and why.

The answer is never "no": what does not reach a standard today is watched. Pure.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Container, Iterable, Iterator, Mapping
from dataclasses import replace
from fnmatch import fnmatchcase
from typing import Any, TypeVar

from casebus.law import threshold_words
from casebus.law.assessment import (
    RANK,
    AssessedMatter,
    Assessment,
    FineRange,
    StandardOutcome,
    Verdict,
    Weighed,
)
from casebus.law.figures import ActDays, Figures, Sanction
from casebus.law.items import ACT, Fits, GoodsItem
from casebus.law.limits import Barred, ProsecutionLimits
from casebus.law.loader import LawError
from casebus.law.threshold_models import Detection, Family, Standard, ThresholdFile
from casebus.law.threshold_readings import MetricReading, StandardAsked, share_of
from casebus.law.threshold_rows import gathered, in_force, versions, years_after
from casebus.law.threshold_words import AssessmentWords

T = TypeVar("T")
_KEPT = 20_000
_PERCENT = 100
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


def _name_of(weighed: Weighed) -> str:
    return weighed.outcome.standard.name


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
            name: versions(f"thresholds: {name}", rows[name]) for name in sorted(rows)
        }
        self.fines = gathered("fines", (file.fines for file in files.values()))
        self.units = gathered("units", (file.units for file in files.values()))
        self.accumulation = gathered("accumulation", (f.accumulation for f in files.values()))
        acts = {word for file in files.values() for word in file.acts}
        self.fits = Fits((row for file in files.values() for row in file.fits), acts)
        self.limits = ProsecutionLimits(list(files.values()))
        self._words = AssessmentWords(list(files.values()))
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

    @property
    def repeat_years(self) -> int:
        """The most years after a punishment in which any standard takes an act for a repeat."""
        rules = (
            rule
            for rows in self.standards.values()
            for row in rows
            for rule in (*row.rules, *(row.tier2.rules if row.tier2 else ()))
        )
        return max((rule.when.repeat.years for rule in rules if rule.when.repeat), default=0)

    def family_of_right(self, kind: str) -> str | None:
        """The family whose acts harm such a right."""
        return next((word for word, one in self.families.items() if kind in one.rights), None)

    def assess(
        self,
        figures: Figures,
        offence: str | None,
        acts: ActDays,
        sanctions: Iterable[Sanction] = (),
        *,
        today: dt.date | None = None,
        families: frozenset[str] | None = None,
        items: tuple[GoodsItem, ...] = (),
    ) -> Assessment:
        """What the figures mean on `today` (the last day of the acts where not given).

        Where there are items they alone are assessed. Else the totals: against the offence that is
        named or, where none is, against those of the families of the rights (None: not known).
        """
        matter = AssessedMatter(
            figures, acts, tuple(sorted(set(sanctions))), max(today or acts.last, acts.last)
        )
        asked = (matter, offence, families, items)
        known = self._known.get(asked)
        if known is None:
            weighed = (
                self._by_items(matter, offence, items)
                if items and self.fits
                else self._by_totals(matter, offence, families)
            )
            known = self._decided(list(weighed), matter, offence)
            # Bounded: one case is folded often, a flood of others must not fill the memory.
            if len(self._known) < _KEPT:
                self._known[asked] = known
        return known

    def unlimited(self, acts: Iterable[tuple[T, ActDays]], today: dt.date) -> list[T]:
        """Those that may still be prosecuted and so are added up."""
        rule = in_force(self.accumulation, today)
        if rule is None:
            return []
        years = rule.limitation_years
        return [one for one, when in acts if years_after(when.last, years) >= today]

    def families_shown(
        self, items: tuple[GoodsItem, ...], families: frozenset[str] | None
    ) -> frozenset[str]:
        """The families whose offences items may be or, without items, of which rights are a sign.

        Who infringes a patent does not pass one off: of that the act itself must be stated.
        """
        if items and self.fits:
            offences = self.fits.offences(items, dt.date.max)
            return frozenset(self.family_of[one] for one in offences if one in self.family_of)
        return frozenset(
            one
            for one in families or ()
            if not self.fits.stated.issuperset(self.families[one].offences)
        )

    def fine(self, figures: Figures, tier: int, day: dt.date) -> FineRange | None:
        """The range for a tier that was reached, by the version of a day."""
        row = in_force(self.fines, day)
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

    def _by_items(
        self, matter: AssessedMatter, offence: str | None, items: tuple[GoodsItem, ...]
    ) -> Iterator[Weighed]:
        """Each offence that the items can be: what is sure of it, else what may be."""
        bare = matter.figures.bare()
        for charge in self.fits.charges(items, offence, matter.acts.last, bare):
            for name in filter(self.standards.__contains__, charge.standards):
                if charge.sure is not None:
                    of_sure = matter._replace(figures=charge.sure)
                    sure = self._lighter(self.standards[name], of_sure)
                    yield Weighed(sure, of_sure, is_named=charge.offence == offence, by_items=True)
                of_all = matter._replace(figures=charge.maybe)
                maybe = self._lighter(self.standards[name], of_all)
                if charge.unknown:
                    yield Weighed(maybe, of_all, unknown=charge.unknown, by_items=True)

    def _by_totals(
        self, matter: AssessedMatter, offence: str | None, families: frozenset[str] | None
    ) -> Iterator[Weighed]:
        """Totals say neither which goods nor which act: unnamed, they are a suspicion at most."""
        if offence is None and (families is None or len(families) > 1):
            matter = matter._replace(figures=replace(matter.figures, mixed=True))
        unknown = () if offence is not None else (ACT,)
        for name in self._names(matter.figures, offence, families):
            outcome = self._lighter(self.standards[name], matter)
            yield Weighed(outcome, matter, is_named=offence is not None, unknown=unknown)

    def _decided(
        self, weighed: list[Weighed], matter: AssessedMatter, offence: str | None
    ) -> Assessment:
        if not weighed:
            verdict = Verdict.TRANSFER_ON_SUSPICION if matter.figures.suspicion else Verdict.WATCH
            zh, en = threshold_words.no_standard(offence)
            return Assessment(verdict=verdict, offence=offence or "", steps=(zh,), steps_en=(en,))
        judged = [(one, *self._verdict(one)) for one in weighed]
        return self._said(
            *max(judged, key=lambda it: (RANK[it[1]], it[0].outcome.weight, _name_of(it[0])))
        )

    def _verdict(self, weighed: Weighed) -> tuple[Verdict, Barred | None]:
        """A tier that is barred leaves a suspicion standing, until all that it may be is barred."""
        outcome, matter = weighed.outcome, weighed.matter
        barred = self.limits.barred(outcome, matter)
        if outcome.tier and barred is None:
            open_ = Verdict.TRANSFER_ON_SUSPICION if weighed.unknown else Verdict.MUST_TRANSFER
            return open_, None
        if not matter.figures.suspicion:
            return Verdict.WATCH, barred
        wholly = self.limits.wholly(outcome, matter)
        if wholly is not None:
            return Verdict.WATCH, wholly
        return Verdict.TRANSFER_ON_SUSPICION, barred

    def _names(
        self, figures: Figures, offence: str | None, families: frozenset[str] | None
    ) -> Iterator[str]:
        for name, standards in self.standards.items():
            one = standards[0]
            if offence is None and self._is_never_assumed(one):
                continue
            if offence is not None and one.offence != offence:
                continue
            if (
                offence is None
                and families is not None
                and self.family_of[one.offence] not in families
            ):
                continue
            special = one.variant == "circumvention"
            if one.offence == "217" and special != figures.circumvention:
                continue
            yield name

    def _is_never_assumed(self, standard: Standard) -> bool:
        """Whether a right alone is no sign of the offence: its act must be stated."""
        by_conduct = any("conduct" in rule.any for rule in standard.rules)
        return by_conduct or standard.offence in self.fits.stated

    def _lighter(self, rows: tuple[Standard, ...], matter: AssessedMatter) -> StandardOutcome:
        """By the law of the act, or by today's where that is the lighter (从旧兼从轻)."""
        day = matter.acts.last
        now = in_force(rows, matter.today)
        then = in_force(rows, day)
        first = rows[-1]
        if then is None and first.offence_from is not None and day < first.offence_from:
            return StandardOutcome(first, 0, None, (), (), day, "no_offence")
        unknown = then is None and day < first.effective_from
        then = then or (first if unknown else now) or rows[0]
        old = self._apply(then, matter, max(day, first.effective_from))
        if now is None or now is then:
            return old._replace(lighter="unknown" if unknown else "")
        new = self._apply(now, matter, matter.today)
        if new.weight < old.weight:
            return new._replace(lighter="new", other=old.tier)
        return old._replace(lighter="unknown" if unknown else "old", other=new.tier)

    def _apply(self, standard: Standard, matter: AssessedMatter, day: dt.date) -> StandardOutcome:
        family = self.family_of[standard.offence]
        prior = tuple(one for one in matter.sanctions if one.family == family)
        units = in_force(self.units, day)
        factor = units.times if units is not None and matter.figures.organisation else 1
        asked = StandardAsked(standard, matter.figures, matter.acts, prior, factor)
        first = tuple(asked.readings())
        second = tuple(asked.aggravated())
        tier, best = 0, max(first, key=share_of, default=None)
        if any(one.reached for one in first):
            tier = 1
        if any(one.reached for one in second):
            tier, best = 2, max(second, key=share_of)
        used = asked.repeats_of(best) if tier else ()
        return StandardOutcome(standard, tier, best, first, used, day)

    def _said(self, weighed: Weighed, verdict: Verdict, barred: Barred | None) -> Assessment:
        outcome, matter = weighed.outcome, weighed.matter
        standard, reading = outcome.standard, outcome.reading
        fine = self.fine(matter.figures, outcome.tier, outcome.day)
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


def _used(readings: tuple[MetricReading, ...]) -> tuple[tuple[str, int], ...]:
    return tuple(sorted({one.metric: one.value for one in readings if not one.beside}.items()))


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
    for rows in standards.values():
        if rows[0].offence not in found:
            raise LawError("law_invalid", f"thresholds: {rows[0].offence} is in no family")
    return found
