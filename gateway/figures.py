"""Figures for a caller: the agency's own in full, or shared ones with small cells left out."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from functools import cache
from pathlib import Path
from typing import Any

from casebus.cases.findings import KINDS
from casebus.errors import CasebusError
from casebus.law import Law
from casebus.statistics.answers import dimensions, finest, rows_of
from casebus.statistics.indicators import Indicator, Indicators
from casebus.statistics.steps import TimedStep, steps_of
from gateway import redaction
from gateway.problems import unfit
from storage import statistics
from storage.handles import Handle
from storage.statistics import BEGINNING, END, CellQuery, CountedTypes, FigureFrame


@dataclass(frozen=True, slots=True)
class FigureQuery:
    """What a caller asks for; both days are included."""

    indicators: tuple[str, ...]
    by: tuple[str, ...]
    as_of: datetime
    since: date | None
    until: date | None
    shared: bool
    division: str


@dataclass(frozen=True, slots=True)
class Rules:
    """The definitions in force: indicators, the law's steps, and the words of a case's state."""

    indicators: Indicators
    law: str
    steps: tuple[TimedStep, ...]
    #: What may stand in which parameter of a search.
    words: Mapping[str, frozenset[str]]
    #: Article of an offence -> what it is called, in both languages.
    offences: Mapping[str, tuple[str, str]]

    @classmethod
    def load(cls, policies: Path) -> Rules:
        law = law_of(policies)
        return cls(
            Indicators.load(policies / "statistics"),
            law.digest,
            tuple(steps_of(law)),
            _words(law),
            _offences(law),
        )


def _words(law: Law) -> dict[str, frozenset[str]]:
    states = {state for one in law.procedures.values() for state in one.states}
    return {
        "status": frozenset({*states, *redaction.STATUSES}),
        "procedure": frozenset(law.procedures),
        "clock": frozenset(law.clocks),
        "finding": KINDS | redaction.FINDINGS,
        "offence": frozenset(law.thresholds.family_of),
    }


def _offences(law: Law) -> dict[str, tuple[str, str]]:
    """By the latest version of each one's standard."""
    titles = {
        one.offence: (one.title.zh, one.title.en)
        for rows in law.thresholds.standards.values()
        for one in rows
        if one.variant is None
    }
    unnamed = {one: (f"刑法第{one}条", f"Art. {one}") for one in law.thresholds.family_of}
    return dict(sorted((unnamed | titles).items()))


@cache
def law_of(policies: Path) -> Law:
    """The installed law; it takes a moment, once."""
    return Law.load(policies / "law")


@cache
def _rules(policies: Path) -> Rules:
    return Rules.load(policies)


async def rules(policies: Path) -> Rules:
    """Read once, off the loop: the law takes a moment."""
    return await asyncio.to_thread(_rules, policies)


async def answer(database: Handle, agency: str, known: Rules, asked: FigureQuery) -> dict[str, Any]:
    """The indicators with their rows; raises CasebusError for what is not to be had."""
    if asked.shared:
        await _refuse_outsiders(database, agency, known, asked)
    by = _dimensions(asked)
    frame = FigureFrame(
        as_of=asked.as_of,
        since=asked.since or BEGINNING,
        until=asked.until or END,
        by=by,
        agency=None if asked.shared else agency,
        shared=asked.shared,
        division=prefix(asked.division),
        open_only=False,
    )
    wanted = known.indicators.named(asked.indicators)
    home = await statistics.home(database, agency, asked.as_of)
    return {
        "as_of": asked.as_of.isoformat(),
        "from": asked.since and asked.since.isoformat(),
        "to": asked.until and asked.until.isoformat(),
        "view": "shared" if asked.shared else "own",
        "agency": agency,
        "agency_name": agency if home is None else home["name"],
        "division": asked.division,
        "by": list(by),
        "law": known.law,
        "definitions": known.indicators.digest,
        "indicators": [await _one(database, known, one, frame) for one in wanted],
    }


async def _one(
    database: Handle, known: Rules, one: Indicator, frame: FigureFrame
) -> dict[str, Any]:
    groups = await _groups(database, known, one, frame)
    leaves = None
    if frame.shared:
        fine = replace(frame, by=finest(frame.by))
        leaves = groups if fine.by == frame.by else await _groups(database, known, one, fine)
    by = (*frame.by, "value") if one.kind == "steps" and "value" not in frame.by else frame.by
    rows = rows_of(one, groups, by, leaves)
    titles = {step.clock: step for step in known.steps} if one.kind == "steps" else {}
    for row in rows if titles else ():
        step = titles[row["value_of"]]
        row |= {"title": step.title, "title_en": step.title_en, "citation": step.citation}
    return {
        "id": one.id,
        "title": one.title.zh,
        "title_en": one.title.en,
        "kind": one.kind,
        "paragraph": one.paragraph,
        "definition": one.definition.zh if one.definition else "",
        "testdata": sum(group["testdata"] for group in groups if not group["is_total"]),
        "rows": rows,
    }


async def _groups(database: Handle, known: Rules, one: Indicator, frame: FigureFrame) -> list[Any]:
    if one.kind == "steps":
        return await statistics.steps(database, known.steps, frame)
    return await statistics.figures(database, _counted(one), _framed(one, frame))


def _framed(one: Indicator, frame: FigureFrame) -> FigureFrame:
    # Of a restricted case a shared view has type and month: nothing of what came of it.
    stock = one.kind == "stock"
    return replace(
        frame,
        open_only=frame.shared and one.kind != "count",
        since=BEGINNING if stock else frame.since,
        followed_until=frame.until if stock else END,
    )


async def cases_of(
    database: Handle, agency: str, known: Rules, asked: FigureQuery, cell: CellQuery
) -> list[Any]:
    """The cases behind one number of the agency's own figures; `asked` names one indicator."""
    [one] = known.indicators.named(asked.indicators)
    frame = FigureFrame(
        as_of=asked.as_of,
        since=asked.since or BEGINNING,
        until=asked.until or END,
        by=_dimensions(replace(asked, by=tuple(cell.row))),
        agency=agency,
        shared=False,
        division="",
        open_only=False,
    )
    counted = known.steps if one.kind == "steps" else _counted(one)
    return await statistics.cases(database, counted, _framed(one, frame), cell)


def _counted(one: Indicator) -> CountedTypes:
    return CountedTypes(
        types=one.events,
        where=one.where,
        unit=one.unit,
        followed_by=one.followed_by,
        followed_where=one.followed_where,
        within_days=one.within_days,
        sent_to=one.sent_to,
        value=one.value,
        amount=one.amount,
    )


async def _refuse_outsiders(
    database: Handle, agency: str, known: Rules, asked: FigureQuery
) -> None:
    """Shared figures are for the sectors that the definitions name, and for whole months."""
    home = await statistics.home(database, agency, asked.as_of)
    if home is None or home["sector"] not in known.indicators.shared_with:
        raise CasebusError("not_shared", "this agency's sector is not among those served")
    if not _whole_months(asked.since, asked.until):
        raise unfit("from", "a shared view is of whole months")


def _dimensions(asked: FigureQuery) -> tuple[str, ...]:
    try:
        return dimensions(asked.by, shared=asked.shared)
    except CasebusError as error:
        raise unfit("by", error.detail) from None


def _whole_months(since: date | None, until: date | None) -> bool:
    return (since is None or since.day == 1) and (until is None or _ends_month(until))


def _ends_month(day: date) -> bool:
    return day == END or (day + timedelta(days=1)).day == 1


def prefix(division: str) -> str:
    """The digits that all codes below a division begin with."""
    if not division:
        return ""
    if not (len(division) == 6 and division.isascii() and division.isdecimal()):  # noqa: PLR2004
        raise unfit("division", "a division has six digits")
    digits = division.rstrip("0")
    return digits + "0" * (len(digits) % 2)


def parts(text: str | Iterable[str]) -> tuple[str, ...]:
    """Words of a list that is given with commas."""
    given = [text] if isinstance(text, str) else text
    return tuple(word.strip() for one in given for word in one.split(",") if word.strip())
