"""From a journal record to what the fold takes: its envelope, its body and admission's stamps."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from datetime import datetime
from typing import Any

from casebus.cases.event import CaseEvent
from casebus.events import doors
from casebus.events.envelope import Envelope, Header


def stamps_of(headers: Iterable[Header]) -> dict[str, str]:
    return {name: text.decode() for name, text in headers if name.startswith("cb-")}


def sector_of(stamps: Mapping[str, str]) -> str:
    """The author's sector: admission checked that the door is the sector's."""
    return doors.sector_of(stamps["cb-origin"].partition("/")[0])


def admitted_at(stamps: Mapping[str, str]) -> datetime:
    """When admission took the record, by its `now` port."""
    return datetime.fromisoformat(stamps["cb-admitted-at"])


def sectors_of(stamps: Mapping[str, str]) -> dict[str, str]:
    """The sector of each recipient, as the directory had it at admission."""
    names, sectors = stamps.get("cb-recipients", ""), stamps.get("cb-sectors", "")
    return dict(zip(names.split(), sectors.split(), strict=True))


def case_event(
    envelope: Envelope,
    data: dict[str, Any],
    stamps: Mapping[str, str],
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
        recorded_at=admitted_at(stamps),
        said_at=envelope.time,
        position=position,
        sector=sector_of(stamps),
        to=tuple(stamps.get("cb-recipients", "").split()),
        to_sectors=tuple(stamps.get("cb-sectors", "").split()),
        imported=envelope.importid is not None,
        data=data,
        flags=tuple(stamps.get("cb-flags", "").split()),
        import_id=envelope.importid or "",
    )


def widened(event: CaseEvent, recipients: Mapping[str, str]) -> CaseEvent:
    """Recipients of an event are the union over its equal copies (design rule 8)."""
    both = dict(zip(event.to, event.to_sectors, strict=True)) | dict(recipients)
    # The first copy's order stays: the first recipient of a sector takes its role.
    return replace(event, to=tuple(both), to_sectors=tuple(both.values()))
