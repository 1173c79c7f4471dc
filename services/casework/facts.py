"""The rows that statistics count, from a batch's new events."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache
from uuid import UUID

from casebus.cases.facts import FactReader, is_corrected
from casebus.events.schemas import Schemas
from casebus.trust.directory import ROOT
from services.casework.records import Journaled
from services.casework.sorting import Sorted
from services.casework.streams import Stream
from storage import facts
from storage.facts import AgencyHome, FactRow
from storage.handles import Connection

REGISTERED = "casebus.directory.agency_registered.v1"
_HOME = ("agency", "division", "level", "sector", "name")
_reader = cache(FactReader)


async def save(
    connection: Connection, found: Sorted, touched: dict[UUID, Stream], schemas: Schemas
) -> None:
    """Add the facts of the batch's new events; `touched` has all events of their streams."""
    await facts.add(connection, list(_rows(found, touched, schemas)))
    await facts.add_homes(connection, list(_homes(found, schemas)))


def _rows(found: Sorted, touched: dict[UUID, Stream], schemas: Schemas) -> Iterator[FactRow]:
    reader, corrected = _reader(schemas), dict[UUID, bool]()
    for one in found.fresh:
        state = touched.get(one.row.stream)
        event = None if state is None else state.folded(one)
        if state is not None and event is not None:
            stream, events = one.row.stream, state.events.values()
            if stream not in corrected:
                corrected[stream] = is_corrected(events)
            for fact in reader.facts(event, events, corrected=corrected[stream]):
                yield FactRow(stream, fact, one.stamps.recipients, one.envelope.testdata)


def _homes(found: Sorted, schemas: Schemas) -> Iterator[AgencyHome]:
    for one in found.fresh:
        if one.envelope.type == REGISTERED and one.envelope.agency == ROOT:
            data = schemas.decode(one.row.value)[1]
            yield _home(one, {name: data[name].replace("\x00", "") for name in _HOME})


def _home(one: Journaled, said: dict[str, str]) -> AgencyHome:
    at = one.stamps.admitted_at
    return AgencyHome(**said, recorded_at=at, source=one.row.source, id=one.row.event_id)
