"""The common parts of every import: its id, its two events about itself, the mark on its events."""

from __future__ import annotations

from typing import Protocol

from casebus.events.types import IMPORT_CLOSED, IMPORT_OPENED
from casebus.sdk.event import NewEvent
from casebus.sdk.importing.minting import MintedEvent, event_id, import_id
from casebus.sdk.importing.report import ImportSummary
from casebus.sdk.store import Store


class Named(Protocol):
    """The names of an import in a mapping of any kind."""

    @property
    def name(self) -> str: ...

    @property
    def title(self) -> str: ...

    @property
    def digest(self) -> str: ...


class Frame:
    """Makes the events of one import by `agency`; a file is known by its digest."""

    def __init__(self, agency: str, mapping: Named, actor: str) -> None:
        self._agency = agency
        self._mapping = mapping
        self._actor = actor
        self.import_id = import_id(agency, mapping.name)

    def opened(self, file_digest: str) -> NewEvent:
        return self._own(IMPORT_OPENED, file_digest, {})

    def closed(self, file_digest: str, done: ImportSummary) -> NewEvent:
        counts = {
            "rows_read": done.rows_read,
            "rows_taken": done.rows_taken,
            "rows_refused": done.rows_refused,
            "events": done.events + done.corrections,
        }
        return self._own(IMPORT_CLOSED, file_digest, counts)

    def is_kept(self, event: NewEvent, store: Store) -> bool:
        return store.find(self._agency, self.import_id, event.id or "") is not None

    def new(self, event: MintedEvent) -> NewEvent:
        """A new event with the legal time as its time: a second minting makes the same leaf."""
        return NewEvent(
            type=event.type,
            stream=event.stream,
            source=event.source,
            id=event.id,
            to=event.to,
            legal=event.legal,
            time=event.legal.moment(),
            causation=event.causation,
            importid=self.import_id,
            data=event.data,
        )

    def _own(self, ce_type: str, file_digest: str, counts: dict[str, int]) -> NewEvent:
        """An event of the import itself; its id depends on the file and the mapping only."""
        about = {
            "import_id": self.import_id,
            "file_digest": file_digest,
            "mapping_digest": self._mapping.digest,
        }
        return NewEvent(
            type=ce_type,
            stream=self.import_id,
            source=self._agency,
            id=event_id(self.import_id, ce_type, about),
            importid=self.import_id,
            # Its stream is the same on every machine that imports with this mapping.
            counted=False,
            data=about | {"title": self._mapping.title, "actor": self._actor} | counts,
        )
