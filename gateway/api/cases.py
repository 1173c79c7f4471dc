"""Cases: their status, history and clocks. A case that the caller has no part in is not there."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID

from fastapi import APIRouter
from pydantic import Field

from casebus.cases.visibility import Viewer
from casebus.errors import CasebusError
from gateway import bodies, paging, seeing
from gateway.api.shapes import (
    CASE,
    EVENT,
    SOURCE,
    Clock,
    Finding,
    LocalNumber,
    Next,
    Position,
    Region,
    Shape,
    clock_of,
    position_of,
)
from gateway.bodies import Said
from gateway.context import Context, Database, Gateway
from gateway.history import Withheld, closed_history, in_fold_order
from gateway.identity.caller import Caller, Reader
from gateway.problems import documented
from gateway.serving import ServedRoute
from storage import access, reads

router = APIRouter(route_class=ServedRoute, prefix="/v1/cases", tags=["cases"])
#: Of a closed case nothing of these is shown.
_NOTHING: dict[str, Any] = {"version": 0, "digest": "", "law": "", "suspended": None}
_REFUSALS = documented("unauthenticated", "not_found", "database_unavailable")


class CaseSummary(Shape):
    """A case in a list."""

    id: str = Field(examples=[CASE])
    status: str = Field(examples=["filed"])
    procedure: str | None = Field(examples=["referral"])
    title: str = Field(default="", description="Of its state.", examples=["已移送"])
    matter_titles: list[str] = Field(
        default=[],
        description="案由: what agencies call the matter, as far as the caller sees their words.",
        examples=[["涉嫌销售假冒注册商标的商品案"]],
    )
    regions: list[Region] = Field(
        description="The procedures that run in the case; status and title are the first one's."
    )
    opener: str | None = Field(examples=[SOURCE])
    numbers: list[LocalNumber]
    opened_at: datetime | None
    updated_at: datetime


class CaseDetail(CaseSummary):
    """A case as the fold sees it now; `digest` names this very state."""

    version: int
    digest: str
    law: str
    suspended: str | None = Field(description="Why the fold could not go on, where it could not.")
    roles: dict[str, list[str]]
    clocks: list[Clock]
    findings: list[Finding]
    work: list[dict[str, Any]]
    assessments: list[dict[str, Any]] = Field(
        description="What the criminal standards say of the figures, after each event with some."
    )
    proposals: list[dict[str, Any]] = Field(
        description="Track and ways to offer first, as the triage rules propose them."
    )
    links: list[dict[str, Any]] = Field(description="Cases that share something with this one.")
    origins: list[dict[str, Any]] = Field(description="Cases that were merged into this one.")
    absorbed_into: dict[str, Any] | None = Field(
        description="The case in which this one goes on, where it ended by a merger."
    )


class HistoryItem(Shape):
    """One event of the case, in fold order."""

    type: str = Field(examples=["casebus.referral.sent.v1"])
    source: str = Field(examples=[SOURCE])
    id: str = Field(examples=[EVENT])
    legal_time: str = Field(examples=["2026-03-02"])
    recorded_at: datetime
    position: Position | None
    recipients: list[str]
    #: Whether the fold used it: not so for the bus's own events and those without standing.
    folded: bool
    findings: list[Finding]
    data: dict[str, Any]
    withheld: list[str] = Field(
        description="Fields that the caller may not see; `*` is all of them, and all but type and "
        "month."
    )
    recalled: bool = Field(description="Its author took it back: its body is shown to nobody else.")


class HistoryPage(Shape):
    items: list[HistoryItem]
    next: Next


class AccessItem(Shape):
    """One look at the case; `status` is the HTTP answer: 404 was refused."""

    at: datetime
    agency: str = Field(examples=[SOURCE])
    method: str = Field(examples=["GET"])
    route: str = Field(examples=["/v1/cases/{case}/history"])
    status: int = Field(examples=[200])


class AccessPage(Shape):
    items: list[AccessItem]


class ClockPage(Shape):
    items: list[Clock]


@router.get("/{case}", responses=_REFUSALS)
async def one_case(case: str, agency: Reader, gateway: Context, database: Database) -> CaseDetail:
    """The case as it stands: status, roles, clocks, findings, work."""
    row = await own(database, agency, case)
    viewer = viewer_of(gateway, agency, row)
    closed = seeing.is_closed(viewer)
    view = {} if closed else row["view"]
    # Each grows or changes with what is hidden.
    titles = (await reads.titles(database, [row["stream"]]))[row["stream"]]
    detail = _NOTHING if closed else {name: row[name] for name in _NOTHING}
    lists = seeing.lists_of(viewer, gateway.access)
    kept = {name: view.get(name) or [] if name in lists else [] for name in seeing.LISTS}
    kept["findings"] = [seeing.of_finding(viewer.agency, one) for one in kept["findings"]]
    into = [view["absorbed_into"]] if view.get("absorbed_into") else []
    if seeing.is_operator(viewer):
        into = []
    named = [*kept["links"], *kept["origins"], *into]
    known = await reads.knowable(await gateway.database(), agency, seeing.streams_of(named))
    kept |= {name: seeing.links_of(kept[name], agency, known) for name in ("links", "origins")}
    return CaseDetail(
        **{**seeing.of_case(viewer, gateway.access, summary_of(row), titles), **detail, **kept},
        absorbed_into=next(iter(seeing.links_of(into, agency, known)), None),
        roles=view.get("roles", {}),
        clocks=[] if closed else await _clocks(gateway, database, agency, row),
    )


@router.get("/{case}/clocks", responses=_REFUSALS)
async def clocks(case: str, agency: Reader, gateway: Context, database: Database) -> ClockPage:
    """期限: the case's clocks, the first due first."""
    row = await own(database, agency, case)
    closed = seeing.is_closed(viewer_of(gateway, agency, row))
    return ClockPage(items=[] if closed else await _clocks(gateway, database, agency, row))


@router.get(
    "/{case}/history", responses=_REFUSALS | documented("malformed_cursor", "unauthenticated")
)
async def history(
    *,
    case: str,
    agency: Reader,
    gateway: Context,
    database: Database,
    cursor: paging.Cursor = None,
    limit: paging.Limit = 200,
) -> HistoryPage:
    """The case's life: every recorded event in fold order, with what was found about it.

    An author without a part in it is shown its own events.
    """
    row = await own_or_written(database, agency, case)
    stream = row["stream"]
    order = [(one["source"], one["id"]) for one in row["view"].get("order", [])]
    events = in_fold_order(await reads.history(database, agency, stream), order)
    viewer = viewer_of(gateway, agency, row)
    if seeing.is_closed(viewer):
        events = closed_history(viewer, gateway.access, events)
    start = 0 if cursor is None else _history_place(events, paging.decode(cursor))
    page = events[start : start + limit]
    findings = await reads.findings(database, agency, stream)
    named = [one for one in page if not isinstance(one, Withheld)]
    shown = {_key(one.row): one for one in await bodies.said(gateway, database, viewer, named)}
    items = [
        _withheld_item(one)
        if isinstance(one, Withheld)
        else _item(viewer, shown[_key(one)], findings, folded=_key(one) in order)
        for one in page
    ]
    more = len(events) > start + limit
    return HistoryPage(items=items, next=paging.encode(list(_key(page[-1]))) if more else None)


def _withheld_item(one: Withheld) -> HistoryItem:
    return HistoryItem(
        type=one.type,
        source="",
        id=one.id,
        legal_time=one.month,
        recorded_at=seeing.month_of(one.legal_at),
        position=None,
        recipients=[],
        folded=False,
        findings=[],
        data={},
        withheld=[seeing.ALL],
        recalled=False,
    )


def _item(viewer: Viewer, said: Said, findings: list[Any], *, folded: bool) -> HistoryItem:
    row, seen = said
    about = {"source": row["source"], "id": row["id"]}
    found = [one["view"] for one in findings if one["view"]["event"] == about]
    return HistoryItem(
        type=row["type"],
        source=row["source"],
        id=row["id"],
        legal_time=seen.legal_time,
        recorded_at=row["recorded_at"],
        position=position_of(row),
        recipients=row["recipients"],
        folded=folded,
        findings=[Finding(**seeing.of_finding(viewer.agency, one)) for one in found],
        data=seen.data,
        withheld=seen.withheld,
        recalled=seen.recalled,
    )


async def _clocks(gateway: Gateway, database: Any, agency: str, row: Any) -> list[Clock]:
    now = gateway.now()
    return [clock_of(one, now) for one in await reads.clocks(database, agency, row["stream"])]


@router.get("/{case}/accesses", responses=_REFUSALS | documented("malformed_cursor"))
async def accesses(
    *,
    case: str,
    agency: Caller,
    gateway: Context,
    database: Database,
    limit: paging.Limit = 200,
) -> AccessPage:
    """查阅记录: who looked at the case and who was refused; for those who hold a role in it."""
    row = await own(database, agency, case)
    if not viewer_of(gateway, agency, row).has_role:
        raise CasebusError("not_found")
    rows = await access.accesses(database, row["stream"], limit=limit)
    return AccessPage(items=[AccessItem(**dict(one)) for one in rows])


def viewer_of(gateway: Gateway, agency: str, row: Any) -> Viewer:
    return bodies.viewer_of(gateway, agency, row["view"])


def _key(row: Any) -> tuple[str, str]:
    return ("", row.id) if isinstance(row, Withheld) else (row["source"], row["id"])


async def own(database: Any, agency: str, case: str) -> Any:
    """The case's row; 404 for one that is not there, not the caller's, or no UUID at all."""
    row = await reads.case(database, agency, _stream(case))
    if row is None:
        raise CasebusError("not_found")
    return row


async def own_or_written(database: Any, agency: str, case: str) -> Any:
    """The case's row, or an empty one for an author who has no part in it."""
    try:
        return await own(database, agency, case)
    except CasebusError:
        if not await reads.has_written(database, agency, _stream(case)):
            raise
    return {"stream": _stream(case), "view": {}}


def _stream(text: str) -> UUID:
    try:
        return UUID(text)
    except ValueError:
        raise CasebusError("not_found") from None


def summary_of(row: Any) -> dict[str, Any]:
    columns = ("status", "procedure", "opener", "opened_at", "updated_at")
    shown = {name: row["view"].get(name) or "" for name in ("title", "title_en")}
    return {
        "id": str(row["stream"]),
        **{name: row[name] for name in columns},
        **shown,
        "regions": row["view"].get("regions") or [],
        "numbers": row["view"].get("numbers", []),
    }


def _history_place(events: list[Any], place: Any) -> int:
    """Behind the event that the page before ended with, wherever a late event has moved it."""
    keys = [list(_key(one)) for one in events]
    if place not in keys:
        raise paging.malformed()
    return keys.index(place) + 1
