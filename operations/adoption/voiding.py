"""`casebus law void`: partitions that wait for a missing law bundle go on by the law before it."""

from __future__ import annotations

import asyncio
import uuid
from datetime import UTC, datetime
from typing import Any

import asyncpg

from casebus.errors import CasebusError
from casebus.events.doors import BUS
from casebus.events.envelope import Envelope
from casebus.events.schemas import Schemas
from casebus.events.types import LAW_ADOPTION_VOIDED
from casebus.settings import Settings
from casebus.trust.keys import SigningKey
from casebus.trust.signing import Draft
from operations.adoption import announcing
from storage import stalling
from storage.handles import Connection
from storage.stalling import Stalled


async def void(settings: Settings, author: str, reasons: str) -> list[dict[str, Any]]:
    """Void every adoption at which a partition waits; raises CasebusError `nothing_waits`.

    Only those: an adoption that counts is ended by another adoption.
    """
    connection: Connection = await asyncpg.connect(settings.database_url)
    try:
        waiting = [one for one in await stalling.stalled(connection) if one.adoption]
    finally:
        await connection.close()
    if not waiting:
        raise CasebusError("nothing_waits", "no partition waits at an adoption: see casebus doctor")
    schemas = Schemas.load(settings.schemas_dir)
    streams = list(announcing.streams(settings.installation_partitions))
    said = [(streams[one.partition], _body(one, author, reasons)) for one in waiting]
    drafts = [_draft(schemas, stream, body) for stream, body in said]
    key = SigningKey.load(settings.bus_key)
    await asyncio.to_thread(announcing.say, settings, key, schemas, drafts)
    return [body for _, body in said]


def _body(one: Stalled, author: str, reasons: str) -> dict[str, Any]:
    return {
        "adoption": one.adoption,
        "digest": one.digest,
        "partition": one.partition,
        "author": author,
        "reasons": reasons,
    }


def _draft(schemas: Schemas, stream: uuid.UUID, body: dict[str, Any]) -> Draft:
    envelope = Envelope(
        id=str(uuid.uuid5(stream, f"void/{body['adoption']}")),
        type=LAW_ADOPTION_VOIDED,
        source=BUS,
        subject=str(stream),
        time=datetime.now(UTC),
        dataschema=schemas.latest(LAW_ADOPTION_VOIDED).uri,
    )
    return Draft(envelope, schemas.encode(LAW_ADOPTION_VOIDED, body))
