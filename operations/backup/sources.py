"""Sources of the journal and the directory when the brokers have lost them."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterable, Mapping
from pathlib import Path
from typing import Any

from casebus.errors import CasebusError
from casebus.events.envelope import Envelope, Header, Record
from casebus.events.schemas import Schemas
from casebus.events.stamps import ORIGIN, Origin, without_stamps
from casebus.trust.directory import Directory
from casebus.trust.leaf import event_leaf, log_leaf
from casebus.trust.merkle import Frontier
from operations.backup import files
from operations.backup.files import BackupFile
from operations.backup.records import unpack
from storage import restoring
from storage.handles import Connection
from storage.restoring import Written

_ROOT = "casebus.directory.root_established.v1"


async def kept(folder: Path, parts: Iterable[BackupFile]) -> AsyncIterator[Written]:
    """The records of one partition. Raises CasebusError `backup_incomplete` if one is missing."""
    at = 0
    for part in parts:
        with files.unpacked(folder, part) as source:
            for offset, record in unpack(source):
                if offset != at:
                    raise CasebusError("backup_incomplete", f"{part.name} lacks offset {at}")
                yield record
                at += 1


async def recorded(
    connection: Connection, schemas: Schemas, epoch: int, partition: int
) -> AsyncIterator[Written]:
    """The records of one partition from the tables, every byte checked by its log leaf.

    Raises CasebusError `journal_altered`, with the place: changed records are not written back.
    """
    count, root = (await restoring.positions(connection, epoch))[partition]
    frontier, at = Frontier(), 0
    async for index, leaf, record in restoring.stored(connection, epoch, partition):
        value = record.value or b""
        event = event_leaf(schemas.schema_of(value).digest, record.headers, value)
        if index != at or log_leaf(event, record.headers) != leaf:
            raise CasebusError("journal_altered", f"partition {partition}, log index {at}")
        frontier = frontier.append([leaf])
        yield record
        at += 1
    if at != count or frontier.to_bytes() != root:
        raise CasebusError("journal_altered", f"partition {partition}: {at} of {count} records")


async def directory_of(
    connection: Connection, schemas: Schemas, epoch: int, root_digest: str
) -> list[Written]:
    """The directory from its entries' copies in the journal, each believed by the pinned root.

    Raises CasebusError `directory_incomplete` if an entry has not come into the journal.
    """
    copies, sent = await restoring.directory_copies(connection, epoch)
    entries = sorted(map(_entry, copies), key=_said_at)
    directory = Directory(schemas, root_digest)
    try:
        for entry in entries:
            directory.apply(Record(entry.key, entry.value, entry.headers))
    except CasebusError as error:
        raise CasebusError("directory_incomplete", str(error)) from error
    if len(entries) != sent:
        raise CasebusError("directory_incomplete", f"{len(entries)} of {sent} entries are recorded")
    return entries


async def listed(records: Iterable[Written]) -> AsyncIterator[Written]:
    for record in records:
        yield record


class DoorPositions:
    """The progress of the front doors, by the origins in the journal and the rejects."""

    def __init__(self) -> None:
        self.ends: dict[str, dict[int, int]] = {}

    def note(self, headers: Iterable[Header]) -> None:
        came = Origin.parse(dict(headers)[ORIGIN].decode())
        ends = self.ends.setdefault(came.door, {})
        ends[came.partition] = max(ends.get(came.partition, 0), came.offset + 1)


async def noted(
    records: AsyncIterator[Written], journaled: restoring.JournalIdentities, doors: DoorPositions
) -> AsyncIterator[Written]:
    """The same records, noted on their way."""
    async for record in records:
        await journaled.note(record)
        doors.note(record.headers)
        yield record


def union(*each: Mapping[str, Mapping[int, int]]) -> dict[str, dict[int, int]]:
    """The furthest place of each partition."""
    found: dict[str, dict[int, int]] = {}
    for topics in each:
        for topic, ends in topics.items():
            there = found.setdefault(topic, {})
            for partition, end in ends.items():
                there[partition] = max(end, there.get(partition, 0))
    return found


def _entry(copy: Written) -> Written:
    """The entry as it was in the directory: without the journal's stamps."""
    return copy._replace(headers=tuple(without_stamps(copy.headers)))


def _said_at(entry: Written) -> tuple[bool, Any, int]:
    envelope = Envelope.from_headers(entry.headers)
    return (envelope.type != _ROOT, envelope.time, entry.timestamp)
