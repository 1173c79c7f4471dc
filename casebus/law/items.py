"""Items: what was done to which right, one by one, and which offence each of them can be.

An item that can be one offence alone, with every element known, is sure; of the others there may
be a suspicion. Sums are made offence by offence, so order and splitting change nothing. Pure.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import NamedTuple

from casebus.law.figures import Figures
from casebus.law.threshold_models import Fit, MetricChoice

#: What is unknown of an item, beside the elements that the law names.
ACT, SEVERAL = "act", "several"
_OTHER = "OTHER"


@dataclass(frozen=True, slots=True, kw_only=True)
class GoodsItem:
    """As its author states it; money in fen, None and what is not named are not known."""

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
    #: (element, how it is), of those that are known.
    elements: tuple[tuple[str, bool], ...] = ()

    def parts(self, counts: Mapping[str, MetricChoice]) -> Iterator[tuple[str, int]]:
        """(metric, value) of all that it adds to; what is not said to be sold is unsold.

        A service has no turnover: gains alone are asked (法释〔2025〕5号 3 II).
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
    """What items come to for one offence."""

    offence: str
    #: Names of the standards to ask.
    standards: tuple[str, ...]
    #: Of the items that are this offence for certain, and of all that may be.
    sure: Figures | None
    maybe: Figures
    #: What is not known of those that only may be: elements, ACT, SEVERAL; sorted.
    unknown: tuple[str, ...]


class Fits:
    """The rows of the law that say which act against which right can be which offence."""

    def __init__(self, rows: Iterable[Fit], acts: Collection[str]) -> None:
        self.rows = tuple(rows)
        #: Words for what was done; any other says nothing.
        self.acts = frozenset(acts)
        #: Offences of which a right alone is no sign.
        self.stated = frozenset(one.offence for one in self.rows if one.stated) - {
            one.offence for one in self.rows if not one.stated
        }

    def __bool__(self) -> bool:
        return bool(self.rows)

    def charges(
        self, items: Iterable[GoodsItem], named: str | None, day: dt.date, about: Figures
    ) -> list[Charge]:
        """Offence by offence, by the rows of a day; `about` is known of the case as a whole.

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
        """In force on a day; of a day before all of them, the first ones."""
        day = max(day, min((one.effective_from for one in self.rows), default=day))
        return [
            one
            for one in self.rows
            if one.effective_from <= day <= (one.effective_to or dt.date.max)
        ]

    def _fitting(
        self, item: GoodsItem, rows: list[Fit], named: str | None
    ) -> Iterator[tuple[Fit, set[str]]]:
        """The rows that the item fits, each with what is unknown of it."""
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
            # Marks without a holder may all be of one.
            right_sources=max(len(self.holders), 1),
            right_numbers=max(len(self.numbers), 1),
        )


class _Sum:
    """What adds up to one offence while items are read."""

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
