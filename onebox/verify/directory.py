"""The directory's topic and its entries in the journal: each is in both, in the same bytes."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Any

from casebus.errors import CasebusError
from casebus.events.envelope import Envelope
from onebox.verify.records import digests_of, headers_of
from onebox.verify.report import Report


class Entries:
    """Takes the directory's records; `copied` is how many of them the scheduler has handed in."""

    def __init__(
        self, report: Report, journaled: Collection[bytes], refused: Collection[bytes], copied: int
    ) -> None:
        self._report, self._copied = report, copied
        self._journaled, self._refused = journaled, refused
        self._seen: set[bytes] = set()
        self.bytes = 0

    def take(self, records: Sequence[Any]) -> None:
        for record in records:
            headers = headers_of(record)
            self.bytes += len(record.value or b"")
            try:
                subject = Envelope.from_headers(headers).subject
            except CasebusError:
                # No reader believes it, and nobody copies it.
                self._report.problem("directory_altered", f"directory/0/{record.offset}")
                continue
            found = digests_of(subject.encode(), record.value, headers).author
            self._seen.add(found)
            known = found in self._journaled or found in self._refused
            if record.offset < self._copied and not known:
                self._report.problem("directory_altered", f"directory/0/{record.offset}")
        self._report.count("directory entries", len(records))

    def end(self) -> None:
        lost = len(set(self._journaled) - self._seen)
        if lost:
            self._report.problem("directory_shorter", "directory/0", lost)
