"""A worker and its end: it leaves at once and with a reason, and acks no unfinished batch."""

from __future__ import annotations

import gc
import hashlib
import logging
import os
import sys
from collections.abc import Callable, Iterator
from contextlib import AbstractAsyncContextManager, contextmanager
from dataclasses import dataclass
from typing import NoReturn

from casebus.settings import Settings
from services.transport.batch import Handler
from services.transport.producer import Producer

logger = logging.getLogger(__name__)

#: Exit codes, of sysexits.h: the supervisor restarts after both.
EXIT_FAILED = 70
EXIT_STALLED = 75


class WorkerSettings(Settings):
    """A worker's own settings from its environment, besides those of every process."""

    #: Tells a service's workers apart: two alive with the same name fence each other.
    worker: str = "0"
    #: The journal's epoch: grows when the journal is rebuilt (design rule 5, each record is a
    #: leaf).
    journal_epoch: int = 1
    #: Seconds after which the broker gives away the partitions of a silent worker.
    session_seconds: float = 8.0
    #: How often handled batches are committed. Nobody is told of a missed period before admission
    #: has committed everything that came by then (design rule 15, the barrier).
    commit_seconds: float = 0.2
    #: The most records fetched at once, over all partitions; limits memory.
    poll_records: int = 4000
    #: Seconds without a moved commit, with records waiting, after which a worker leaves.
    stall_seconds: float = 60.0


@dataclass(frozen=True, slots=True)
class Worker:
    """One service on Kafka; `name` is its consumer group and the prefix of its own topics."""

    name: str
    topics: tuple[str, ...]
    #: Opens what the handler needs, before the first partition is assigned.
    open: Callable[[WorkerSettings, Producer], AbstractAsyncContextManager[Handler]]
    #: Partitions of one topic handled at once. A partition's batches never overlap.
    lanes: int = 1
    #: Prefixes of further topics to work off, as they exist at the start. If another topic appears,
    #: the probe ends the process, and its supervisor starts it again.
    also: str = ""


def client_id(worker: Worker, settings: WorkerSettings) -> str:
    """The name under which the broker and the probe know this process."""
    return f"{worker.name}-{settings.worker}"


def instance_id(worker: Worker, settings: WorkerSettings) -> str:
    """The name of a static member; it changes with the topics.

    If a worker comes back under its old name before its session is over, it gets its old
    partitions, whatever it asks for now (KIP-345).
    """
    topics = hashlib.sha256(" ".join(sorted(worker.topics)).encode()).hexdigest()
    return f"{client_id(worker, settings)}-{topics[:8]}"


def spare_the_collector() -> None:
    """Look for cycles rarely: a batch is tens of thousands of tuples, none of them in a cycle.

    With Python's own thresholds, the collector took a quarter of the router's time for it.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(200_000, 20, 100)


@contextmanager
def leaving(reason: str) -> Iterator[None]:
    """Leave at any failure inside: only a restart from the last ack can help.

    Faust would ack the batch and go on; a worker without its handler would stand and wait.
    """
    try:
        yield
    except Exception as error:  # noqa: BLE001 - the one place where a worker's fault ends it
        end_process(reason, error)


def end_process(
    reason: str, error: BaseException | None = None, code: int = EXIT_FAILED
) -> NoReturn:
    """End the process now: no further ack, no commit, no clean-up that could do either."""
    try:
        logger.critical("worker leaves", exc_info=error, extra={"reason": reason, "code": code})
        for stream in (sys.stderr, sys.stdout):
            stream.flush()
    finally:
        # If the log cannot be written either, as on a full disk, it leaves silently.
        os._exit(code)
