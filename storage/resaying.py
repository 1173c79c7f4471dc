"""Sends again, by a trusted key, the records that were rejected for their key.

The record is the same event, of the same identity and body; only the signer may differ. A revoked
key never becomes valid again: its records are rejected for good, and are signed by the next key. A
new key may have been used before admission had read of it: its records are sent again, at growing
intervals. Each rejection is answered once.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from typing import NamedTuple
from uuid import UUID

from casebus import telemetry
from casebus.events.envelope import Envelope
from casebus.events.schemas import Schemas
from casebus.trust.keys import SigningKey
from casebus.trust.signing import Draft, sign
from storage.handles import Connection, Pool
from storage.packing import pack_headers, unpack_headers
from storage.queries import load

log = logging.getLogger(__name__)

_SQL = load("resaying")
_LOOK_SECONDS = 5.0
_ROWS = 500
_FIRST_PAUSE, _LONGEST_PAUSE = timedelta(seconds=2), timedelta(hours=1)
#: Older ones were tried a thousand times, so a person decides.
_REACH = timedelta(days=30)

#: The key that may sign now for (source, type), and the delegate to name; None for "not mine".
Signer = Callable[[str, str], tuple[SigningKey, str | None] | None]


async def say_again(connection: Connection, signer: Signer, schemas: Schemas) -> int:
    """Sign again the records that another key may sign now; returns how many will leave again."""
    said = 0
    for row in await rejected_for_key(connection):
        mine = signer(row.source, row.type)
        envelope = Envelope.from_headers(unpack_headers(row.headers))
        if mine is None:
            continue
        key, delegate = mine
        if key.keyid == envelope.keyid and row.waited < _pause(row.answered):
            continue
        bare = replace(envelope, keyid=None, signedby=None, signature=None, sigproof=None)
        [record] = sign([Draft(bare, row.value)], key, schemas, signedby=delegate)
        headers = pack_headers(record.headers)
        await connection.execute(_SQL["say_again"], row.id, headers, row.rejections)
        said += 1
    return said


def _pause(answered: int) -> timedelta:
    """The time in which admission should have read about a key that the directory trusts."""
    return min(_FIRST_PAUSE * (1 << min(answered, 16)), _LONGEST_PAUSE)


class RejectedForKey(NamedTuple):
    """A record of the outbox that was rejected for its key; `answered` of its rejections were."""

    id: int
    source: str
    type: str
    stream: UUID
    value: bytes
    headers: bytes
    answered: int
    rejections: int
    #: Since the last rejection.
    waited: timedelta


async def rejected_for_key(connection: Connection) -> list[RejectedForKey]:
    """Records that wait for a trusted key: stored here, sent, rejected for their key."""
    rows = await connection.fetch(_SQL["rejected_for_key"], _REACH, _ROWS)
    return [RejectedForKey(**row) for row in rows]


async def keep_saying(pool: Pool, signer: Signer, schemas: Schemas) -> None:
    """Look from time to time, for ever."""
    while True:
        async with pool.acquire() as connection, connection.transaction():
            said = await say_again(connection, signer, schemas)
        if said:
            log.warning("said again, rejected for its key", extra={"records": said})
            telemetry.count("casebus.said_again.messages", said)
        await asyncio.sleep(_LOOK_SECONDS)
