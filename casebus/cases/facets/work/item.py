"""A work item as the fold leaves it, and its JSON form."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from casebus.cases import jsonforms
from casebus.cases.event import Identity


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
