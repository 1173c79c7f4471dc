"""Turns journal records into their copies. Pure, and on the bus's hottest path."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache

from casebus.events.stamps import POSITION, ROUTES, Position
from services.transport import Batch, Header, Outgoing


def copies(batch: Batch, epoch: int) -> list[Outgoing]:
    """One record for each stamped topic, in journal order: everything, and its position."""
    made: list[Outgoing] = []
    add = made.append
    prefix = Position.before(epoch, batch.partition)
    for record in batch.records:
        topics = routes_of(record.headers)
        if topics:
            headers = [*record.headers, (POSITION, b"%b%d" % (prefix, record.offset))]
            for topic in topics:
                add(Outgoing(topic, None, record.key, record.value, headers))
    return made


def routes_of(headers: Sequence[Header]) -> tuple[str, ...]:
    # Admission's stamps come last.
    for name, value in reversed(headers):
        if name == ROUTES:
            return _topics(value)
    return ()


@lru_cache(maxsize=4096)
def _topics(stamp: bytes) -> tuple[str, ...]:
    """Each topic once, even if stamps name it several times."""
    return tuple(dict.fromkeys(stamp.decode().split()))
