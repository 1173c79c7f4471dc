"""A directory that was read, in memory; it stands for a `DirectoryFollower`."""

from __future__ import annotations

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
