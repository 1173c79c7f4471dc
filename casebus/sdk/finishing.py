"""Turns a caller's event into a finished, signed record. Pure, except for the caller's ports."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from uuid6 import uuid7

from casebus.admission.secrecy import refuse_state_secrets
from casebus.errors import CasebusError
from casebus.events.envelope import Envelope, Record, agency_of
from casebus.events.limits import MOST_HEADER_BYTES, MOST_VALUE_BYTES
from casebus.events.schemas import Schemas
from casebus.rejections import Reason
from casebus.sdk.event import NewEvent
from casebus.signing.keyring import Keyring
from casebus.trust.signing import Draft, sign

#: Room that the signature and its proof take in the headers.
_SIGNATURE_ROOM = 4 * 1024


@dataclass(frozen=True, slots=True)
class Checked:
    """An event that fits its schema; `request` is the digest of the caller's request."""

    event: NewEvent
    source: str
    stream: str
    id: str
    value: bytes
    dataschema: str
    request: bytes


def check(event: NewEvent, schemas: Schemas, default_source: str) -> Checked:
    """Raises CasebusError `state_secret`, `unknown_type`, `invalid_data` or `too_large`."""
    refuse_state_secrets(dict(event.data))
    schema = schemas.latest(event.ce_type)
    value = schemas.encode(event.ce_type, dict(event.data))
    if len(value) > MOST_VALUE_BYTES:
        raise CasebusError(
            Reason.TOO_LARGE, f"{len(value)} bytes; the bus takes {MOST_VALUE_BYTES}"
        )
    source = event.source or default_source
    if not source:
        raise CasebusError("no_source", "say which agency speaks (CASEBUS_AGENCY)")
    return Checked(
        event,
        source,
        event.stream or str(uuid7()),
        event.id or str(uuid7()),
        value,
        schema.uri,
        _request(event, value),
    )


def envelope(checked: Checked, sequence: int | None, now: datetime) -> Envelope:
    event = checked.event
    made = Envelope(
        id=checked.id,
        type=event.ce_type,
        source=checked.source,
        subject=checked.stream,
        time=event.time or now,
        dataschema=checked.dataschema,
        to=event.to,
        sequence=sequence,
        correlationid=event.correlation,
        causationid=event.causation,
        legaltime=event.legal,
        testdata=event.testdata,
        importid=event.importid,
    )
    size = sum(len(name) + len(text) for name, text in made.to_headers()) + _SIGNATURE_ROOM
    if size > MOST_HEADER_BYTES:
        raise CasebusError(Reason.TOO_LARGE, "the headers: address fewer agencies or causes")
    return made


def sign_together(drafts: Sequence[Draft], keys: Keyring, schemas: Schemas) -> list[Record]:
    """Sign drafts, one tree for each agency among their sources, in the order given."""
    places: dict[str, list[int]] = {}
    for at, draft in enumerate(drafts):
        places.setdefault(agency_of(draft.envelope.source), []).append(at)
    records: dict[int, Record] = {}
    for agency, own in places.items():
        signed = sign([drafts[at] for at in own], keys.key(agency), schemas)
        records.update(zip(own, signed, strict=True))
    return [records[at] for at in range(len(drafts))]


def _request(event: NewEvent, value: bytes) -> bytes:
    """The content that makes a retry the same request: all that the caller gave but its time."""
    said = [event.ce_type, event.to, str(event.legal), event.causation, event.correlation]
    return hashlib.sha256(json.dumps(said).encode() + b"\x00" + value).digest()
