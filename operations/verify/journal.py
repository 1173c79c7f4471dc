"""The journal as a whole: doors, routes, identities, orders."""

from __future__ import annotations

from casebus.events.doors import BUS_DOOR
from casebus.events.stamps import Origin
from casebus.events.topics import JOURNAL
from operations.verify.comparing import RecordBatch, SeenRecord
from operations.verify.report import VerifyReport
from operations.verify.sequences import FirstAppearances, Sequences

Door = tuple[str, int]
"""(topic, partition)."""

_OUR_DOOR = f"{BUS_DOOR}/".encode()


def position_key(partition: int, offset: int) -> int:
    """A place of the journal as one number."""
    return partition << 48 | offset


class JournalChecks:
    """Takes facts about the records, batch by batch; keeps those that others look up."""

    def __init__(self, report: VerifyReport, epoch: int) -> None:
        self._report, self.epoch = report, epoch
        #: Door → offset → the author's bytes, for records in the journal.
        self.admitted: dict[Door, dict[int, bytes]] = {}
        #: Inbox topic → place in the journal → the bytes that must be there.
        self.routed: dict[str, dict[int, bytes]] = {}
        #: When Kafka took the record at a place, in milliseconds since 1970.
        self.taken: dict[int, int] = {}
        #: The author's bytes of directory entries.
        self.entries: set[bytes] = set()
        self._first: dict[bytes, tuple[int, int, bytes]] = {}
        self.sequences = Sequences(report)
        self._order = FirstAppearances()

    def take(self, batch: RecordBatch) -> None:
        for seen in batch.seen:
            try:
                self._take(batch.partition, seen)
            except ValueError:
                # Admission journals nothing with headers of another form.
                place = f"{JOURNAL} {batch.partition}: offset {seen.offset}: headers"
                self._report.problem("event_altered", place)
        self._report.count("journal records", batch.records)

    def _take(self, partition: int, seen: SeenRecord) -> None:
        self._doors(partition, seen)
        self._identity(partition, seen)
        if seen.routes:
            key = position_key(partition, seen.offset)
            self.taken[key] = seen.taken
            for topic in seen.routes.decode().split():
                self.routed.setdefault(topic, {})[key] = seen.whole
        if seen.type.startswith(b"casebus.directory."):
            self.entries.add(seen.author)

    def _doors(self, partition: int, seen: SeenRecord) -> None:
        came = Origin.parse(seen.origin.decode())
        door, offset = (came.door, came.partition), came.offset
        there = self.admitted.setdefault(door, {})
        before = there.get(offset)
        if before is not None:
            self._report.count("records that admission journaled again")
            if before != seen.author:
                self._report.problem("altered_at_admission", f"{partition}/{seen.offset}")
            return
        if not self._order.follows((door, partition), offset):
            self._report.problem("reordered_at_admission", f"{came.door}/{came.partition}/{offset}")
        there[offset] = seen.author

    def _identity(self, partition: int, seen: SeenRecord) -> None:
        identity = b"\0".join((seen.subject, seen.source, seen.id))
        here = (partition, seen.offset, seen.leaf)
        first = self._first.setdefault(identity, here)
        if first is here:
            if seen.sequence is not None:
                stream = (seen.source.decode(), seen.subject.decode())
                self.sequences.take(stream, int(seen.sequence), seen.id)
            self._report.count("distinct events")
        elif first[2] == seen.leaf:
            self._report.count("further copies of an event")
        else:
            self._two_leaves(f"{first[0]}/{first[1]} and {partition}/{seen.offset}", seen)

    def _two_leaves(self, places: str, seen: SeenRecord) -> None:
        """Two contents under one name: our fault if the bus itself wrote them."""
        name = f"{seen.source.decode()} {seen.id.decode()}: {places}"
        if _is_ours(seen):
            self._report.problem("said_twice", name)
        else:
            self._report.notice("two_events_under_one_identity", name)

    def first_of(self, stream: str, source: str, event_id: str) -> tuple[int, int] | None:
        """The first place of an event in the journal."""
        found = self._first.get(b"\0".join(one.encode() for one in (stream, source, event_id)))
        return found and found[:2]


def _is_ours(seen: SeenRecord) -> bool:
    """True if a process of the bus wrote it: at its own door, or as an intake's receipt."""
    at_our_door = seen.origin.startswith(_OUR_DOOR)
    return at_our_door or seen.type.startswith(b"casebus.intake.received.")
