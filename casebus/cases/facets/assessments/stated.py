"""The figures that a case states so far: totals, items, rights, organisations, days of the acts."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from casebus.cases import body
from casebus.cases import figures as reading
from casebus.cases.event import CaseEvent
from casebus.law import Law
from casebus.law.assessment import RANK, Verdict
from casebus.law.figures import ActDays, Figures, Sanction, offence_of
from casebus.law.items import GoodsItem
from casebus.law.thresholds import Thresholds

_CLAIMS = {str(verdict): verdict for verdict in Verdict}
#: A kind of right without meaning.
_OTHER = "OTHER"


class FigureStatement(NamedTuple):
    """The statement of figures in one event, by its body alone."""

    organisations: frozenset[str]
    offence: str | None
    #: Kinds of right that are named.
    kinds: frozenset[str]
    acts: ActDays | None
    sources: int | None
    numbers: int | None
    amounts: dict[str, int]
    items: tuple[GoodsItem, ...]
    #: Totals that differ from the sum of the items.
    unequal: tuple[str, ...]
    owner_closed: bool
    circumvention: bool
    #: Punishments that the author itself knows.
    sanctions: tuple[dict[str, Any], ...]
    claim: Verdict | None


def statement_of(event: CaseEvent, _law: Law) -> FigureStatement:
    data = event.data
    kinds = frozenset(reading.right_kinds(data)) - {_OTHER, ""}
    sources, numbers = reading.rights(data)
    amounts, items = reading.amounts(data), reading.items(data, kinds)
    return FigureStatement(
        organisations=frozenset(reading.organisations(data)),
        offence=offence_of(body.text(data, "offence")),
        kinds=kinds,
        acts=reading.acts(data, event.legal.date),
        sources=sources,
        numbers=numbers,
        amounts=amounts,
        items=items,
        unequal=reading.unequal(items, amounts),
        owner_closed=data.get("owner_closed") is True,
        circumvention=data.get("circumvention") is True,
        sanctions=tuple(body.rows(data, "prior_sanctions")),
        claim=_CLAIMS.get(body.text(data, "assessment")),
    )


@dataclass(slots=True)
class Stated:
    restated: dict[str, int] = field(default_factory=dict)
    added: dict[str, int] = field(default_factory=dict)
    alleged: dict[str, int] = field(default_factory=dict)
    #: Items as stated last, found piece by piece since, or only alleged by somebody.
    items_restated: tuple[GoodsItem, ...] = ()
    items_added: tuple[GoodsItem, ...] = ()
    items_alleged: tuple[GoodsItem, ...] = ()
    sources: int | None = None
    numbers: int | None = None
    offence: str = ""
    #: Kinds of right that are named.
    kinds: frozenset[str] = frozenset()
    acts: ActDays | None = None
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

    def take(self, one: FigureStatement, says: frozenset[str], rules: Thresholds) -> bool:
        """Take over an event's statement; True if it has anything to assess."""
        self.organisations |= one.organisations
        self.offence = one.offence or self.offence
        self.kinds |= one.kinds
        self.acts = _spanned(self.acts, one.acts)
        self.sources = one.sources if one.sources is not None else self.sources
        self.numbers = one.numbers if one.numbers is not None else self.numbers
        if "alleges" in says:
            self.alleged.update(one.amounts)
            self.items_alleged += one.items
            return bool(one.amounts or one.items)
        self.owner_closed = self.owner_closed or one.owner_closed
        self.circumvention = self.circumvention or one.circumvention
        self.sanctions.update(self._listed(one.sanctions, rules))
        self.claim = _severer(self.claim, one.claim)
        self._count(one.amounts, one.items, adds="adds" in says)
        return bool(one.amounts or one.items) or self.owner_closed or one.claim is not None

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

    def items(self) -> tuple[tuple[GoodsItem, ...], ...]:
        """The items stated last, and those found since: the heavier of the two counts."""
        if self.is_alleged:
            return (self.items_alleged,)
        found = tuple(one for one in (self.items_restated, self.items_added) if one)
        return found or ((),)

    def families(self, rules: Thresholds) -> frozenset[str] | None:
        """The families of the named rights; None if none is named."""
        if not self.kinds:
            return None
        found = map(rules.standards.family_of_right, self.kinds)
        return frozenset(one for one in found if one is not None)

    def shown(self, rules: Thresholds) -> tuple[str, ...]:
        """The families whose offences it may be: by name, by items, else by rights; sorted."""
        named = rules.standards.family_of.get(self.offence)
        if named is not None:
            return (named,)
        return tuple(sorted(rules.families_shown(self._every_item(), self.families(rules))))

    def _every_item(self) -> tuple[GoodsItem, ...]:
        return tuple(one for part in self.items() for one in part)

    def _count(self, amounts: dict[str, int], items: tuple[GoodsItem, ...], *, adds: bool) -> None:
        if adds:
            self.items_added += items
            for name, value in amounts.items():
                self.added[name] = self.added.get(name, 0) + value
            return
        if items:
            # Restated as a whole: it includes the items found piece by piece.
            self.items_restated, self.items_added = items, ()
        self.restated.update(amounts)

    def _listed(self, sanctions: Iterable[dict[str, Any]], rules: Thresholds) -> Iterable[Sanction]:
        for row in sanctions:
            offence = offence_of(body.text(row, "offence")) or self.offence
            named = rules.standards.family_of.get(offence)
            for family in (named,) if named else self.shown(rules):
                yield from reading.sanctions({"rows": [row]}, "rows", family)


def _spanned(known: ActDays | None, more: ActDays | None) -> ActDays | None:
    if known is None or more is None:
        return known or more
    return ActDays(min(known.first, more.first), max(known.last, more.last))


def _severer(one: Verdict | None, other: Verdict | None) -> Verdict | None:
    known = [verdict for verdict in (one, other) if verdict is not None]
    return max(known, key=RANK.__getitem__, default=None)
