"""待办 and 已办: an officer's items, the most urgent first, and the number of each kind."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from itertools import groupby
from typing import Any, Literal

from fastapi import APIRouter, Request, Response

from casebus.events.legaltime import CHINA
from gateway.access.looks import Looking
from gateway.api import work as api
from gateway.console.rendering import page
from gateway.console.route import ConsoleRoute
from gateway.console.signin.current import OfficerHere
from gateway.console.signin.visitor import Visitor
from gateway.runtime.context import Context, Database, Gateway
from gateway.shapes import WorkItem
from gateway.web import paging
from storage import work
from storage.work import Order

router = APIRouter(route_class=ConsoleRoute, prefix="/console", include_in_schema=False)
PAGE_ROWS = 100

View = Literal["mine", "unit", "today", "overdue", "new"]
Done = Literal["mine", "unit"]
Group = Literal["none", "duty", "sender", "case"]


@router.get("/todo")
async def todo(
    *,
    request: Request,
    visitor: OfficerHere,
    gateway: Context,
    database: Database,
    view: View = "unit",
    sort: Order = "due",
    group: Group = "none",
    cursor: paging.Cursor = None,
) -> Response:
    found = await api.work(
        **await _asked(gateway, database, visitor),
        **_narrowed(view, visitor, gateway.now()),
        sort=sort,
        cursor=cursor,
        limit=PAGE_ROWS,
    )
    now = gateway.now()
    standing = await work.standing(
        await gateway.database(),
        str(visitor.agency),
        (visitor.pseudonym, visitor.unit or None),
        now,
        _midnight(now),
    )
    return page(
        request,
        "todo.html",
        visitor,
        view=view,
        sort=sort,
        group=group,
        standing=standing,
        found=found,
        groups=_grouped(found.items, group),
    )


@router.get("/done")
async def done(
    *,
    request: Request,
    visitor: OfficerHere,
    gateway: Context,
    database: Database,
    view: Done = "mine",
    cursor: paging.Cursor = None,
) -> Response:
    found = await api.work(
        **await _asked(gateway, database, visitor),
        status="closed",
        taken_by=visitor.pseudonym if view == "mine" else None,
        sort="received",
        cursor=cursor,
        limit=PAGE_ROWS,
    )
    return page(request, "done.html", visitor, view=view, found=found)


async def _asked(gateway: Gateway, database: Looking, visitor: Visitor) -> dict[str, Any]:
    return {
        "agency": str(visitor.agency),
        "gateway": gateway,
        "database": database,
        "unit": visitor.unit or None,
    }


def _narrowed(view: View, visitor: Visitor, now: dt.datetime) -> dict[str, Any]:
    match view:
        case "mine":
            return {"taken_by": visitor.pseudonym}
        case "today":
            return {"due_from": now, "due_before": _midnight(now)}
        case "overdue":
            return {"due_before": now}
        case "new":
            return {"new": True}
    return {}


def _midnight(now: dt.datetime) -> dt.datetime:
    """The end of this day in Beijing."""
    return dt.datetime.combine(now.astimezone(CHINA).date() + dt.timedelta(1), dt.time(), CHINA)


def _grouped(items: list[WorkItem], group: Group) -> list[tuple[str, list[WorkItem]]]:
    """The items under their common value; each group has the place of its first item."""
    if group == "none":
        return [("", items)]
    name = _GROUPS[group]
    first: dict[str, int] = {}
    for at, one in enumerate(items):
        first.setdefault(name(one), at)
    ordered = sorted(items, key=lambda one: first[name(one)])
    return [(title, list(found)) for title, found in groupby(ordered, name)]


_GROUPS: dict[Group, Callable[[WorkItem], str]] = {
    "duty": lambda one: one.title,
    "sender": lambda one: one.sender_name or one.sender,
    "case": lambda one: one.case_title or one.case,
}
