"""The front doors and the journal: every record was journaled or rejected, and no other one."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from aiokafka import TopicPartition

from casebus.events.stamps import without_stamps
from operations.verify.journal import JournalChecks
from operations.verify.records import digests_of, headers_of
from operations.verify.report import VerifyReport
from operations.verify.topics import Spans


class DoorChecks:
    """Takes the doors' records; the content of the journal and of `rejected` is known by then."""

    def __init__(
        self,
        report: VerifyReport,
        journal: JournalChecks,
        refused: Mapping[tuple[str, int], dict[int, Any]],
    ) -> None:
        self._report, self._journal, self._refused = report, journal, refused
        self._seen: dict[TopicPartition, set[int]] = {}
        self.bytes = 0

    def take(self, place: TopicPartition, records: Sequence[Any], settled: Spans) -> None:
        """Records after `settled` may still be on their way."""
        door = (place.topic, place.partition)
        admitted = self._journal.admitted.get(door, {})
        refused = self._refused.get(door, {})
        due = settled[place].end if place in settled else 0
        for record in records:
            where = f"{place.topic}/{place.partition}/{record.offset}"
            self.bytes += len(record.value or b"")
            if record.offset in admitted:
                found = digests_of(record.key, record.value, _own(record)).author
                if found != admitted[record.offset]:
                    self._report.problem("altered_at_admission", where)
            elif record.offset in refused:
                if not refused[record.offset].fits(record):
                    self._report.problem("altered_when_rejected", where)
            elif record.offset < due:
                self._report.problem("lost_at_admission", where)
        self._report.count("records at the front door", len(records))

    def end(self, spans: Spans) -> None:
        """Records in the journal or in `rejected` must have come by a door that still has them."""
        for door, offsets in self._claims():
            span = spans.get(TopicPartition(*door))
            if span is None:
                self._report.problem("by_no_door", f"{door[0]}/{door[1]}", len(offsets))
                continue
            self._report.count(
                "records older than their door keeps", sum(one < span.first for one in offsets)
            )
            for offset in offsets:
                if offset >= span.end:
                    self._report.problem("by_no_door", f"{door[0]}/{door[1]}/{offset}")

    def _claims(self) -> Iterator[tuple[tuple[str, int], Sequence[int]]]:
        for found in (self._journal.admitted, self._refused):
            for door, there in found.items():
                yield door, list(there)


def _own(record: Any) -> list[tuple[str, bytes]]:
    """Admission takes foreign stamps away."""
    return without_stamps(headers_of(record))
