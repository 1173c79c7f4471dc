"""The directory's topic and its entries in the journal: each is in both, in the same bytes."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Any

from casebus.errors import CasebusError
from casebus.events.envelope import Envelope, Record
from casebus.trust.directory import Directory
from casebus.trust.titles import History
from operations.verify.records import digests_of, headers_of
from operations.verify.report import VerifyReport


class Entries:
    """Takes the directory's records, applies each as readers do, and keeps the state after each."""

    def __init__(self, report: VerifyReport, directory: Directory) -> None:
        self._report, self.directory = report, directory
        #: Keys and delegates as of each entry.
        self.history = History()
        #: Offset and the author's bytes of each readable record.
        self._seen: list[tuple[int, bytes]] = []
        self.bytes = 0

    def take(self, records: Sequence[Any]) -> None:
        for record in records:
            headers = headers_of(record)
            self.bytes += len(record.value or b"")
            self._apply(Record(record.key, record.value, headers))
            try:
                subject = Envelope.from_headers(headers).subject
            except CasebusError:
                # No reader believes it, and nobody copies it.
                self._altered(record.offset)
                continue
            found = digests_of(subject.encode(), record.value, headers).author
            self._seen.append((record.offset, found))
        self._report.count("directory entries", len(records))

    def _apply(self, record: Record) -> None:
        entry = self.directory.position
        try:
            self.directory.apply(record)
        except CasebusError:
            # Found beside the journal; no reader believes it.
            self.directory.skip()
            return
        self.history.note(self.directory, entry)

    def end(self, journaled: Collection[bytes], refused: Collection[bytes], copied: int) -> None:
        """`copied` is how many entries the scheduler has handed in."""
        for offset, found in self._seen:
            if offset < copied and found not in journaled and found not in refused:
                self._altered(offset)
        lost = len(set(journaled) - {found for _, found in self._seen})
        if lost:
            self._report.problem("directory_shorter", "directory/0", lost)

    def _altered(self, offset: int) -> None:
        self._report.problem("directory_altered", f"directory/0/{offset}")
