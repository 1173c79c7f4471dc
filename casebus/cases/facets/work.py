"""The work of agencies on a case: open and done."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any, ClassVar

import orjson

from casebus.cases import jsonforms
from casebus.cases.core import Core
from casebus.cases.event import Identity
from casebus.cases.facets.facet import JSON, Facet, Row


@dataclass(slots=True, kw_only=True)
class WorkItem:
    """Something that an agency has to do, or had to do, for a case."""

    key: str
    agency: str
    duty: str
    title: str
    title_en: str
    #: Word of the officer -> event type that it publishes.
    actions: dict[str, str]
    opened_by: Identity
    #: The last event that counts in `version`; the next act on the item follows it.
    changed_by: Identity
    #: The due date of the clock that runs on it, and whether the date may still move.
    due: datetime | None
    provisional: bool
    #: Counts the events folded that name or change it, the opening included.
    version: int
    taken_by: str | None
    closed_by: Identity | None
    #: Opened by an imported event.
    historic: bool
    #: The unit that the agency's intake named.
    unit: str | None = None
    #: The procedure whose event opened it.
    procedure: str = ""

    @property
    def is_open(self) -> bool:
        return self.closed_by is None

    def to_json(self) -> dict[str, Any]:
        return {
            "key": self.key,
            "agency": self.agency,
            "duty": self.duty,
            "title": self.title,
            "title_en": self.title_en,
            "actions": self.actions,
            "opened_by": jsonforms.identity(self.opened_by),
            "changed_by": jsonforms.identity(self.changed_by),
            "due": jsonforms.moment(self.due),
            "provisional": self.provisional,
            "version": self.version,
            "taken_by": self.taken_by,
            "closed_by": jsonforms.identity(self.closed_by),
            "historic": self.historic,
            "unit": self.unit,
            "procedure": self.procedure,
        }


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
    for_operators = True
    tables = (WorkRow,)

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
