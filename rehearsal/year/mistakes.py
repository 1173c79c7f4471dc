"""Faults on the way, made on purpose. Each spoilt line names its fault.

The walk itself makes no mistakes, so everything that the bus finds in a year comes from here.
"""

from __future__ import annotations

import datetime as dt
import json
import random
import uuid
from collections.abc import Callable
from dataclasses import replace

from casebus.cases.checks import HANDED_OVER
from casebus.events.identifiers import USCC_ALPHABET
from casebus.events.types import CASE_CORRECTED, event_name, in_full
from casebus.law import Law
from rehearsal.year.judging import NOT_TRANSFERRED, found, put_in
from rehearsal.year.lines import JSON, YearLine
from rehearsal.year.plan import Mistakes
from rehearsal.year.world import YearWorld

Lines = list[YearLine]
#: Fields whose codes are checked, that the generator fills.
_WITH_CODES = ("parties", "respondents", "suspects", "right_holders", "complainant", "organisation")
_RECEIVED = "casebus.referral.goods_received.v1"
_NOBODY = "cn-339999-psb"
_FIGURES = ("goods_value", "sales_amount", "illegal_business_amount", "items")
_SECTORS = {"amr": "administrative", "cus": "customs"}
_LATEST_DAYS = 15
#: Only a line that is neither first nor last can be left out unseen.
_LEAST_WITH_A_MIDDLE = 3
#: The chance that another line is spoilt instead.
_TRIES = 4


class Spoiler:
    """`spoil` gives the lines of one case as they come to the bus.

    The walk decides what is late or omitted. A mistake that would cause another breach, or hide
    one, is not made.
    """

    def __init__(self, world: YearWorld, shares: Mistakes | None = None) -> None:
        self._world = world
        self._shares = (shares or world.plan.mistakes).model_dump()
        self._end = world.times.end.isoformat()
        self._binding = _binding(world.law)
        self._ways: dict[str, Callable[[Lines, random.Random], Lines]] = {
            "twice": _twice,
            "out_of_order": _out_of_order,
            "wrong_check_digit": _wrong_check_digit,
            "goods_differ": _goods_differ,
            "nobody_told": self._nobody_told,
            "unknown_recipient": _unknown_recipient,
            "corrected": _corrected,
            "skipped": _skipped,
        }
        self._says = world.law.thresholds.detection.says
        self._sectors = world.law.thresholds.detection.sectors

    def spoil(self, lines: Lines, rng: random.Random, *, crime: bool = False) -> Lines:
        """`crime`: its figures are above the standards, so that a transfer is owed."""
        if crime:
            lines = self._omitted(lines)
        for name, way in self._ways.items():
            if lines and rng.random() < self._shares[name]:
                tried = (way(lines, rng) for _ in range(_TRIES))
                lines = next((one for one in tried if self._is_as_late(one, lines)), lines)
        return lines

    def _is_as_late(self, spoilt: Lines, lines: Lines) -> bool:
        """True if all of it comes before the year ends, and is as late as it was."""
        if spoilt is lines or max(one.arrives for one in spoilt) >= self._end:
            return False
        said = put_in(spoilt, self._world.law)
        return said == put_in(lines, self._world.law) == found(self._world, spoilt)

    def _omitted(self, lines: Lines) -> Lines:
        """If no transfer comes, the line that makes one due names the fault."""
        if any("transfers" in self._says(_name(one)) for one in lines):
            return lines
        stated = False
        for at, one in enumerate(lines):
            stated = stated or any(one.data.get(name) for name in _FIGURES)
            owed = "watched" in self._says(_name(one)) and self._is_watched(one)
            if stated and owed:
                return [*lines[:at], replace(one, mistake=NOT_TRANSFERRED), *lines[at + 1 :]]
        return lines

    def _is_watched(self, line: YearLine) -> bool:
        sector = line.source.rpartition("-")[2]
        return _SECTORS.get(sector, "") in self._sectors

    def _nobody_told(self, lines: Lines, rng: random.Random) -> Lines:
        """The agency that should take a role is not named."""
        found = [at for at, one in enumerate(lines) if one.type in self._binding and one.to]
        return _with(lines, found, rng, lambda one: replace(one, to=(), mistake="nobody_told"))


def _name(line: YearLine) -> str:
    return event_name(line.type)


def _binding(law: Law) -> frozenset[str]:
    """Types that must name somebody."""
    return frozenset(
        in_full(step.event)
        for procedure in law.procedures.values()
        for versions in procedure.steps.values()
        for step in versions
        if {role for role, _ in step.binds} - step.takes
    )


def _with(
    lines: Lines, places: list[int], rng: random.Random, change: Callable[[YearLine], YearLine]
) -> Lines:
    """Changes one of these lines; None if every line has a fault already."""
    found = [at for at in places if not lines[at].mistake]
    if not found:
        return lines
    at = rng.choice(found)
    return [*lines[:at], change(lines[at]), *lines[at + 1 :]]


def _all(lines: Lines) -> list[int]:
    return list(range(len(lines)))


def _twice(lines: Lines, rng: random.Random) -> Lines:
    return _with(lines, _all(lines), rng, lambda one: replace(one, twice=True, mistake="twice"))


def _out_of_order(lines: Lines, rng: random.Random) -> Lines:
    """Days late, after later events; the opening is in time."""
    late = dt.timedelta(days=rng.uniform(1, _LATEST_DAYS))

    def delayed(one: YearLine) -> YearLine:
        arrives = dt.datetime.fromisoformat(one.at) + late
        return replace(one, arrives=arrives.isoformat(), mistake="out_of_order")

    return _with(lines, _all(lines)[1:], rng, delayed)


def _wrong_check_digit(lines: Lines, rng: random.Random) -> Lines:
    found = [at for at, one in enumerate(lines) if any(one.data.get(n) for n in _WITH_CODES)]

    def mistyped(one: YearLine) -> YearLine:
        name = next(n for n in _WITH_CODES if one.data.get(n))
        data = {**one.data, name: _mistyped(one.data[name])}
        return replace(one, data=data, mistake="wrong_check_digit")

    return _with(lines, found, rng, mistyped)


def _mistyped(value: JSON | list[JSON]) -> JSON | list[JSON]:
    """The last character of a code is the next one."""
    if isinstance(value, list):
        first = _mistyped(value[0])
        return [first if isinstance(first, dict) else value[0], *value[1:]]
    if "organisation" in value:
        return {**value, "organisation": _mistyped(value["organisation"])}
    code = value["uscc_raw"]
    last = USCC_ALPHABET[(USCC_ALPHABET.index(code[-1]) + 1) % len(USCC_ALPHABET)]
    return {**value, "uscc_raw": code[:-1] + last, "uscc": ""}


def _goods_differ(lines: Lines, rng: random.Random) -> Lines:
    """Fewer were received than were handed over."""
    given = any(one.type == in_full(HANDED_OVER) for one in lines)
    found = [at for at, one in enumerate(lines) if given and one.type == _RECEIVED]

    def fewer(one: YearLine) -> YearLine:
        goods = [dict(row) for row in one.data.get("goods", ())]
        for row in goods:
            row["received"] = max(row["listed"] - rng.randint(1, 50), 0)
        return replace(one, data={**one.data, "goods": goods}, mistake="goods_differ")

    return _with(lines, found, rng, fewer)


def _unknown_recipient(lines: Lines, rng: random.Random) -> Lines:
    def lost(one: YearLine) -> YearLine:
        return replace(one, to=(*one.to, _NOBODY), mistake="unknown_recipient")

    return _with(lines, _all(lines), rng, lost)


def _corrected(lines: Lines, rng: random.Random) -> Lines:
    """Its author corrects its statement some days later."""
    wrong = rng.choice(lines)
    said = dt.datetime.fromisoformat(wrong.at) + dt.timedelta(days=rng.uniform(0.1, _LATEST_DAYS))
    right = YearLine(
        type=CASE_CORRECTED,
        id=str(uuid.uuid5(uuid.UUID(wrong.case), f"corrected {wrong.id}")),
        source=wrong.source,
        case=wrong.case,
        to=wrong.to,
        legal_time=said.isoformat(),
        causation=(wrong.id,),
        data={
            "corrected_source": wrong.source,
            "corrected_id": wrong.id,
            "changes": {"note": json.dumps("原记载有误，以此为准", ensure_ascii=False)},
            "reasons": "录入错误",
        },
        at=said.isoformat(),
        arrives=said.isoformat(),
        mistake="corrected",
    )
    return [*lines, right]


def _skipped(lines: Lines, rng: random.Random) -> Lines:
    """An act that nobody reported: the next act is then unexpected."""
    if len(lines) < _LEAST_WITH_A_MIDDLE:
        return lines
    at = rng.randrange(1, len(lines) - 1)
    after = replace(lines[at + 1], mistake="skipped")
    return [*lines[:at], after, *lines[at + 2 :]]
