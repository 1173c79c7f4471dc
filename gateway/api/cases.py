"""Cases: their status, history and clocks. A case in which the caller has no part gives 404."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Query
from pydantic import Field

from casebus.cases.visibility import Viewer
from casebus.errors import CasebusError
from casebus.rows import RowLike
from gateway.access import agreement, redaction
from gateway.access.looks import Looking
from gateway.cases import bodies, earlier
from gateway.identity.caller import Caller, Reader
from gateway.problems import documented
from gateway.route import ServedRoute
from gateway.runtime.context import Context, Database, Gateway
from gateway.shapes import (
    CASE,
    SOURCE,
    Clock,
    Finding,
    LocalNumber,
    Moment,
    Region,
    Shape,
    clock_of,
)
from gateway.web import paging
from storage import access, reads
from storage.access import NotedLook
from storage.handles import Handle

router = APIRouter(route_class=ServedRoute, prefix="/v1/cases", tags=["cases"])
#: None of these is shown of a closed case.
_NOTHING: dict[str, Any] = {"version": 0, "digest": "", "law": "", "suspended": None}
REFUSALS = documented("unauthenticated", "not_found", "database_unavailable")
UNKNOWN_THEN = documented("not_known_then")
KnownOn = Annotated[
    Moment | None,
    Query(description="As the bus knew the case then: only what was recorded by this moment."),
]
SeenBy = Annotated[
    str | None,
    Query(
        max_length=64,
        description="What this agency sees of it too; for who holds a role in the case.",
        examples=[SOURCE],
    ),
]


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
    known: dict[str, Any] = Field(
        default={}, description="What else the case knows, by the name of each thing."
    )


class AccessItem(Shape):
    """One look at the case; `status` is the HTTP answer: 404 was refused.

    `break_glass`: an operator was shown the content of the case, under this grant and for this
    reason.
    """

    at: datetime
    agency: str = Field(examples=[SOURCE])
    method: str = Field(examples=["GET"])
    route: str = Field(examples=["/v1/cases/{case}/history"])
    status: int = Field(examples=[200])
    officer: str | None = Field(
        description="Pseudonym of who looked at the console; of the caller's own agency alone."
    )
    reason: str | None = Field(description="Why it was shown what pages mask; likewise.")
    break_glass: int | None = None
    break_glass_reason: str | None = None


class AccessPage(Shape):
    items: list[AccessItem]


class ClockPage(Shape):
    items: list[Clock]


@router.get("/{case}", responses=REFUSALS | UNKNOWN_THEN)
async def one_case(
    case: str,
    agency: Reader,
    gateway: Context,
    database: Database,
    *,
    known_on: KnownOn = None,
    seen_by: SeenBy = None,
) -> CaseDetail:
    """The case in its present state: status, roles, clocks, findings, work.

    For an earlier moment, it is folded again under its present law.
    """
    row = await _whole(database, agency, case)
    then = await then_of(gateway, agency, row, known_on)
    mine = await _detail(gateway, agency, row, then)
    if seen_by is None:
        return mine
    await require_part(gateway, database, agency, seen_by, row)
    other = await _whole(database, seen_by, case)
    theirs = await _detail(gateway, seen_by, other, then)
    return CaseDetail(**agreement.agreed(mine.model_dump(), theirs.model_dump()))


async def then_of(
    gateway: Gateway, agency: str, row: RowLike, at: datetime | None
) -> earlier.EarlierState | None:
    """Raises `not_known_then` for outside viewers: they could find out hidden days."""
    if at is None:
        return None
    viewer = viewer_of(gateway, agency, row)
    if redaction.is_closed(viewer) or not (viewer.has_role or redaction.is_operator(viewer)):
        raise CasebusError("not_known_then", "earlier states are for who holds a role in the case")
    return await earlier.known_on(gateway, row["stream"], at)


async def require_part(
    gateway: Gateway, database: Looking, agency: str, other: str, row: RowLike
) -> None:
    """Raises `not_found` if the first holds no role, or the other has no part in the case."""
    if not viewer_of(gateway, agency, row).has_role:
        raise CasebusError("not_found")
    await own(database, other, str(row["stream"]))


async def _detail(
    gateway: Gateway, agency: str, row: RowLike, then: earlier.EarlierState | None
) -> CaseDetail:
    viewer = viewer_of(gateway, agency, row)
    closed = redaction.is_closed(viewer)
    now = then.row if then else row
    view = {} if closed else now["view"]
    # Each of them grows or changes with hidden facts.
    titles = then.titles if then else row["titles"]
    detail = _NOTHING if closed else {name: now[name] for name in _NOTHING}
    lists = redaction.lists_of(viewer, gateway.access)
    kept = {name: view.get(name) or [] if name in lists else [] for name in redaction.LISTS}
    kept["findings"] = [redaction.of_finding(viewer.agency, one) for one in kept["findings"]]
    into = [view["absorbed_into"]] if view.get("absorbed_into") else []
    if redaction.is_operator(viewer):
        into = []
    named = [*kept["links"], *kept["origins"], *into]
    known = await reads.knowable(await gateway.database(), agency, redaction.streams_of(named))
    kept |= {name: redaction.links_of(kept[name], agency, known) for name in ("links", "origins")}
    return CaseDetail(
        **{**redaction.of_case(viewer, gateway.access, summary_of(now), titles), **detail, **kept},
        absorbed_into=next(iter(redaction.links_of(into, agency, known)), None),
        roles=view.get("roles", {}),
        known=redaction.known_of(viewer, gateway.access, view),
        clocks=[] if closed else _clocks(gateway, row, then),
    )


@router.get("/{case}/clocks", responses=REFUSALS)
async def clocks(case: str, agency: Reader, gateway: Context, database: Database) -> ClockPage:
    """期限: the case's clocks, the first due first."""
    row = await own(database, agency, case)
    closed = redaction.is_closed(viewer_of(gateway, agency, row))
    found = [] if closed else await reads.clocks(database, agency, row["stream"])
    return ClockPage(items=_clocks_now(gateway, found))


def _clocks_now(gateway: Gateway, rows: Sequence[RowLike]) -> list[Clock]:
    now = gateway.now()
    return [clock_of(one, now) for one in rows]


def _clocks(gateway: Gateway, row: RowLike, then: earlier.EarlierState | None) -> list[Clock]:
    if then is None:
        return _clocks_now(gateway, row["clocks"])
    return [clock_of(one, then.at) for one in then.clocks]


@router.get("/{case}/accesses", responses=REFUSALS | documented("malformed_cursor"))
async def accesses(
    *,
    case: str,
    agency: Caller,
    gateway: Context,
    database: Database,
    limit: paging.Limit = 200,
) -> AccessPage:
    """查阅记录: who looked at the case, and who was refused; for holders of a role in it."""
    row = await own(database, agency, case)
    if not viewer_of(gateway, agency, row).has_role:
        raise CasebusError("not_found")
    rows = await access.accesses(database, row["stream"], limit=limit)
    return AccessPage(items=[_access(one, agency) for one in rows])


def _access(look: NotedLook, agency: str) -> AccessItem:
    kept_back = {} if look.agency == agency else {"officer": None, "reason": None}
    return AccessItem(**{**look._asdict(), **kept_back})


def viewer_of(gateway: Gateway, agency: str, row: RowLike) -> Viewer:
    return bodies.viewer_of(gateway, agency, row["view"])


async def own(database: Handle, agency: str, case: str) -> RowLike:
    """The case's row; 404 if it does not exist, is not the caller's, or has no UUID."""
    row = await reads.case(database, agency, _stream(case))
    if row is None:
        raise CasebusError("not_found")
    return row


async def _whole(database: Looking, agency: str, case: str) -> RowLike:
    """The same row with its titles and clocks, read at once."""
    row = await reads.whole_case(database, agency, _stream(case))
    if row is None:
        raise CasebusError("not_found")
    return row


async def own_or_written(database: Looking, agency: str, case: str) -> RowLike:
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


async def summaries(
    gateway: Gateway, database: Looking, agency: str, rows: Sequence[RowLike]
) -> list[CaseSummary]:
    """Each row's case as the agency sees it; the look is noted."""
    database.note(rows)
    titles = await reads.titles(database, [one["stream"] for one in rows])
    seen = (
        redaction.of_case(
            viewer_of(gateway, agency, one), gateway.access, summary_of(one), titles[one["stream"]]
        )
        for one in rows
    )
    return [CaseSummary(**one) for one in seen]


def summary_of(row: RowLike) -> dict[str, Any]:
    columns = ("status", "procedure", "opener", "opened_at", "updated_at")
    shown = {name: row["view"].get(name) or "" for name in ("title", "title_en")}
    return {
        "id": str(row["stream"]),
        **{name: row[name] for name in columns},
        **shown,
        "regions": row["view"].get("regions") or [],
        "numbers": row["view"].get("numbers", []),
    }
