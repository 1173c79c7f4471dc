"""The input and the result of a handler: plain values, without a client."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple, Protocol, runtime_checkable

from aiokafka import ConsumerRecord, TopicPartition

__all__ = [
    "Batch",
    "ConsumerRecord",
    "Handler",
    "Header",
    "KnowsPartitions",
    "Outgoing",
    "TopicPartition",
    "start_offsets",
]

Header = tuple[str, bytes]


@dataclass(frozen=True, slots=True)
class Batch:
    """Consecutive records of one partition, as fetched; never empty."""

    topic: str
    partition: int
    #: `ConsumerRecord` of aiokafka: offset, timestamp (ms), timestamp_type (1 is the broker's
    #: append time), key, value, headers (a tuple of name and bytes).
    records: Sequence[ConsumerRecord]


class Outgoing(NamedTuple):
    """A record to produce; a tuple, because a fast path makes a million of them."""

    topic: str
    #: None: the partition that murmur2 of the key names.
    partition: int | None
    key: bytes | None
    value: bytes | None
    headers: Sequence[Header]
    #: Milliseconds since 1970; None leaves it to the producer's clock. The topics of the bus keep
    #: the broker's append time, whatever value this has.
    timestamp_ms: int | None = None


#: Called with one batch after the other of each partition; when it returns, its effects are
#: durable and the batch is acked. An exception ends the process, and nothing of it is acked.
Handler = Callable[[Batch], Awaitable[None]]


@runtime_checkable
class KnowsPartitions(Protocol):
    """A handler that is told its partitions before it is given their batches."""

    async def on_assigned(
        self, partitions: list[TopicPartition]
    ) -> Mapping[TopicPartition, int] | None:
        """All partitions this worker now holds; called again after each rebalance.

        It may return the offsets to start at, for partitions in which Kafka's committed offset is
        only a hint. A partition that it leaves out starts at the committed offset.
        """


async def start_offsets(
    handler: object, partitions: list[TopicPartition]
) -> Mapping[TopicPartition, int]:
    """The handler's answer to its assignment. Empty if it has no `on_assigned`."""
    if not isinstance(handler, KnowsPartitions):
        return {}
    return await handler.on_assigned(partitions) or {}
