"""`casebus law reinterpret`: derives one case by another law from now on, by an event."""

from __future__ import annotations

import asyncio
import uuid
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import asyncpg

from casebus.cases import fold
from casebus.cases.renewing import renewed
from casebus.errors import CasebusError
from casebus.events.doors import BUS
from casebus.events.envelope import Envelope
from casebus.events.legaltime import LegalTime
from casebus.events.numbers import canonical_number
from casebus.events.schemas import Schemas
from casebus.events.types import CASE_REINTERPRETED
from casebus.law import Law
from casebus.present import present
from casebus.settings import Settings
from casebus.trust.keys import SigningKey
from casebus.trust.signing import Draft
from operations.adoption import announcing
from services.casework.renewing import before_of
from services.casework.streams import Stream, restore
from storage import cases, renewing
from storage import law as bundles
from storage.handles import Connection


@dataclass(frozen=True, slots=True)
class Decision:
    case: str
    #: The digest, or as much of its beginning as tells it from the others.
    law: str
    reasons: str
    author: str = ""


async def reinterpret(settings: Settings, decision: Decision, now: datetime) -> dict[str, Any]:
    """Send it through the front door; raises CasebusError for an unknown case or law."""
    schemas = Schemas.load(settings.schemas_dir)
    connection: Connection = await asyncpg.connect(settings.database_url)
    try:
        stream = await _stream(connection, decision.case)
        law = await _law(connection, decision.law)
        before = await _law(connection, await _law_of(connection, stream))
        told = Stream()
        for row in await cases.events_of(connection, [stream]):
            restore(told, row, schemas)
        shown = await renewing.shown(connection, [stream], now)
    finally:
        await connection.close()
    if before.digest == law.digest:
        raise CasebusError("same_law", f"the case is derived by {law.digest} already")
    events = list(told.events.values())
    made = renewed(events, before_of(shown[stream]), law, now)
    data = {
        # If nothing changes, the person's statement is sent as well.
        **(made.event.data if made.event else {}),
        "law_before": before.digest,
        "law_after": law.digest,
        # Both over the same events: if the digests are equal, the law changes nothing.
        "state_before": fold(events, before).digest(),
        "state_after": fold(events, law).digest(),
        "pinned": True,
        "reasons": decision.reasons,
        "note": decision.author,
    }
    draft = _draft(stream, data, made.told, now, schemas)
    key = SigningKey.load(settings.bus_key)
    await asyncio.to_thread(announcing.say, settings, key, schemas, [draft])
    return {"case": str(stream), "event": draft.envelope.id, **data}


async def _law_of(connection: Connection, stream: uuid.UUID) -> str:
    known = await bundles.law_of_case(connection, stream)
    if known is None:
        raise CasebusError("no_such_case", str(stream))
    return known


async def _stream(connection: Connection, case: str) -> uuid.UUID:
    try:
        return uuid.UUID(case)
    except ValueError:
        found = await bundles.cases_by_number(connection, canonical_number(case))
    if len(found) != 1:
        said = f"{case} is the number of {len(found)} cases" if found else case
        raise CasebusError("no_such_case", said)
    return found[0]


async def _law(connection: Connection, start: str) -> Law:
    """The one kept bundle whose digest begins with this text."""
    known = [row.digest for row in await bundles.kept(connection)]
    fit = [one for one in known if one.startswith(start)] if start else []
    if len(fit) != 1:
        raise CasebusError("law_unknown", f"{len(fit)} kept laws have a digest that begins {start}")
    # Bundles are kept for ever.
    return Law.from_bundle(present(await bundles.bundle(connection, fit[0])))


def _draft(
    stream: uuid.UUID, data: dict[str, Any], to: tuple[str, ...], now: datetime, schemas: Schemas
) -> Draft:
    words = f"{data['law_before']}/{data['law_after']}/{data['state_before']}"
    envelope = Envelope(
        id=str(uuid.uuid5(stream, words)),
        type=CASE_REINTERPRETED,
        source=BUS,
        subject=str(stream),
        time=now,
        dataschema=schemas.latest(CASE_REINTERPRETED).uri,
        to=to,
        legaltime=LegalTime.of(now),
    )
    return Draft(envelope, schemas.encode(CASE_REINTERPRETED, data))
