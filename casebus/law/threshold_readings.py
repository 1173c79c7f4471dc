"""Figures compared with one standard: the limit and the figure that reaches it. Pure."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import combinations
from typing import NamedTuple

from casebus.law.figures import ActDays, Figures, Sanction
from casebus.law.threshold_models import FACTS, RuleCondition, Standard, ThresholdRule
from casebus.law.threshold_rows import years_after

#: Names the rule of two halves in places that name a rule.
HALF = "half"


class MetricReading(NamedTuple):
    """One figure compared with one amount of one rule."""

    rule: str
    article: str
    metric: str
    value: int
    needed: int
    #: The other metric if two count together: the sold goods, or the second half.
    beside: str = ""

    @property
    def reached(self) -> bool:
        return self.value >= self.needed

    @property
    def share(self) -> float:
        return self.value / self.needed


class StandardAsked(NamedTuple):
    """One standard, one version, one act."""

    standard: Standard
    figures: Figures
    acts: ActDays
    sanctions: tuple[Sanction, ...]
    factor: int

    def readings(self) -> Iterator[MetricReading]:
        return self._all(self.factor)

    def aggravated(self) -> Iterator[MetricReading]:
        tier = self.standard.tier2
        if tier is None:
            return
        if tier.times is not None:
            for one in self._all(self.factor * tier.times):
                yield one._replace(article=tier.article)
        for rule in filter(self._applies, tier.rules):
            yield from self._plain(rule, self.factor)

    def repeats_of(self, reading: MetricReading | None) -> tuple[Sanction, ...]:
        """The punishments without which the deciding rule would not count."""
        rules = (*self.standard.rules, *(self.standard.tier2.rules if self.standard.tier2 else ()))
        name = reading.rule.partition("+")[0] if reading else ""
        rule = next((one for one in rules if one.id == name), None)
        return self._repeats(rule.when) if rule is not None and rule.when.repeat else ()

    def _all(self, factor: int) -> Iterator[MetricReading]:
        rules = [rule for rule in self.standard.rules if self._applies(rule)]
        for rule in rules:
            yield from self._plain(rule, factor)
        yield from self._unsold(rules, factor)
        yield from self._halves(rules, factor)

    def _plain(self, rule: ThresholdRule, factor: int) -> Iterator[MetricReading]:
        for metric, needed in rule.any.items():
            value = self.figures.value(metric)
            if value:
                # A fact is true or false, whatever the tier.
                times = 1 if metric in FACTS else factor
                yield MetricReading(rule.id, rule.article, metric, value, needed * times)

    def _unsold(self, rules: list[ThresholdRule], factor: int) -> Iterator[MetricReading]:
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
                together = 0 < sold < base * factor and not self.figures.mixed
                name = f"{rule.id}+unsold"
                value, beside = (sold + unsold, sold_as) if together else (unsold, "")
                yield MetricReading(name, part.article, metric, value, needed, beside)

    def _halves(self, rules: list[ThresholdRule], factor: int) -> Iterator[MetricReading]:
        part = self.standard.half
        if part is None or self.figures.mixed:
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
            yield MetricReading(
                HALF, part.article, weaker.metric, weaker.value, needed, other.metric
            )

    def _applies(self, rule: ThresholdRule) -> bool:
        rights = rule.when.right_count
        if rights is not None:
            source = rights.by == "source"
            known = self.figures.right_sources if source else self.figures.right_numbers
            if (known or 0) < rights.at_least:
                return False
        return rule.when.repeat is None or bool(self._repeats(rule.when))

    def _repeats(self, when: RuleCondition) -> tuple[Sanction, ...]:
        years = when.repeat.years if when.repeat else 0
        acts = self.acts
        return tuple(
            one
            for one in self.sanctions
            if one.decided_on < acts.last and acts.first <= years_after(one.decided_on, years)
        )


def share_of(reading: MetricReading) -> float:
    return reading.share
