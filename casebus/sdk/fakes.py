"""What Kafka gives, in memory: a directory that was read, and a sink that takes records.

`KnownDirectory` stands for a `DirectoryFollower`, `MemorySink` for a publisher's `Sink`.
"""

from __future__ import annotations

from collections.abc import Sequence

from casebus.errors import CasebusError
from casebus.sdk.store import StoredRecord
from casebus.trust.directory import Directory


class KnownDirectory:
    """The directory as it is read from Kafka, once it has been."""

    caught_up: bool = True

    def __init__(self, directory: Directory) -> None:
        self.directory = directory

    def start(self) -> KnownDirectory:
        return self

    def stop(self) -> None: ...

    def fresh(self) -> bool:
        return True


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
