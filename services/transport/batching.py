"""Faust's Kafka consumer, given one message for each fetched batch instead of each record.

Faust spends its time on messages, so a message holds a whole batch of a partition. Its offset is
the last record's. tests/unit/test_faust_pins.py pins the parts of Faust on which this relies;
docs/adr/0001-batch-transport-under-faust.md gives the reasons.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from typing import Any, Protocol
from weakref import WeakSet

from aiokafka import ConsumerRecord, TopicPartition
from faust.transport.drivers import aiokafka as driver
from faust.types import TP
from faust.types.tuples import Message
from mode.utils.futures import notify


class _App(Protocol):
    """The consumer's questions to the app for which it reads."""

    consumer_generation_id: int

    @property
    def batched_topics(self) -> Collection[str]: ...

    async def assigned(self, partitions: list[TopicPartition]) -> Mapping[TopicPartition, int]: ...


#: With so many batches in memory, waiting or being handled, only partitions without any are
#: fetched. However many stand still, they keep out no other. A batch is at most 1 MiB or one
#: record; aiokafka's fetcher holds one more for each partition.
WAITING_BATCHES = 16
#: The limit for one partition: its flood stays with the broker and leaves room to the others.
WAITING_OF_ONE = 2
#: The wait for the other partitions while one has no room.
FULL_SECONDS = 0.02


class BatchEnd:
    """The end of a batch, and whether its handler returned. The next batch has to follow it.

    It is kept with the two batches, not by partition. So after a rebalance no batch looks lost
    because its predecessor was forgotten.
    """

    __slots__ = ("handled", "offset")

    def __init__(self, offset: int) -> None:
        self.offset, self.handled = offset, False


class FetchedBatch:
    """The value of a batched message: the records, and whether their handler returned."""

    __slots__ = ("__weakref__", "after", "end", "records", "tp")

    def __init__(self, tp: TP, records: Sequence[ConsumerRecord], after: BatchEnd | None) -> None:
        self.tp, self.records = tp, records
        #: The end of the batch fetched before these, if they follow it directly.
        self.after = after
        self.end = BatchEnd(records[-1].offset)

    @property
    def handled(self) -> bool:
        return self.end.handled


class BatchMessage:
    """The value that Faust takes for one Kafka record."""

    __slots__ = ("offset", "partition", "timestamp", "timestamp_type", "topic", "value")
    headers = key = checksum = None
    serialized_key_size = serialized_value_size = 0

    def __init__(self, tp: TP, batch: FetchedBatch) -> None:
        last = batch.records[-1]
        self.topic, self.partition, self.offset = tp.topic, tp.partition, last.offset
        self.timestamp, self.timestamp_type = last.timestamp, last.timestamp_type
        self.value = batch


class BatchingConsumer(driver.Consumer):  # type: ignore[misc]  # Faust is not typed for us
    """Gathers fetched records, and moves an offset only for a batch whose handler returned."""

    app: _App
    logger = logging.getLogger(driver.__name__)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._fetched: dict[TP, BatchEnd] = {}
        self._out: WeakSet[FetchedBatch] = WeakSet()
        self._freed = asyncio.Event()

    async def _getmany(
        self,
        active_partitions: set[TP] | None,
        timeout: float,  # noqa: ASYNC109 - Faust's name
    ) -> Mapping[TP, list[Any]]:
        # Faust's own limit (stream_buffer_maxsize) pauses fetching for a whole second.
        wanted = active_partitions or self.assignment()
        some = await self._with_room(wanted, timeout)
        if not some:
            return {}
        # A partition that was left out may have room soon, but nothing would end the wait for the
        # others.
        patience = timeout if len(some) == len(wanted) else min(timeout, FULL_SECONDS)
        fetched = await super()._getmany(active_partitions=some, timeout=patience)
        return {
            tp: [self._gathered(tp, records)] if self._gathers(tp) else records
            for tp, records in fetched.items()
            if records
        }

    async def _with_room(self, partitions: set[TP], seconds: float) -> set[TP]:
        """The partitions with few enough batches in memory, now or soon; else none."""
        self._freed.clear()
        if some := self._fetchable(partitions):
            return some
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(self._freed.wait(), seconds)
        return self._fetchable(partitions)

    def _fetchable(self, partitions: set[TP]) -> set[TP]:
        waiting = Counter(batch.tp for batch in self._out if not batch.handled)
        most = WAITING_OF_ONE if waiting.total() < WAITING_BATCHES else 1
        return {tp for tp in partitions if waiting[tp] < most}

    def _gathers(self, tp: TP) -> bool:
        return tp.topic in self.app.batched_topics

    def _gathered(self, tp: TP, records: Sequence[ConsumerRecord]) -> BatchMessage:
        before = self._fetched.get(tp)
        after = before if before is not None and before.offset < records[0].offset else None
        batch = FetchedBatch(tp, records, after)
        self._fetched[tp] = batch.end
        self._out.add(batch)
        return BatchMessage(tp, batch)

    async def _add_gap(self, tp: TP, offset_from: int, offset_to: int) -> None:
        # The offsets between two batched messages are no gap: the second message holds them.
        if not self._gathers(tp):
            await super()._add_gap(tp, offset_from, offset_to)

    def _new_offset(self, tp: TP) -> int | None:
        if not self._gathers(tp):
            stock: int | None = super()._new_offset(tp)
            return stock
        acked: list[int] = self._acked[tp]
        if not acked:
            return None
        # One agent handles each partition's batches in order: the greatest is also the last.
        done = max(acked) + 1
        acked.clear()
        self._acked_index[tp].clear()
        return done

    def ack(self, message: Message) -> bool:
        """Faust acks skipped and stale messages too; those must not move an offset."""
        batch = message.value
        self._freed.set()
        if isinstance(batch, FetchedBatch) and not (
            batch.handled and message.generation_id == self.app.consumer_generation_id
        ):
            message.acked = True
            self._unacked_messages.discard(message)
            notify(self._waiting_for_ack)
            return False
        moved: bool = super().ack(message)
        return moved

    async def perform_seek(self) -> None:
        """Start at the committed offsets, or at those of the handler."""
        await super().perform_seek()
        self._fetched.clear()
        self._out.clear()
        held = [TopicPartition(*tp) for tp in self.assignment() if self._gathers(tp)]
        starts = {TP(*tp): offset for tp, offset in (await self.app.assigned(held)).items()}
        if starts:
            await self.seek_wait(starts)
        for tp, offset in starts.items():
            self._begin_at(tp, offset)

    def _begin_at(self, tp: TP, offset: int) -> None:
        self._read_offset[tp] = offset or None
        if offset > (self._committed_offset[tp] or 0):
            # A worker that was ended had handled what lies before this, and had not committed it.
            # If no record comes, no ack moves the commit: the probe would end the process for it.
            self._acked[tp].append(offset - 1)
        else:
            # Acks below the committed offset would be dropped.
            self._committed_offset[tp] = offset or None


class BatchingTransport(driver.Transport):  # type: ignore[misc]
    Consumer = BatchingConsumer
