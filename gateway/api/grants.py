"""应急查阅: an operator reads the content of a case, under a grant that another operator gave.

One asks and gives the reason, another agrees, and half an hour later it is over. Each look is in
the case's access log with the number of the grant, where the case's agencies read it (ADR 71).
"""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Literal
from uuid import UUID

from fastapi import APIRouter, Path, Response
from pydantic import BaseModel, ConfigDict, Field

from casebus.cases.visibility import Viewer
from casebus.errors import CasebusError
from casebus.events.topics import ADMIN
from gateway.api.histories import HistoryItem, item_of
from gateway.cases import bodies
from gateway.cases.history import in_fold_order
from gateway.identity.caller import Asker, Operator, Principal, named, only_operators
from gateway.problems import RefusedError, documented
from gateway.route import ServedRoute
from gateway.runtime.context import Context, Database, Gateway
from gateway.shapes import CASE, Shape
from gateway.web import paging
from storage import glass, reads
from storage.glass import CaseGrant

router = APIRouter(route_class=ServedRoute, prefix="/v1/ops/grants", tags=["operation"])
_NOBODY = ("unauthenticated", "operators_only", "nameless_operator")
_MOST = 1000
Number = Annotated[int, Path(ge=1, lt=2**63)]
State = Literal["asked", "live", "declined", "over"]


class GrantRequest(BaseModel):
    """The case, and the reason for reading its content."""

    model_config = ConfigDict(extra="forbid")

    case: UUID = Field(examples=[CASE])
    reason: str = Field(
        max_length=500,
        description="For who agrees, and for the case's agencies, who read it.",
        examples=["the fold fails on the goods of this case"],
    )


class ReadingGrant(Shape):
    """`live`: its asker reads the case until `ends_at`.

    `over`: its time passed, or nobody decided.
    """

    grant: int = Field(examples=[3])
    case: str = Field(examples=[CASE])
    state: State
    asked_by: str = Field(examples=["admin/ops-1"])
    asked_at: datetime
    reason: str
    decided_by: str | None
    decided_at: datetime | None
    ends_at: datetime | None
    looks: int = Field(description="How often the case was read under it.")


class Grants(Shape):
    items: list[ReadingGrant]


class OpenedEvents(Shape):
    """The events of a case as the team of its own agencies sees them."""

    grant: ReadingGrant
    items: list[HistoryItem]


@router.post(
    "",
    status_code=201,
    responses=documented(*_NOBODY, "not_found", "invalid_request"),
)
async def ask(
    given: GrantRequest, asker: Asker, gateway: Context, database: Database, response: Response
) -> ReadingGrant:
    """Ask to read a case; nothing is shown before another operator agrees."""
    only_operators(asker)
    await named(asker)
    if not given.reason.strip():
        error = {"pointer": "/body/reason", "detail": "say why, for who agrees"}
        raise RefusedError("invalid_request", errors=[error])
    pool = await gateway.database()
    number = await glass.ask(pool, given.case, asker.name, given.reason.strip())
    database.look_at(given.case)
    response.headers["Location"] = f"/v1/ops/grants/{number}"
    return _grant(await glass.one(pool, number))


@router.get("", responses=documented("unauthenticated", "operators_only"))
async def grants(*, asker: Asker, gateway: Context, limit: paging.Limit = 50) -> Grants:
    """The requests, the last first."""
    only_operators(asker)
    rows = await glass.grants(await gateway.database(), limit=limit)
    return Grants(items=[_grant(row) for row in rows])


@router.get("/{number}", responses=documented("unauthenticated", "operators_only", "not_found"))
async def one_grant(number: Number, asker: Asker, gateway: Context) -> ReadingGrant:
    only_operators(asker)
    return _grant(await glass.one(await gateway.database(), number))


@router.post(
    "/{number}/agree",
    responses=documented(*_NOBODY, "second_person", "not_found", "grant_decided", "grant_over"),
)
async def agree(number: Number, name: Operator, gateway: Context) -> ReadingGrant:
    """Let the asker read the case for half an hour. Only another operator may agree."""
    return await _decide(gateway, number, name, agreed=True)


@router.post(
    "/{number}/decline",
    responses=documented(*_NOBODY, "not_found", "grant_decided", "grant_over"),
)
async def decline(number: Number, name: Operator, gateway: Context) -> ReadingGrant:
    return await _decide(gateway, number, name, agreed=False)


@router.post("/{number}/end", responses=documented(*_NOBODY, "not_found"))
async def end(number: Number, _: Operator, gateway: Context) -> ReadingGrant:
    """End it before its time."""
    pool = await gateway.database()
    await glass.end(pool, number)
    return _grant(await glass.one(pool, number))


async def _decide(gateway: Gateway, number: int, name: str, *, agreed: bool) -> ReadingGrant:
    pool = await gateway.database()
    async with pool.acquire() as connection, connection.transaction():
        await glass.decide(connection, number, name, agreed=agreed)
    return _grant(await glass.one(pool, number))


@router.get(
    "/{number}/case",
    responses=documented(*_NOBODY, "not_found", "grant_not_live", "directory_unavailable"),
)
async def opened(
    number: Number, asker: Asker, gateway: Context, database: Database
) -> OpenedEvents:
    """The case's content during the grant, for the operator who asked. Each look is logged.

    It is shown as to a member of its team: no more than its agencies see of each other, and nothing
    that its author took back.
    """
    only_operators(asker)
    row = await glass.one(await gateway.database(), number)
    _require_live(row, asker)
    database.look_under(number, row.stream)
    case = await reads.case(database, ADMIN, row.stream)
    order = [] if case is None else case["view"].get("order", [])
    events = in_fold_order(
        await reads.history(database, ADMIN, row.stream),
        [(one["source"], one["id"]) for one in order],
    )[-_MOST:]
    viewer = Viewer(asker.name, "", has_role=True, is_secret=True)
    folded = {(one["source"], one["id"]) for one in order}
    said = await bodies.said(gateway, database, viewer, events)
    named = [((one.row["source"], one.row["id"]), one) for one in said]
    items = [item_of(viewer, one, [], folded=name in folded) for name, one in named]
    return OpenedEvents(grant=_grant(row), items=items)


def _require_live(row: CaseGrant, asker: Principal) -> None:
    if row.asked_by != asker.name:
        raise CasebusError("grant_not_live", "it was given to another operator")
    if not row.is_live:
        raise CasebusError("grant_not_live", f"it is {_state(row)}")


def _grant(row: CaseGrant) -> ReadingGrant:
    return ReadingGrant(
        **{**row._asdict(), "grant": row.id, "case": str(row.stream), "state": _state(row)}
    )


def _state(row: CaseGrant) -> State:
    if row.agreed is None:
        return "asked" if row.is_fresh else "over"
    if not row.agreed:
        return "declined"
    return "live" if row.is_live else "over"
