"""Work items as an officer reads them: the case's subject, the sender, the possible acts."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from casebus.cases.visibility import Viewer
from casebus.events.legaltime import CHINA
from casebus.rows import RowLike
from gateway.cases import bodies
from gateway.runtime.context import Gateway
from gateway.shapes import WorkItem, need_of, work_item_of
from gateway.work import requirements
from storage import penalties, reads


async def shown(gateway: Gateway, agency: str, rows: Sequence[RowLike]) -> list[WorkItem]:
    """The items of rows of `storage.work`, as the agency may see them."""
    titles = await _titles(gateway, agency, rows)
    directory = gateway.directory()
    names = {row["sender"]: directory.agency(row["sender"] or "") for row in rows}
    return [
        work_item_of(
            row,
            case_title=titles.get(row["stream"], ""),
            sender_name=found.name if (found := names[row["sender"]]) else "",
        )
        for row in rows
    ]


async def in_full(gateway: Gateway, agency: str, row: RowLike) -> WorkItem:
    """One item, with what each of its actions requires today."""
    [item] = await shown(gateway, agency, [row])
    acts = await requirements.acts_of(gateway, row["law"])
    needs = requirements.needs_of(acts, item.actions, gateway.now().astimezone(CHINA).date())
    requires = {word: [need_of(one) for one in found] for word, found in needs.items()}
    return item.model_copy(
        update={"requires": requires, "alike": await _alike(gateway, agency, item.key)}
    )


async def _alike(gateway: Gateway, office: str, key: str) -> list[str]:
    """Items in which other bodies that may ask the office ask about the same penalty.

    Another asker gets an answer by hand, or none.
    """
    rows = await penalties.alike(await gateway.database(), office, key)
    directory = gateway.directory()
    return [one.key for one in rows if gateway.asking.may_ask(one.asker, office, directory)]


async def _titles(gateway: Gateway, agency: str, rows: Sequence[RowLike]) -> dict[UUID, str]:
    """By stream, from the event that names it, read and redacted like every body."""
    views = {row["stream"]: row["case_view"] for row in rows if row["case_view"]}
    # The gateway looks at them: the rows of the agency's items note what it is shown.
    database = await gateway.database()
    named = await reads.titled(database, views.keys(), _titled_types(gateway)) if views else []
    by_viewer: dict[Viewer, list[Any]] = {}
    for row in named:
        viewer = bodies.viewer_of(gateway, agency, views[row["stream"]])
        by_viewer.setdefault(viewer, []).append(row)
    return {
        one.row["stream"]: str(one.seen.data.get("title") or "")
        for viewer, found in by_viewer.items()
        for one in await bodies.said(gateway, database, viewer, found)
    }


def _titled_types(gateway: Gateway) -> set[str]:
    return {
        schema.ce_type
        for schema in gateway.schemas
        if any(field["name"] == "title" for field in schema.body["fields"])
    }
