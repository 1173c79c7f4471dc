"""Rows by which the cases of one right find each other (design rule 13)."""

from __future__ import annotations

from typing import Any
from uuid import UUID

import orjson

from casebus.cases import Case
from storage.cases import RightSaidRow, RightUseRow


def said_rows(stream: UUID, case: Case) -> list[RightSaidRow]:
    """What the case says of rights, one row for each."""
    rows = []
    for one in case.rights_said:
        columns: dict[str, Any] = {
            "number": one.number,
            "kind": one.kind,
            "event_name": one.event_name,
            "outcome": one.outcome,
            "said_on": one.on,
            "agency": one.agency,
            "citation": one.citation,
            "secret": bool(case.secrecy),
            "source": one.event[0],
            "id": one.event[1],
        }
        view = orjson.dumps({**columns, "linked": case.linked, "readers": case.readers})
        rows.append(RightSaidRow(stream=stream, key=one.number, view=view, **columns))
    return rows


def use_rows(stream: UUID, case: Case) -> list[RightUseRow]:
    """The rights that it is about and the cases it is linked with, while somebody is to hear."""
    if not case.hearers:
        return []
    # What is shown to change when other agencies are to hear, or may know.
    view = orjson.dumps([case.hearers, case.readers])
    rights = [RightUseRow(stream, f"right {one}", one, None, view) for one in case.rights]
    linked = [RightUseRow(stream, f"case {one}", None, UUID(one), view) for one in case.linked]
    return [*rights, *linked]
