"""A case's life: every recorded event in fold order, as one caller sees it."""

from __future__ import annotations

from datetime import datetime
from typing import Any, NamedTuple

from fastapi import APIRouter
from pydantic import Field

from casebus.cases.visibility import Viewer
from casebus.events.types import REFERRAL_SENT
from casebus.rows import RowLike
from gateway.access import agreement, redaction
from gateway.access.looks import Looking
from gateway.api.cases import (
    REFUSALS,
    UNKNOWN_THEN,
    KnownOn,
    SeenBy,
    own_or_written,
    require_part,
    then_of,
    viewer_of,
)
from gateway.cases import bodies, earlier
from gateway.cases.bodies import ShownEvent
from gateway.cases.history import WithheldEvent, closed_history, in_fold_order
from gateway.identity.caller import Reader
from gateway.problems import documented
from gateway.route import ServedRoute
from gateway.runtime.context import Context, Database, Gateway
from gateway.shapes import EVENT, SOURCE, Finding, Next, Position, Shape, position_of
from gateway.web import paging
from storage import reads

router = APIRouter(route_class=ServedRoute, prefix="/v1/cases", tags=["cases"])


class HistoryItem(Shape):
    """One event of the case, in fold order."""

    type: str = Field(examples=[REFERRAL_SENT])
    source: str = Field(examples=[SOURCE])
    id: str = Field(examples=[EVENT])
    legal_time: str = Field(examples=["2026-03-02"])
    recorded_at: datetime
    position: Position | None
    recipients: list[str]
    #: True if the fold used it. It does not use the bus's own events and those without standing.
    folded: bool
    findings: list[Finding]
    data: dict[str, Any]
    withheld: list[str] = Field(
        description="Fields that the caller may not see; `*` is all of them, and all but type and "
        "month."
    )
    recalled: bool = Field(description="Its author took it back: its body is shown to nobody else.")
    trace: str | None = Field(
        default=None, description="Trace id (W3C) that it was sent under: the search takes it."
    )


class HistoryPage(Shape):
    items: list[HistoryItem]
    next: Next


@router.get(
    "/{case}/history",
    responses=REFUSALS | UNKNOWN_THEN | documented("malformed_cursor", "unauthenticated"),
)
async def history(
    *,
    case: str,
    agency: Reader,
    gateway: Context,
    database: Database,
    known_on: KnownOn = None,
    seen_by: SeenBy = None,
    cursor: paging.Cursor = None,
    limit: paging.Limit = 200,
) -> HistoryPage:
    """The case's life: every recorded event in fold order, with the findings about it.

    An author without a part in it is shown its own events.
    """
    row = await own_or_written(database, agency, case)
    then = await then_of(gateway, agency, row, known_on)
    asked = _Asked(gateway, database, row, then)
    mine = await asked.events(agency)
    if seen_by is not None:
        await require_part(gateway, database, agency, seen_by, row)
        theirs = {_key(one) for one in await asked.events(seen_by)}
        mine = [one for one in mine if _key(one) in theirs]
    start = 0 if cursor is None else _history_place(mine, paging.decode(cursor))
    page = mine[start : start + limit]
    items = await asked.items(agency, page)
    if seen_by is not None:
        others = await asked.items(seen_by, page)
        items = [_agreed(*pair) for pair in zip(items, others, strict=True)]
    more = len(mine) > start + limit
    return HistoryPage(items=items, next=paging.encode(list(_key(page[-1]))) if more else None)


class _Asked(NamedTuple):
    """The history of one case, now or at an earlier moment, for any viewer."""

    gateway: Gateway
    database: Looking
    row: RowLike
    then: earlier.EarlierState | None

    @property
    def order(self) -> list[tuple[str, str]]:
        view = (self.then.row if self.then else self.row)["view"]
        return [(one["source"], one["id"]) for one in view.get("order", [])]

    async def events(self, agency: str) -> list[Any]:
        """The events that the agency may know, in fold order."""
        rows = await reads.history(self.database, agency, self.row["stream"])
        if self.then is not None:
            rows = [one for one in rows if one["recorded_at"] <= self.then.at]
        events = in_fold_order(rows, self.order)
        viewer = viewer_of(self.gateway, agency, self.row)
        return (
            closed_history(viewer, self.gateway.access, events)
            if redaction.is_closed(viewer)
            else events
        )

    async def items(self, agency: str, page: list[Any]) -> list[HistoryItem]:
        viewer = viewer_of(self.gateway, agency, self.row)
        findings = await self._findings(agency)
        named = [one for one in page if not isinstance(one, WithheldEvent)]
        said = await bodies.said(self.gateway, self.database, viewer, named)
        shown, order = {_key(one.row): one for one in said}, set(self.order)
        return [
            _withheld_item(one)
            if isinstance(one, WithheldEvent)
            else item_of(viewer, shown[_key(one)], findings, folded=_key(one) in order)
            for one in page
        ]

    async def _findings(self, agency: str) -> list[dict[str, Any]]:
        """The findings, as far as the agency may know them."""
        if self.then is None:
            found = await reads.findings(self.database, agency, self.row["stream"])
            return [one["view"] for one in found]
        viewer = viewer_of(self.gateway, agency, self.row)
        view = self.then.row["view"]
        return [] if redaction.is_closed(viewer) else list(view.get("findings") or [])


def _agreed(mine: HistoryItem, theirs: HistoryItem) -> HistoryItem:
    """An event as both see it; fields that either may not see are named as withheld."""
    both = agreement.agreed(mine.model_dump(), theirs.model_dump())
    withheld = list(dict.fromkeys([*theirs.withheld, *mine.withheld]))
    return HistoryItem(**{**both, "withheld": withheld})


def _withheld_item(one: WithheldEvent) -> HistoryItem:
    return HistoryItem(
        type=one.type,
        source="",
        id=one.id,
        legal_time=one.month,
        recorded_at=redaction.month_of(one.legal_at),
        position=None,
        recipients=[],
        folded=False,
        findings=[],
        data={},
        withheld=[redaction.ALL],
        recalled=False,
    )


def item_of(
    viewer: Viewer, said: ShownEvent, findings: list[dict[str, Any]], *, folded: bool
) -> HistoryItem:
    row, seen, trace = said
    about = {"source": row["source"], "id": row["id"]}
    found = [one for one in findings if one["event"] == about]
    return HistoryItem(
        type=row["type"],
        source=row["source"],
        id=row["id"],
        legal_time=seen.legal_time,
        recorded_at=row["recorded_at"],
        position=position_of(row),
        recipients=row["recipients"],
        folded=folded,
        findings=[Finding(**redaction.of_finding(viewer.agency, one)) for one in found],
        data=seen.data,
        withheld=seen.withheld,
        recalled=seen.recalled,
        trace=trace,
    )


def _key(row: RowLike | WithheldEvent) -> tuple[str, str]:
    return ("", row.id) if isinstance(row, WithheldEvent) else (row["source"], row["id"])


def _history_place(events: list[Any], place: Any) -> int:
    """The place after the last event of the page before, even if a late event has moved it."""
    keys = [list(_key(one)) for one in events]
    if place not in keys:
        raise paging.malformed()
    return keys.index(place) + 1
