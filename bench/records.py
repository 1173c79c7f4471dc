"""The records that every program handles: signed, stamped, of four events a case."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path
from uuid import UUID, uuid5

from casebus.events.doors import door_of
from casebus.events.envelope import Envelope, Record
from casebus.events.legaltime import LegalTime
from casebus.events.schemas import Schemas
from casebus.events.stamps import Origin, Stamps
from casebus.events.topics import hosted_inbox_of
from casebus.trust.keys import SigningKey
from casebus.trust.signing import Draft, sign
from rehearsal.scenario import storyline

ROOT = Path(__file__).parent.parent
#: From the storyline: sent by the regulator, then three answers of the police.
STEPS = ("sent", "receipted", "accepted", "filed")
AMR, PSB, PRO = "cn-330108-amr", "cn-330108-psb", "cn-330108-pro"
INBOX = hosted_inbox_of("police")
SIGNED_TOGETHER = 256
_NAMESPACE = UUID("b2a1b1d4-2a50-5c0c-8f6f-5d1c7a1c0b11")
_BEGAN = datetime(2026, 3, 2, 1, 0, tzinfo=UTC)
_STEP = timedelta(days=2)


def journal(keys: Path, schemas: Schemas, law: str, cases: range) -> list[Record]:
    """All cases' first events, then all second events, and so on: no case is ever at rest."""
    steps = storyline.read(ROOT / "examples/storyline-1.yaml").acts
    bodies = {step.label: step.data for step in steps if step.label in STEPS}
    records: list[Record] = []
    for place, label in enumerate(STEPS):
        source, to = (AMR, PSB) if place == 0 else (PSB, AMR)
        key = SigningKey.load(keys / f"{source}.pem")
        value = schemas.encode(f"casebus.referral.{label}.v1", bodies[label])
        uri = schemas.schema_of(value).uri
        drafts = [_draft(case, place, source, to, value, uri=uri) for case in cases]
        for at in range(0, len(cases), SIGNED_TOGETHER):
            signed = sign(drafts[at : at + SIGNED_TOGETHER], key, schemas)
            offset = cases.start * len(STEPS) + len(records)
            records += (
                _stamped(one, source, to, place, law=law, offset=offset + rank)
                for rank, one in enumerate(signed)
            )
    return records


def _draft(case: int, place: int, source: str, to: str, value: bytes, *, uri: str) -> Draft:
    stream = uuid5(_NAMESPACE, str(case))
    label = STEPS[place]
    at = _BEGAN + place * _STEP + timedelta(milliseconds=case)
    return Draft(
        Envelope(
            id=str(uuid5(stream, label)),
            type=f"casebus.referral.{label}.v1",
            source=source,
            subject=str(stream),
            time=at,
            dataschema=uri,
            to=(to, PRO),
            sequence=max(place, 1),
            causationid=(str(uuid5(stream, STEPS[place - 1])),) if place else (),
            legaltime=LegalTime.parse(at.date().isoformat()),
        ),
        value,
    )


def _stamped(record: Record, source: str, to: str, place: int, *, law: str, offset: int) -> Record:
    """As admission stamps it; one route, so that one record in makes one record out."""
    at = _BEGAN + place * _STEP
    sectors = {AMR: "administrative", PSB: "police", PRO: "procuratorate"}
    stamps = Stamps(
        admitted_at=at,
        origin=str(Origin(door_of(sectors[source]), 1, offset, int(at.timestamp() * 1000))),
        recipients=(to, PRO),
        sectors=(sectors[to], sectors[PRO]),
        routes=(INBOX,),
        law=law,
        directory=42,
    )
    return Record(record.key, record.value, (*record.headers, *stamps.headers()))
