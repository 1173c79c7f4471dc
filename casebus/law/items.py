"""Items: the single acts against single rights, and the offences that each of them can be.

An item is certain if it can be one offence only and every element is known. The others may give
rise to a suspicion. Sums are made for each offence, so order and splitting change nothing. Pure.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import NamedTuple

from casebus.law.figures import Figures
from casebus.law.threshold_models import Fit, MetricChoice

#: Unknown facts of an item beside the elements that the law names.
ACT, SEVERAL = "act", "several"
_OTHER = "OTHER"


@dataclass(frozen=True, slots=True, kw_only=True)
class GoodsItem:
    """An item as its author states it. Money is in fen. None and missing names mean unknown."""

    right: str = _OTHER
    number: str = ""
    holder: str = ""
    act: str = ""
    sold: bool | None = None
    service: bool = False
    quantity: int | None = None
    unit: str = "pieces"
    amount: int | None = None
    gains: int | None = None
    loss: int | None = None
    #: (element, value) of the known elements.
    elements: tuple[tuple[str, bool], ...] = ()

    def parts(self, counts: Mapping[str, MetricChoice]) -> Iterator[tuple[str, int]]:
        """(metric, value) of all amounts that the item adds.

        If `sold` is not stated, it counts as unsold.

        A service has no turnover: only gains count (法释〔2025〕5号 3 II).
        """
        turnover = None if self.service else counts.get("amount")
        given = ((turnover, self.amount), (counts.get(self.unit), self.quantity))
        for counted, value in given:
            if counted is not None and value is not None:
                yield (counted.sold if self.sold else counted.unsold), value
        if self.gains is not None:
            yield ("service_gains" if self.service else "illegal_gains"), self.gains
        if self.loss is not None:
            yield "loss_amount", self.loss


class Charge(NamedTuple):
    """The figures of all items for one offence."""

    offence: str
    #: Names of the standards to ask.
    standards: tuple[str, ...]
    #: Figures of the items that certainly are this offence, and of all items that may be.
    sure: Figures | None
    maybe: Figures
    #: Unknown facts of the items that only may be the offence: elements, ACT, SEVERAL; sorted.
    unknown: tuple[str, ...]


class Fits:
    """The rows of the law that say which act against which right can be which offence."""

    def __init__(self, rows: Iterable[Fit], acts: Collection[str]) -> None:
        self.rows = tuple(rows)
        #: The known words for an act; any other word says nothing.
        self.acts = frozenset(acts)
        #: Offences that a right alone does not suggest.
        self.stated = frozenset(one.offence for one in self.rows if one.stated) - {
            one.offence for one in self.rows if not one.stated
        }

    def __bool__(self) -> bool:
        return bool(self.rows)

    def charges(
        self, items: Iterable[GoodsItem], named: str | None, day: dt.date, about: Figures
    ) -> list[Charge]:
        """The charges for each offence by the rows of a day. `about` is known of the whole case.

        An offence that the author `named` takes every item that does not contradict it.
        """
        rows = self._of(day)
        sums: dict[tuple[str, ...], _Sum] = {}
        for item in items:
            for fit, unknown in self._fitting(item, rows, named):
                asked = sums.setdefault(fit.asked, _Sum(fit))
                asked.take(item, fit, unknown)
        return [one.charge(about) for one in sums.values()]

    def offences(self, items: Iterable[GoodsItem], day: dt.date) -> set[str]:
        """Every offence that some item may be."""
        rows = self._of(day)
        return {fit.offence for one in items for fit, _ in self._fitting(one, rows, None)}

    def _of(self, day: dt.date) -> list[Fit]:
        """The rows in force on a day; for a day before all of them, the first rows."""
        day = max(day, min((one.effective_from for one in self.rows), default=day))
        return [
            one
            for one in self.rows
            if one.effective_from <= day <= (one.effective_to or dt.date.max)
        ]

    def _fitting(
        self, item: GoodsItem, rows: list[Fit], named: str | None
    ) -> Iterator[tuple[Fit, set[str]]]:
        """The rows that the item fits, each with the facts that are unknown."""
        is_open = item.act not in self.acts
        found = [one for one in rows if _is_of(item, one, is_open=is_open, named=named)]
        several = len({one.asked for one in found}) > 1
        known = dict(item.elements)
        for fit in found:
            if any(known.get(name, want) != want for name, want in fit.elements.items()):
                continue
            unknown = {name for name in fit.elements if name not in known}
            unknown |= {ACT} if is_open else set()
            unknown |= {SEVERAL} if several else set()
            yield fit, set() if fit.offence == named else unknown


def _is_of(item: GoodsItem, fit: Fit, *, is_open: bool, named: str | None) -> bool:
    is_named = fit.offence == named
    if item.right not in fit.rights and not (is_named and item.right == _OTHER):
        return False
    if is_open:
        return is_named or not fit.stated
    return item.act in fit.acts


@dataclass(slots=True)
class _Totals:
    parts: dict[str, int] = field(default_factory=dict)
    holders: set[str] = field(default_factory=set)
    numbers: set[str] = field(default_factory=set)
    any: bool = False

    def take(self, item: GoodsItem, fit: Fit) -> None:
        self.any = True
        for metric, value in item.parts(fit.counts):
            self.parts[metric] = self.parts.get(metric, 0) + value
        self.holders |= {item.holder} - {""}
        self.numbers |= {item.number} - {""}

    def figures(self, about: Figures, *, circumvention: bool) -> Figures:
        return replace(
            about,
            **self.parts,  # type: ignore[arg-type]  # metrics are names of whole numbers
            circumvention=circumvention,
            # Marks without a holder may all belong to one holder.
            right_sources=max(len(self.holders), 1),
            right_numbers=max(len(self.numbers), 1),
        )


class _Sum:
    """Adds up the items of one offence while they are read."""

    def __init__(self, fit: Fit) -> None:
        self._fit = fit
        self._sure, self._maybe = _Totals(), _Totals()
        self._unknown: set[str] = set()

    def take(self, item: GoodsItem, fit: Fit, unknown: set[str]) -> None:
        self._maybe.take(item, fit)
        self._unknown |= unknown
        if not unknown:
            self._sure.take(item, fit)

    def charge(self, about: Figures) -> Charge:
        special = any(name.endswith("/circumvention") for name in self._fit.asked)
        return Charge(
            self._fit.offence,
            self._fit.asked,
            self._sure.figures(about, circumvention=special) if self._sure.any else None,
            self._maybe.figures(about, circumvention=special),
            tuple(sorted(self._unknown)),
        )
