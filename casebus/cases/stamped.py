"""Turns a journal record into the fold's input: its envelope, its body and admission's stamps."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from casebus.cases.event import CaseEvent
from casebus.events.envelope import Envelope
from casebus.events.stamps import Stamps


def case_event(
    envelope: Envelope,
    data: dict[str, Any],
    stamps: Stamps,
    position: tuple[int, int, int],
) -> CaseEvent:
    return CaseEvent(
        stream=envelope.subject,
        source=envelope.source,
        id=envelope.id,
        type=envelope.type,
        legal=envelope.legal,
        sequence=envelope.sequence,
        causation=envelope.causationid,
        recorded_at=stamps.admitted_at,
        said_at=envelope.time,
        position=position,
        sector=stamps.sector,
        to=stamps.recipients,
        to_sectors=stamps.sectors,
        imported=envelope.importid is not None,
        data=data,
        flags=stamps.flags,
        import_id=envelope.importid or "",
    )


def widened(event: CaseEvent, recipients: Mapping[str, str]) -> CaseEvent:
    """Recipients of an event are the union over its equal copies.

    Design rule 8, keys, copies, rejects.
    """
    both = dict(zip(event.to, event.to_sectors, strict=True)) | dict(recipients)
    # The first copy's order stays: the first recipient of a sector takes its role.
    return replace(event, to=tuple(both), to_sectors=tuple(both.values()))
