"""A finding of a case at the end of the fold, and its JSON form."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from casebus.cases import jsonforms
from casebus.cases.event import Identity


# Not frozen for the same reason as a clock.
@dataclass(slots=True, kw_only=True)
class Finding:
    """Something a person should know about one event."""

    key: str
    kind: str
    #: INFO, WARNING or SERIOUS.
    severity: str
    event: Identity
    #: Names and values as text.
    detail: dict[str, str]
    #: Agencies to tell; none if the event is imported or the finding only shown.
    tell: tuple[str, ...] = ()
    #: The moment from which they may be told, if a late event may heal it and nobody was told.
    tell_after: datetime | None = None
    #: The number of times that the same was told and withdrawn before.
    revision: int = 0

    def to_json(self) -> dict[str, Any]:
        return {
            "key": self.key,
            "kind": self.kind,
            "severity": self.severity,
            "event": jsonforms.identity(self.event),
            "detail": self.detail,
            "tell": list(self.tell),
            "tell_after": jsonforms.moment(self.tell_after),
            "revision": self.revision,
        }

    @classmethod
    def from_json(cls, view: dict[str, Any]) -> Finding:
        """A finding as it was stored, by an older fold too; the inverse of `to_json`."""
        return cls(
            **{
                **view,
                "event": jsonforms.identity_from(view["event"]) or ("", ""),
                "tell": tuple(view["tell"]),
                "tell_after": jsonforms.moment_from(view.get("tell_after")),
            }
        )


# Not frozen for the same reason as a clock.
@dataclass(slots=True, kw_only=True)
class Deviation:
    """A finding about history. It is counted for the importer instead of being told."""

    key: str
    kind: str
    #: The precise reason. Empty if the kind says it all.
    reason: str
    event: Identity
    event_name: str
    import_id: str

    def to_json(self) -> dict[str, Any]:
        return {
            "key": self.key,
            "kind": self.kind,
            "reason": self.reason,
            "event": jsonforms.identity(self.event),
            "event_name": self.event_name,
            "import_id": self.import_id,
        }
