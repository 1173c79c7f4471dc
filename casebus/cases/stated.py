"""What a case states so far: totals, items, rights, organisations, the days of the acts."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from casebus.cases import body
from casebus.cases import figures as reading
from casebus.cases.event import CaseEvent
from casebus.law.assessment import RANK, Verdict
from casebus.law.figures import Acts, Figures, Sanction, offence_of
from casebus.law.items import Item
from casebus.law.thresholds import Thresholds

_CLAIMS = {str(verdict): verdict for verdict in Verdict}
#: A kind of right that says nothing.
_OTHER = "OTHER"


@dataclass(slots=True)
class Stated:
    restated: dict[str, int] = field(default_factory=dict)
    added: dict[str, int] = field(default_factory=dict)
    alleged: dict[str, int] = field(default_factory=dict)
    #: Items as they were stated last, found piece by piece since, or only said by somebody.
    items_restated: tuple[Item, ...] = ()
    items_added: tuple[Item, ...] = ()
    items_alleged: tuple[Item, ...] = ()
    sources: int | None = None
    numbers: int | None = None
    offence: str = ""
    #: Kinds of right that are named.
    kinds: frozenset[str] = frozenset()
    acts: Acts | None = None
    owner_closed: bool = False
    circumvention: bool = False
    #: The severest verdict that an author signed.
    claim: Verdict | None = None
    organisations: set[str] = field(default_factory=set)
    sanctions: set[Sanction] = field(default_factory=set)

    @property
    def is_alleged(self) -> bool:
        """No authority has stated any figure yet."""
        stated = self.restated or self.added or self.items_restated or self.items_added
        return bool(self.alleged or self.items_alleged) and not stated

    def read(self, event: CaseEvent, says: frozenset[str], rules: Thresholds) -> bool:
        """Take over what the event states; whether it states anything that could be assessed."""
        data = event.data
        self.organisations |= reading.organisations(data)
        self.offence = offence_of(body.text(data, "offence")) or self.offence
        kinds = frozenset(reading.right_kinds(data)) - {_OTHER, ""}
        self.kinds |= kinds
        self.acts = _spanned(self.acts, reading.acts(data, event.legal.date))
        sources, numbers = reading.rights(data)
        self.sources = sources if sources is not None else self.sources
        self.numbers = numbers if numbers is not None else self.numbers
        amounts, items = reading.amounts(data), reading.items(data, kinds)
        if "alleges" in says:
            self.alleged.update(amounts)
            self.items_alleged += items
            return bool(amounts or items)
        self.owner_closed = self.owner_closed or data.get("owner_closed") is True
        self.circumvention = self.circumvention or data.get("circumvention") is True
        self.sanctions.update(self._listed(data, rules))
        claim = _CLAIMS.get(body.text(data, "assessment"))
        self.claim = _severer(self.claim, claim)
        self._count(amounts, items, adds="adds" in says)
        return bool(amounts or items) or self.owner_closed or claim is not None

    def figures(self) -> Figures:
        both: dict[str, Any] = dict(self.alleged if self.is_alleged else self.added)
        for name, value in self.restated.items():
            both[name] = max(value, both.get(name, 0))
        return Figures(
            **both,
            owner_closed=self.owner_closed,
            circumvention=self.circumvention,
            organisation=bool(self.organisations),
            right_sources=self.sources,
            right_numbers=self.numbers,
            suspicion=self.claim is Verdict.TRANSFER_ON_SUSPICION,
        )

    def items(self) -> tuple[tuple[Item, ...], ...]:
        """What was stated last and what was found since: the heavier of the two counts."""
        if self.is_alleged:
            return (self.items_alleged,)
        found = tuple(one for one in (self.items_restated, self.items_added) if one)
        return found or ((),)

    def families(self, rules: Thresholds) -> frozenset[str] | None:
        """Of the rights that are named; None where none is."""
        if not self.kinds:
            return None
        return frozenset(one for kind in self.kinds if (one := rules.family_of_right(kind)))

    def shown(self, rules: Thresholds) -> tuple[str, ...]:
        """The families whose offences it may be: by name, by items, else by rights; sorted."""
        named = rules.family_of.get(self.offence)
        if named is not None:
            return (named,)
        return tuple(sorted(rules.families_shown(self._every_item(), self.families(rules))))

    def _every_item(self) -> tuple[Item, ...]:
        return tuple(one for part in self.items() for one in part)

    def _count(self, amounts: dict[str, int], items: tuple[Item, ...], *, adds: bool) -> None:
        if adds:
            self.items_added += items
            for name, value in amounts.items():
                self.added[name] = self.added.get(name, 0) + value
            return
        if items:
            # Said anew as a whole: what was found piece by piece is in it.
            self.items_restated, self.items_added = items, ()
        self.restated.update(amounts)

    def _listed(self, data: dict[str, Any], rules: Thresholds) -> Iterable[Sanction]:
        """Punishments that the author itself knows of."""
        for row in body.rows(data, "prior_sanctions"):
            offence = offence_of(body.text(row, "offence")) or self.offence
            named = rules.family_of.get(offence)
            for family in (named,) if named else self.shown(rules):
                yield from reading.sanctions({"rows": [row]}, "rows", family)


def _spanned(known: Acts | None, more: Acts | None) -> Acts | None:
    if known is None or more is None:
        return known or more
    return Acts(min(known.first, more.first), max(known.last, more.last))


def _severer(one: Verdict | None, other: Verdict | None) -> Verdict | None:
    known = [verdict for verdict in (one, other) if verdict is not None]
    return max(known, key=RANK.__getitem__, default=None)
