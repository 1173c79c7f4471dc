"""The outcome of one standard for a matter, by the law of the act's day or by today's. Pure."""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection, Mapping

from casebus.law.assessment import AssessedMatter, StandardOutcome
from casebus.law.threshold_models import Standard, ThresholdFile
from casebus.law.threshold_readings import MetricReading, StandardAsked, share_of
from casebus.law.threshold_rows import gathered, in_force

_Readings = tuple[MetricReading, ...]


class Outcomes:
    """Compares matters with standards; `family_of` says whose punishments count."""

    def __init__(self, files: Collection[ThresholdFile], family_of: Mapping[str, str]) -> None:
        #: The factor by which an organisation's standard is higher.
        self._units = gathered("units", (file.units for file in files))
        self._family_of = family_of

    def lighter(self, rows: tuple[Standard, ...], matter: AssessedMatter) -> StandardOutcome:
        """The outcome by the law of the act, or by today's law if that is lighter (从旧兼从轻)."""
        day = matter.acts.last
        now = in_force(rows, matter.today)
        then = in_force(rows, day)
        first = rows[-1]
        if then is None and first.offence_from is not None and day < first.offence_from:
            return StandardOutcome(first, 0, None, (), (), day, "no_offence")
        unknown = then is None and day < first.effective_from
        then = then or (first if unknown else now) or rows[0]
        old = self._applied(then, matter, max(day, first.effective_from))
        if now is None or now is then:
            return old._replace(lighter="unknown" if unknown else "")
        new = self._applied(now, matter, matter.today)
        if new.weight < old.weight:
            return new._replace(lighter="new", other=old.tier)
        return old._replace(lighter="unknown" if unknown else "old", other=new.tier)

    def _applied(self, standard: Standard, matter: AssessedMatter, day: dt.date) -> StandardOutcome:
        asked = self._asked(standard, matter, day)
        first = tuple(asked.readings())
        tier, best = _reached(first, tuple(asked.aggravated()))
        used = asked.repeats_of(best) if tier else ()
        return StandardOutcome(standard, tier, best, first, used, day)

    def _asked(self, standard: Standard, matter: AssessedMatter, day: dt.date) -> StandardAsked:
        family = self._family_of[standard.offence]
        prior = tuple(one for one in matter.sanctions if one.family == family)
        units = in_force(self._units, day)
        factor = units.times if units is not None and matter.figures.organisation else 1
        return StandardAsked(standard, matter.figures, matter.acts, prior, factor)


def _reached(first: _Readings, second: _Readings) -> tuple[int, MetricReading | None]:
    """The tier that is reached, and the rule that decided or came nearest."""
    if any(one.reached for one in second):
        return 2, max(second, key=share_of)
    tier = 1 if any(one.reached for one in first) else 0
    return tier, max(first, key=share_of, default=None)
