"""Figures for a caller: the agency's own in full, or shared ones with small cells left out."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta
from typing import Any

from casebus.errors import CasebusError
from casebus.statistics.answers import dimensions, finest, rows_of
from casebus.statistics.indicators import Indicator
from gateway.figures.query import FigureQuery, prefix
from gateway.figures.rules import Rules
from gateway.problems import unfit
from storage import statistics
from storage.handles import PoolHandle
from storage.statistics import BEGINNING, END, CellQuery, CountedTypes, FigureFrame


async def answer(
    database: PoolHandle, agency: str, known: Rules, asked: FigureQuery
) -> dict[str, Any]:
    """The indicators with their rows.

    Raises CasebusError for figures that the caller may not have.
    """
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
        "agency_name": agency if home is None else home.name,
        "division": asked.division,
        "by": list(by),
        "law": known.law,
        "definitions": known.indicators.digest,
        "indicators": [await _one(database, known, one, frame) for one in wanted],
    }


async def _one(
    database: PoolHandle, known: Rules, one: Indicator, frame: FigureFrame
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


async def _groups(
    database: PoolHandle, known: Rules, one: Indicator, frame: FigureFrame
) -> list[Any]:
    if one.kind == "steps":
        return await statistics.steps(database, known.steps, frame)
    return await statistics.figures(database, _counted(one), _framed(one, frame))


def _framed(one: Indicator, frame: FigureFrame) -> FigureFrame:
    # In a shared view a restricted case has type and month, and nothing of its outcome.
    stock = one.kind == "stock"
    return replace(
        frame,
        open_only=frame.shared and one.kind != "count",
        since=BEGINNING if stock else frame.since,
        followed_until=frame.until if stock else END,
    )


async def cases_of(
    database: PoolHandle, agency: str, known: Rules, asked: FigureQuery, cell: CellQuery
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
    database: PoolHandle, agency: str, known: Rules, asked: FigureQuery
) -> None:
    """Shared figures are for the sectors that the definitions name, and for whole months."""
    home = await statistics.home(database, agency, asked.as_of)
    if home is None or home.sector not in known.indicators.shared_with:
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
