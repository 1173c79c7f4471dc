"""A sink that takes records in memory; it stands for a publisher's `Sink`."""

from __future__ import annotations

from collections.abc import Sequence

from casebus.errors import CasebusError
from casebus.sdk.store import StoredRecord


class MemorySink:
    """Takes records, refuses those of the streams in `down`, and can be out of reach."""

    def __init__(self) -> None:
        self.taken: list[StoredRecord] = []
        self.down: set[str] = set()
        self.reachable = True

    def send(self, records: Sequence[StoredRecord]) -> list[tuple[int, int] | CasebusError | None]:
        if not self.reachable:
            raise CasebusError("kafka_unreachable")
        return [self._take(one) for one in records]

    def _take(self, one: StoredRecord) -> tuple[int, int] | CasebusError:
        if one.stream in self.down:
            return CasebusError("topic_denied")
        self.taken.append(one)
        return 0, len(self.taken) - 1

    def close(self) -> None: ...
