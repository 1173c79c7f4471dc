"""The liveness probe: a worker leaves if its commits stand still while records wait.

It is independent of Faust and aiokafka on purpose. It has its own thread and its own client
(kafka-python), and asks the broker who holds a partition. A consumer can die silently inside a live
process. The probe also notices new topics to work off.
"""

from __future__ import annotations

import logging
import os
import signal
import threading
import time
from collections.abc import Iterable, Mapping
from typing import Any

from kafka import KafkaAdminClient, OffsetSpec, TopicPartition
from kafka.errors import KafkaError

from services.transport.worker import EXIT_STALLED, Worker, WorkerSettings, client_id, end_process

logger = logging.getLogger(__name__)

#: Looks before a standstill counts: after a pause of the whole process (SIGSTOP, a suspended
#: machine) much time has passed, but only one look.
LOOKS = 6

#: The most seconds that an orderly end may take.
ENDS_WITHIN_SECONDS = 15.0

Partition = tuple[str, int]


class Standstill:
    """Counts, for each partition, the looks at which records waited and the commit stood."""

    def __init__(self, looks: int = LOOKS) -> None:
        self._looks = looks
        self._seen: dict[Partition, tuple[int, int]] = {}

    def look(
        self, committed: Mapping[Partition, int], ends: Mapping[Partition, int]
    ) -> list[Partition]:
        """The partitions that stood still for all of the last `looks` looks."""
        seen: dict[Partition, tuple[int, int]] = {}
        for partition, offset in committed.items():
            before, times = self._seen.get(partition, (None, 0))
            waiting = ends.get(partition, 0) > offset
            seen[partition] = offset, times + 1 if waiting and before == offset else 0
        self._seen = seen
        return [partition for partition, (_, times) in seen.items() if times >= self._looks]


class Probe(threading.Thread):
    """Looks every `stall_seconds / LOOKS`, and ends the process on a standstill of its own."""

    def __init__(self, worker: Worker, settings: WorkerSettings) -> None:
        super().__init__(name="liveness probe", daemon=True)
        self._group, self._topics, self._worker = worker.name, worker.topics, worker
        self._client_id = client_id(worker, settings)
        self._options = settings.kafka_client()
        self._interval = settings.stall_seconds / LOOKS
        self._stopped = threading.Event()

    def run(self) -> None:
        standstill = Standstill()
        admin: KafkaAdminClient | None = None
        while not self._stopped.wait(self._interval):
            try:
                admin = admin or KafkaAdminClient(
                    client_id=f"{self._client_id}-probe", **self._options
                )
                if topics_there(admin, self._worker) != self._topics:
                    self._begin_anew()
                    return
                stalled = self._look(admin, standstill)
            except KafkaError as error:
                # Brokers that do not answer are no fault of this worker.
                logger.warning("probe sees no broker", exc_info=error)
                continue
            if stalled:
                topic, partition = stalled[0]
                logger.error(
                    "commit stands still",
                    extra={"topic": topic, "partition": partition, "group": self._group},
                )
                end_process("stalled", code=EXIT_STALLED)

    def _begin_anew(self) -> None:
        """Faust takes on no topic while it runs: the process ends in order and is started again."""
        logger.warning("a topic was made: the worker begins anew", extra={"group": self._group})
        os.kill(os.getpid(), signal.SIGTERM)
        time.sleep(ENDS_WITHIN_SECONDS)
        end_process("not_ended")

    def _look(self, admin: KafkaAdminClient, standstill: Standstill) -> list[Partition]:
        answerable = self._answerable(admin)
        committed = {
            place: offset
            for place, offset in self._committed(admin, answerable).items()
            if offset is not None
        }
        return standstill.look(committed, self._offsets(admin, committed, OffsetSpec.LATEST))

    def _answerable(self, admin: KafkaAdminClient) -> set[Partition]:
        """The partitions that the broker gave to this worker, and those that nobody holds."""
        group = admin.describe_groups([self._group])[self._group]
        held: dict[str, set[Partition]] = {}
        for member in group["members"]:
            held.setdefault(member["client_id"], set()).update(_assigned(member))
        others = {it for name, its in held.items() if name != self._client_id for it in its}
        everything = {
            (topic["name"], partition["partition_index"])
            for topic in admin.describe_topics(list(self._topics))
            for partition in topic["partitions"]
        }
        return everything - others

    def _committed(
        self, admin: KafkaAdminClient, places: Iterable[Partition]
    ) -> dict[Partition, int | None]:
        """Committed offsets; if nothing was committed yet, the first existing offset."""
        wanted = [TopicPartition(*place) for place in places]
        if not wanted:
            return {}
        answer = admin.list_group_offsets({self._group: wanted})[self._group]
        known = {
            (tp.topic, tp.partition): found.offset
            for tp, found in answer.items()
            if found.offset >= 0
        }
        fresh = [place for place in places if place not in known]
        return {**self._offsets(admin, fresh, OffsetSpec.EARLIEST), **known}

    @staticmethod
    def _offsets(
        admin: KafkaAdminClient, places: Iterable[Partition], spec: Any
    ) -> dict[Partition, int]:
        wanted = {TopicPartition(*place): spec for place in places}
        if not wanted:
            return {}
        found = admin.list_partition_offsets(wanted)
        return {(tp.topic, tp.partition): it.offset for tp, it in found.items()}


def topics_there(admin: KafkaAdminClient, worker: Worker) -> tuple[str, ...]:
    """All topics that the worker has to work off now."""
    if not worker.also:
        return worker.topics
    named = (name for name in admin.list_topics() if name.startswith(worker.also))
    return tuple(sorted({*worker.topics, *named}))


def _assigned(member: Mapping[str, Any]) -> set[Partition]:
    assignment = member["member_assignment"] or {}
    return {
        (it["topic"], partition)
        for it in assignment.get("assigned_partitions", ())
        for partition in it["partitions"]
    }
