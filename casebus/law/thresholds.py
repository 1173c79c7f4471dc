"""Whether figures reach a criminal standard: by which rule, which version of the law, and why.

The answer is never "no". If a matter reaches no standard today, it is watched. Pure.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Container, Iterable, Iterator, Mapping
from dataclasses import replace
from typing import Any

from casebus.law.assessment import AssessedMatter, Assessment, Weighed
from casebus.law.detection import EventDetection
from casebus.law.figures import ActDays, Figures, Sanction
from casebus.law.fines import Fines
from casebus.law.items import ACT, Charge, Fits, GoodsItem
from casebus.law.limits import AccumulatedActs, ProsecutionLimits
from casebus.law.outcomes import Outcomes
from casebus.law.standards import Standards
from casebus.law.threshold_models import ThresholdFile
from casebus.law.threshold_words import AssessmentWords
from casebus.law.verdicts import Verdicts

#: One case is folded often, and a flood of others must not fill the memory.
_KEPT = 20_000


class Thresholds:
    """The answers of one law about figures.

    Each part reads its own rows; `assess` asks all of them.
    """

    def __init__(
        self, files: Mapping[str, ThresholdFile], clocks: Container[str] = frozenset()
    ) -> None:
        """Check and index the files. Raises LawError, which names file and row.

        `clocks` are the ids that the law knows.
        """
        every = list(files.values())
        acts = {word for file in every for word in file.acts}
        self.fits = Fits((row for file in every for row in file.fits), acts)
        self.standards = Standards(files, self.fits.stated)
        self.fines = Fines(every)
        self.accumulation = AccumulatedActs(every)
        self.limits = ProsecutionLimits(every)
        self.detection = EventDetection(files, clocks)
        self._outcomes = Outcomes(every, self.standards.family_of)
        self._verdicts = Verdicts(self.limits, self.fines, AssessmentWords(every))
        self._known: dict[Any, Assessment] = {}

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
        """The meaning of the figures on `today` (if not given, on the last day of the acts).

        If there are items, only they are assessed. Otherwise the totals are: against the named
        offence or, without one, against those of the families of the rights (None: not known).
        """
        matter = AssessedMatter(
            figures, acts, tuple(sorted(set(sanctions))), max(today or acts.last, acts.last)
        )
        asked = (matter, offence, families, items)
        known = self._known.get(asked)
        if known is None:
            known = self._verdicts.on(list(self._weighed(*asked)), matter, offence)
            if len(self._known) < _KEPT:
                self._known[asked] = known
        return known

    def families_shown(
        self, items: tuple[GoodsItem, ...], families: frozenset[str] | None
    ) -> frozenset[str]:
        """The families whose offences the items may be.

        Without items, those that rights suggest.
        """
        if items and self.fits:
            offences = self.fits.offences(items, dt.date.max)
            family_of = self.standards.family_of
            return frozenset(family_of[one] for one in offences if one in family_of)
        return self.standards.families_implied(families or ())

    def _weighed(
        self,
        matter: AssessedMatter,
        offence: str | None,
        families: frozenset[str] | None,
        items: tuple[GoodsItem, ...],
    ) -> Iterator[Weighed]:
        if not (items and self.fits):
            yield from self._by_totals(matter, offence, families)
            return
        bare = matter.figures.bare()
        for charge in self.fits.charges(items, offence, matter.acts.last, bare):
            yield from self._by_charge(charge, matter, offence)

    def _by_charge(
        self, charge: Charge, matter: AssessedMatter, offence: str | None
    ) -> Iterator[Weighed]:
        """Outcomes for each offence that items can be, from certain and from possible items."""
        for name in filter(self.standards.versions.__contains__, charge.standards):
            if charge.sure is not None:
                of_sure = matter._replace(figures=charge.sure)
                sure = self._outcomes.lighter(self.standards.versions[name], of_sure)
                yield Weighed(sure, of_sure, is_named=charge.offence == offence, by_items=True)
            if charge.unknown:
                of_all = matter._replace(figures=charge.maybe)
                maybe = self._outcomes.lighter(self.standards.versions[name], of_all)
                yield Weighed(maybe, of_all, unknown=charge.unknown, by_items=True)

    def _by_totals(
        self, matter: AssessedMatter, offence: str | None, families: frozenset[str] | None
    ) -> Iterator[Weighed]:
        """Outcomes from totals.

        Totals show neither goods nor act, so unnamed they are at most a suspicion.
        """
        if offence is None and (families is None or len(families) > 1):
            matter = matter._replace(figures=replace(matter.figures, mixed=True))
        unknown = () if offence is not None else (ACT,)
        for name in self.standards.asked(matter.figures, offence, families):
            outcome = self._outcomes.lighter(self.standards.versions[name], matter)
            yield Weighed(outcome, matter, is_named=offence is not None, unknown=unknown)
