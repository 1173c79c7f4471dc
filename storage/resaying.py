"""What was rejected for its key is said again by a key that the directory trusts.

The record is the same event, of the same identity and body: only who signed it differs. The first
one was rejected for good, for a revoked key never becomes valid again.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from typing import Any

from casebus import telemetry
from casebus.events.envelope import Envelope
from casebus.events.schemas import Schemas
from casebus.trust.keys import SigningKey
from casebus.trust.signing import Draft, sign
from storage.packing import pack_headers, unpack_headers
from storage.queries import load

log = logging.getLogger(__name__)

_SQL = load("resaying")
_LOOK_SECONDS = 5.0
_ROWS = 500
#: Older ones were looked at a thousand times; a person decides.
_REACH = timedelta(days=30)

#: The key that may sign now for (source, type), and the delegate to name; None for "not mine".
Signer = Callable[[str, str], tuple[SigningKey, str | None] | None]


async def say_again(connection: Any, signer: Signer, schemas: Schemas) -> int:
    """Sign anew what another key may sign now; returns how many records will leave again."""
    said = 0
    for row in await rejected_for_key(connection):
        mine = signer(row["source"], row["type"])
        envelope = Envelope.from_headers(unpack_headers(row["headers"]))
        if mine is None or mine[0].keyid == envelope.keyid:
            continue
        key, delegate = mine
        bare = replace(envelope, keyid=None, signedby=None, signature=None, sigproof=None)
        [record] = sign([Draft(bare, row["value"])], key, schemas, signedby=delegate)
        await connection.execute(_SQL["say_again"], row["id"], pack_headers(record.headers))
        said += 1
    return said


async def rejected_for_key(connection: Any) -> list[Any]:
    """What waits for a trusted key: stored here, sent, rejected for its key."""
    found = await connection.fetch(_SQL["rejected_for_key"], _REACH, _ROWS)
    return list(found)


async def keep_saying(pool: Any, signer: Signer, schemas: Schemas) -> None:
    """Look now and then, for ever."""
    while True:
        async with pool.acquire() as connection, connection.transaction():
            said = await say_again(connection, signer, schemas)
        if said:
            log.warning("said again by another key", extra={"records": said})
            telemetry.count("casebus.said_again.messages", said)
        await asyncio.sleep(_LOOK_SECONDS)
