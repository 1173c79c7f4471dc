"""`casebus law reinterpret`: one case is derived by another law from now on, by an event."""

from __future__ import annotations

import asyncio
import uuid
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import asyncpg

from casebus.cases import CaseEvent, fold
from casebus.errors import CasebusError
from casebus.events.envelope import Envelope
from casebus.events.legaltime import LegalTime
from casebus.events.numbers import canonical_number
from casebus.events.schemas import Schemas
from casebus.law import Law
from casebus.settings import Settings
from casebus.trust.directory import BUS, BUS_SECTOR
from casebus.trust.keys import SigningKey
from casebus.trust.signing import Draft
from onebox.provision import law as provision
from services.casework.streams import Stream, restore
from storage import cases
from storage import law as bundles

TYPE = "casebus.case.reinterpreted.v1"


@dataclass(frozen=True, slots=True)
class Decision:
    case: str
    #: The digest, or as much of its beginning as tells it from the others.
    law: str
    reasons: str
    author: str = ""


async def reinterpret(settings: Settings, decision: Decision, now: datetime) -> dict[str, Any]:
    """Say it through the front door; raises CasebusError for an unknown case or law."""
    schemas = Schemas.load(settings.schemas_dir)
    connection: Any = await asyncpg.connect(settings.database_url)
    try:
        stream = await _stream(connection, decision.case)
        law = await _law(connection, decision.law)
        known = await bundles.law_of_case(connection, stream)
        if known is None:
            raise CasebusError("no_such_case", decision.case)
        told = Stream()
        for row in await cases.events_of(connection, [stream]):
            restore(told, row, schemas)
    finally:
        await connection.close()
    before, state = known
    if before == law.digest:
        raise CasebusError("same_law", f"the case is derived by {before} already")
    event = _event(stream, f"{before}/{law.digest}/{state}", now)
    after = fold([*told.events.values(), event], law)
    data = {
        "law_before": before,
        "law_after": law.digest,
        "state_before": state,
        "state_after": after.digest(),
        "reasons": decision.reasons,
        "note": decision.author,
    }
    draft = _draft(event, data, after.participants, schemas)
    key = SigningKey.load(settings.keys_dir / f"{BUS}.pem")
    await asyncio.to_thread(provision.say, settings, key, schemas, [draft])
    return {"case": str(stream), "event": event.id, **data}


async def _stream(connection: Any, case: str) -> uuid.UUID:
    try:
        return uuid.UUID(case)
    except ValueError:
        found = await bundles.cases_by_number(connection, canonical_number(case))
    if len(found) != 1:
        said = f"{case} is the number of {len(found)} cases" if found else case
        raise CasebusError("no_such_case", said)
    return found[0]


async def _law(connection: Any, start: str) -> Law:
    """The one kept bundle whose digest begins so."""
    known = [row["digest"] for row in await bundles.kept(connection)]
    fit = [one for one in known if one.startswith(start)] if start else []
    if len(fit) != 1:
        raise CasebusError("law_unknown", f"{len(fit)} kept laws have a digest that begins {start}")
    body = await bundles.bundle(connection, fit[0])
    assert body is not None  # noqa: S101 - it was listed; bundles are kept for ever
    return Law.from_bundle(body)


def _event(stream: uuid.UUID, words: str, now: datetime) -> CaseEvent:
    """As the fold will see it, but for what it says: it moves nothing."""
    return CaseEvent(
        stream=str(stream),
        source=BUS,
        id=str(uuid.uuid5(stream, words)),
        type=TYPE,
        legal=LegalTime.of(now),
        sequence=None,
        causation=(),
        recorded_at=now,
        position=(1 << 30, 0, 0),
        sector=BUS_SECTOR,
        to=(),
        to_sectors=(),
        imported=False,
        data={},
    )


def _draft(event: CaseEvent, data: dict[str, Any], to: tuple[str, ...], schemas: Schemas) -> Draft:
    envelope = Envelope(
        id=event.id,
        type=TYPE,
        source=BUS,
        subject=event.stream,
        time=event.recorded_at,
        dataschema=schemas.latest(TYPE).uri,
        to=to,
        legaltime=event.legal,
    )
    return Draft(envelope, schemas.encode(TYPE, data))
