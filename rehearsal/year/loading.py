"""A year through the front door of a running stack: signed, sent, and waited for.

It is history: each event carries the id of one import, so no clock of it is told and no finding
goes out (design rule 16, provisional and historic). Loading the same year twice sends the same
events, which the bus knows.
"""

from __future__ import annotations

import asyncio
import hashlib
import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from typing import Any

from kafka import KafkaAdminClient, OffsetSpec

from casebus.errors import CasebusError
from casebus.events.doors import door_of
from casebus.events.schemas import Schemas
from casebus.events.types import IMPORT_CLOSED, IMPORT_OPENED
from casebus.now import system_now
from casebus.patience import Patience
from casebus.sdk.event import NewEvent
from casebus.sdk.finishing import check, envelope, sign_together
from casebus.sdk.importing.minting import event_id, import_id
from casebus.sdk.importing.run import batches
from casebus.sdk.publisher import KafkaSink
from casebus.sdk.store import StoredRecord
from casebus.settings import Settings
from casebus.signing.keyring import Keyring
from casebus.trust.directory import Agency
from casebus.trust.signing import Draft
from onebox import credentials
from onebox.keyfolder import KeyFolder
from onebox.options import WORKERS
from onebox.places import Home
from operations.away import clear_errors
from operations.clients import open_admin, unsent
from operations.provision.brokers import register_agencies
from operations.provision.callers import register_api_keys
from rehearsal.year.lines import YearLine
from rehearsal.year.world import YearOrder, YearWorld
from rehearsal.year.year import generate_by_case

#: Events that are signed and sent together, with one tree for each agency.
WINDOW = 5_000
#: Seconds for two heartbeats with the directory's end; admission waits until it has read up to it.
_HEARD_SECONDS = 3.0
_LOOK_SECONDS = 0.5
_QUIET_LOOKS = 3


#: The office that says it imports the year.
IMPORTER = "cn-330000-amr"
Advance = Callable[[int], None]


@dataclass(frozen=True, slots=True)
class Loaded:
    import_id: str
    events: int
    #: Lines that were sent twice.
    copies: int


def load_year(home: Home, settings: Settings, wanted: YearOrder) -> Loaded:
    """Make a year and load it; returns when all of it is recorded, delivered and answered.

    `settings` are those of Kafka's admin of the stack in `home`, for example of
    `onebox.testing.Stack`: `load_year(stack.home, stack.settings("admin"), wanted)`.
    """
    offices = list(YearWorld.make(wanted).offices)
    register(home, settings, offices)
    loader = Loader(settings, offices, IMPORTER, wanted.name)
    loaded = loader.load(map(YearLine.from_json, generate_by_case(wanted)))
    for _ in backlog(settings):
        pass
    return loaded


def register(home: Home, settings: Settings, agencies: list[Agency]) -> None:
    """Bring directory and API keys up to these agencies; `settings` are those of Kafka's admin."""
    known = credentials.load(home)
    register_agencies(settings, agencies, known, KeyFolder(settings.keys_dir, home))
    credentials.save(home, known)
    asyncio.run(register_api_keys(settings.database_url, known))
    time.sleep(_HEARD_SECONDS)


class Loader:
    """`importer` is the agency that imports the year; `name` is the import's."""

    def __init__(
        self, settings: Settings, agencies: Iterable[Agency], importer: str, name: str
    ) -> None:
        self._schemas = Schemas.load(settings.schemas_dir)
        self._keys = Keyring(settings.keys_dir)
        self._sectors = {one.id: one.sector for one in agencies}
        self._sink = KafkaSink(settings)
        self._importer, self._name = importer, name
        self.import_id = import_id(importer, name)

    def load(self, lines: Iterable[YearLine], advance: Advance = lambda _: None) -> Loaded:
        """Send them in order, and each line marked so twice; raises CasebusError."""
        events, copies, last = 0, 0, ""
        digest = hashlib.sha256()
        try:
            for batch in batches(lines, WINDOW):
                if not events:
                    self._send([self._own(IMPORT_OPENED, batch[0].at, {})])
                for line in batch:
                    digest.update(line.id.encode())
                last = batch[-1].arrives
                sent = self._finished([line.event(self.import_id) for line in batch])
                again = [one for one, line in zip(sent, batch, strict=True) if line.twice]
                self._deliver([*sent, *again])
                events, copies = events + len(sent), copies + len(again)
                advance(len(batch))
            counts = {"rows_read": events, "rows_taken": events, "events": events}
            said = {"file_digest": digest.hexdigest(), **counts}
            if events:
                self._send([self._own(IMPORT_CLOSED, last, said)])
        finally:
            self._sink.close()
        return Loaded(self.import_id, events, copies)

    def _own(self, ce_type: str, at: str, said: dict[str, Any]) -> NewEvent:
        """At a moment of the year, so that a second load makes the same event."""
        about = {"import_id": self.import_id, "title": self._name}
        return NewEvent(
            type=ce_type,
            stream=self.import_id,
            source=self._importer,
            id=event_id(self.import_id, ce_type, about),
            importid=self.import_id,
            testdata=True,
            counted=False,
            time=datetime.fromisoformat(at),
            data={**about, **said},
        )

    def _send(self, events: list[NewEvent]) -> None:
        self._deliver(self._finished(events))

    def _finished(self, events: list[NewEvent]) -> list[StoredRecord]:
        """Checked, and signed together: one tree for each agency among them."""
        checked = [check(one, self._schemas, "") for one in events]
        now = system_now()
        drafts = [Draft(envelope(one, None, now), one.value) for one in checked]
        records = sign_together(drafts, self._keys, self._schemas)
        return [
            StoredRecord(
                source=one.source,
                stream=one.stream,
                id=one.id,
                sequence=0,
                request=one.request,
                topic=door_of(self._sectors[one.source]),
                record=record,
            )
            for one, record in zip(checked, records, strict=True)
        ]

    def _deliver(self, records: list[StoredRecord]) -> None:
        for answer in self._sink.send(records):
            if isinstance(answer, CasebusError):
                raise answer


def backlog(settings: Settings) -> Iterator[dict[str, int]]:
    """Yields the number of records each worker is behind, and `outbox`: unsent ones.

    Ends at zero.
    """
    patience = Patience(settings.patience_seconds)
    admin = patience.ask(partial(_open_admin, settings))
    quiet = 0
    try:
        while quiet < _QUIET_LOOKS:
            behind = patience.ask(partial(_behind, admin, settings))
            yield behind
            # Between outbox and topic a record is in neither.
            quiet = 0 if any(behind.values()) else quiet + 1
            time.sleep(_LOOK_SECONDS)
    finally:
        admin.close()


def _open_admin(settings: Settings) -> KafkaAdminClient:
    with clear_errors():
        return open_admin(settings)


def _behind(admin: KafkaAdminClient, settings: Settings) -> dict[str, int]:
    with clear_errors():
        behind = {group: _lag(admin, group) for group in WORKERS if group != "scheduler"}
        return behind | {"outbox": asyncio.run(unsent(settings))}


def _lag(admin: KafkaAdminClient, group: str) -> int:
    committed = admin.list_group_offsets([group])[group]
    ends = admin.list_partition_offsets(dict.fromkeys(committed, OffsetSpec.LATEST))
    return sum(max(0, ends[place].offset - found.offset) for place, found in committed.items())
