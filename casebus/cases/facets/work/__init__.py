"""The work of agencies on a case: open and done.

Owns a work item, all of one fold, and what an act on one lacks. Touches events and law, with
orjson.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import ClassVar

import orjson

from casebus.cases.core import Core
from casebus.cases.facets.facet import JSON, Facet, Moved, Row
from casebus.cases.facets.work.item import WorkItem
from casebus.cases.facets.work.items import WorkItems


@dataclass(frozen=True, slots=True)
class WorkRow(Row):
    TABLE: ClassVar[str] = "work_item"

    key: str
    agency: str
    duty: str
    is_open: bool
    due: datetime | None
    version: int
    unit: str | None
    view: bytes


class WorkFacet(Facet[tuple[WorkItem, ...]]):
    name = "work"
    lists = ("work",)
    for_operators = True
    tables = (WorkRow,)

    @classmethod
    def after(cls, moved: Moved) -> tuple[WorkItem, ...]:
        return moved.of(WorkItems).frozen()

    @classmethod
    def shows(cls, known: tuple[WorkItem, ...], case: Core) -> JSON:
        return {cls.name: [one.to_json() for one in known]}

    @classmethod
    def rows(cls, known: tuple[WorkItem, ...], case: Core, view: JSON) -> Iterator[WorkRow]:
        for item, shown in zip(known, view[cls.name], strict=True):
            yield WorkRow(
                key=item.key,
                agency=item.agency,
                duty=item.duty,
                is_open=item.is_open,
                due=item.due,
                version=item.version,
                unit=item.unit,
                view=orjson.dumps(shown),
            )
