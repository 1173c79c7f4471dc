"""Reads the directory topic: once, or on and on, so that a process judges by it as it stands now.

Heartbeats carry the directory's end offset. A follower is stale if it has heard no heartbeat for
`STALE_AFTER_SECONDS`, or has not read up to the offset (design rule 9, the directory).
"""

from __future__ import annotations

import asyncio
import logging
import threading
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any, Protocol

from kafka import KafkaConsumer, TopicPartition
from kafka.errors import KafkaError

from casebus.errors import AwayError, CasebusError
from casebus.events.envelope import Record
from casebus.events.schemas import Schemas
from casebus.events.topics import DIRECTORY
from casebus.kafka.connection import clear_errors, consumer_settings, open_consumer
from casebus.patience import STILL_SECONDS
from casebus.settings import Settings
from casebus.trust.directory import Directory, DirectoryError

log = logging.getLogger(__name__)

HEARTBEAT_TOPIC = "directory.heartbeat"
STALE_AFTER_SECONDS = 5.0
_POLL_MS = 500
#: A fetch ends with the next heartbeat, or at once if the directory has grown.
_FETCH_MS = 2_000
_READ_MS = 1_000
_RETRY_SECONDS = 1.0
#: How long a process that starts waits for what stands in the directory.
_START_SECONDS = 60.0


class DirectoryReader(Protocol):
    """A reader that knows the directory; `caught_up` is true once it has read to the end."""

    directory: Directory

    @property
    def caught_up(self) -> bool: ...

    def start(self) -> object: ...

    def stop(self) -> None: ...


class DirectoryFollower:
    """Reads in its own thread; `directory` is safe to read from any thread."""

    def __init__(self, settings: Settings, schemas: Schemas) -> None:
        self.directory = Directory(schemas, settings.root_digest)
        self._settings = settings
        self._heard_at = -STALE_AFTER_SECONDS
        self._promised = 0
        self._read = threading.Event()
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name="directory", daemon=True)

    def start(self) -> DirectoryFollower:
        self._thread.start()
        return self

    def stop(self) -> None:
        self._stop.set()
        # Tell the waiting thread. Otherwise a process that is stopped at its start would wait for
        # ever.
        self._read.set()
        self._thread.join()

    def wait(self, timeout_seconds: float) -> bool:
        """Wait until everything that was in the topic at the start is read, or it is stopped."""
        return self._read.wait(timeout_seconds) and self.caught_up

    @property
    def caught_up(self) -> bool:
        """True if everything that was in the topic at the start is read."""
        return self._read.is_set() and not self._stop.is_set()

    def fresh(self) -> bool:
        """True if a heartbeat came lately and everything up to its offset is read."""
        heard = time.monotonic() - self._heard_at < STALE_AFTER_SECONDS
        return heard and self.directory.position >= self._promised

    def _run(self) -> None:
        while not self._stop.is_set():
            try:
                self._follow()
            except (CasebusError, KafkaError, OSError) as error:
                log.warning("directory out of reach", exc_info=error)
                self._stop.wait(_RETRY_SECONDS)

    def _follow(self) -> None:
        entries, beats = TopicPartition(DIRECTORY, 0), TopicPartition(HEARTBEAT_TOPIC, 0)
        options = consumer_settings(self._settings, None) | {"fetch_max_wait_ms": _FETCH_MS}
        consumer = KafkaConsumer(**options)
        try:
            consumer.assign([entries, beats])
            consumer.seek(entries, self.directory.position)
            consumer.seek_to_end(beats)
            end = consumer.end_offsets([entries])[entries]
            while not self._stop.is_set():
                for partition, records in consumer.poll(timeout_ms=_POLL_MS).items():
                    self._take(partition.topic, records)
                if self.directory.position >= end > 0:
                    self._read.set()
        finally:
            consumer.close()

    def _take(self, topic: str, records: list[Any]) -> None:
        if topic == HEARTBEAT_TOPIC:
            self._promised = int(records[-1].value)
            self._heard_at = time.monotonic()
            return
        for record in records:
            self._apply(record)

    def _apply(self, record: Any) -> None:
        try:
            self.directory.apply(_entry(record))
        except DirectoryError as error:
            self.directory.skip()
            log.warning("directory entry not believed", extra={"code": error.code})


@asynccontextmanager
async def following(
    settings: Settings, schemas: Schemas, *, waits: bool = True
) -> AsyncIterator[DirectoryFollower]:
    """A follower that has read what stands in the topic, or, without `waits`, will do so.

    Raises AwayError `directory_unread`.
    """
    follower = DirectoryFollower(settings, schemas).start()
    try:
        if waits and not await asyncio.to_thread(follower.wait, _START_SECONDS):
            raise AwayError("directory_unread", "the directory did not answer in time")
        yield follower
    finally:
        await asyncio.to_thread(follower.stop)


def read_directory(settings: Settings, schemas: Schemas) -> Directory:
    """Every entry up to now, checked from the pinned root on.

    Raises CasebusError `no_root_digest` where none is pinned, `topic_denied` where this account
    may not read the directory, `directory_root_mismatch` where entry 0 is another root.
    """
    if not settings.root_digest:
        raise CasebusError("no_root_digest", "set CASEBUS_ROOT_DIGEST: whom to trust")
    directory = Directory(schemas, settings.root_digest)
    consumer = open_consumer(settings, DIRECTORY, None)
    try:
        with clear_errors(settings, DIRECTORY):
            _read(consumer, directory, settings)
    finally:
        consumer.close(autocommit=False)
    return directory


def _read(consumer: KafkaConsumer, directory: Directory, settings: Settings) -> None:
    place = TopicPartition(DIRECTORY, 0)
    consumer.assign([place])
    end = consumer.end_offsets([place])[place]
    came_at = time.monotonic()
    while directory.position < end:
        if time.monotonic() - came_at > STILL_SECONDS:
            says = f"{settings.kafka_bootstrap} stopped in the midst of the directory"
            raise AwayError("kafka_unreachable", says)
        for record in consumer.poll(timeout_ms=_READ_MS).get(place, ()):
            came_at = time.monotonic()
            _apply(directory, _entry(record))


def _apply(directory: Directory, record: Record) -> None:
    try:
        directory.apply(record)
    except DirectoryError:
        if directory.position == 0:
            raise
        # Readers go on past an entry that they must not believe, as every worker does.
        directory.skip()


def _entry(record: Any) -> Record:
    """What kafka-python read, as the directory takes it; a header without a value is empty."""
    headers = tuple((name, value or b"") for name, value in record.headers)
    return Record(record.key, record.value, headers)
