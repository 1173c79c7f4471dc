"""Keeps the records that admission rejected, and returns each to a sender on Kafka.

The sender is the agency that signed the record. A record that only has an agency's name may be
anybody's (ADR 46).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any
from uuid import NAMESPACE_URL, UUID, uuid5

from casebus.errors import CasebusError
from casebus.events.envelope import LONGEST_ATTRIBUTE, Header, agency_of
from casebus.events.schemas import Schemas
from casebus.events.stamps import Refusal
from casebus.events.topics import rejected_of
from casebus.trust.directory import Directory
from casebus.trust.leaf import event_leaf
from services.transport import Batch
from storage import evidence, journal, outbox
from storage.handles import Connection
from storage.journal import Identity
from storage.outbox import OutboxRow

#: The columns of own.rejected, in order.
COLUMNS = (
    "partition",
    "kafka_offset",
    "agency",
    "source",
    "event_id",
    "stream",
    "reason",
    "detail",
    "late",
    "key",
    "value",
    "headers",
    "rejected_at",
    "verified",
    "door",
    "leaf",
)
_LATE, _VERIFIED = COLUMNS.index("late"), COLUMNS.index("verified")


async def keep(
    connection: Connection, batch: Batch, schemas: Schemas, directory: Directory
) -> None:
    """Record a batch of `rejected` once, even if it is delivered again."""
    next_offset = await evidence.rejected_offset(connection, batch.partition)
    fresh = [record for record in batch.records if record.offset >= next_offset]
    if not fresh:
        return
    late = await _late(connection, fresh, schemas)
    rows = [
        row_of(batch.partition, record, is_late=is_late)
        for record, is_late in zip(fresh, late, strict=True)
    ]
    await evidence.add_rejected(connection, rows)
    # An event in the journal was taken. A late reject of it is recorded and told to nobody (rule 8,
    # keys, copies, rejects).
    refused = (
        record for record, row in zip(fresh, rows, strict=True) if row[_VERIFIED] and not row[_LATE]
    )
    returns = (_return(batch.partition, record, directory) for record in refused)
    await outbox.enqueue(connection, [one for one in returns if one is not None])
    await evidence.advance_rejected(connection, batch.partition, fresh[-1].offset + 1)


def row_of(partition: int, record: Any, *, is_late: bool) -> tuple[Any, ...]:
    """The kept part of a record of `rejected`, headers unpacked."""
    texts, stamps = _texts(record.headers), Refusal.of(record.headers)
    source = texts.get("ce_source")
    return (
        partition,
        record.offset,
        _short(agency_of(source)) if source else None,
        _short(source),
        _short(texts.get("ce_id")),
        texts.get("ce_subject"),
        stamps.reason,
        stamps.detail.replace("\x00", ""),
        is_late,
        record.key,
        record.value,
        tuple(record.headers),
        stamps.admitted_at,
        source is not None and stamps.author == agency_of(source),
        stamps.door,
        stamps.leaf,
    )


async def _late(connection: Connection, records: Sequence[Any], schemas: Schemas) -> list[bool]:
    """For each, True if that very event is in the journal: then it was never refused.

    Design rule 8, keys, copies, rejects.

    There is one query for all: thousands of bad records must cost the database little.
    """
    leaves = [_identified(record, schemas) for record in records]
    known = await journal.known_events(
        connection, list({one[0] for one in leaves if one is not None})
    )
    return [one is not None and known.get(one[0]) == one[1] for one in leaves]


def _identified(record: Any, schemas: Schemas) -> tuple[Identity, bytes] | None:
    """The event that it claims to be, and its leaf. None if no such event could be journaled."""
    texts = _texts(record.headers)
    try:
        digest = schemas.schema_of(record.value).digest
        identity = (UUID(texts["ce_subject"]), texts["ce_source"], texts["ce_id"])
    except (KeyError, ValueError, CasebusError):
        return None
    return identity, event_leaf(digest, record.headers, record.value)


def _return(partition: int, record: Any, directory: Directory) -> OutboxRow | None:
    """The record for its sender's own `rejected` topic, if the sender has one."""
    source = _short(_texts(record.headers).get("ce_source")) or ""
    agency = directory.agency(agency_of(source))
    if agency is None or agency.delivery != "kafka":
        return None
    place = f"rejected/{partition}/{record.offset}"
    return OutboxRow(
        kind="rejected",
        stream=uuid5(NAMESPACE_URL, place),
        type="rejected",
        source=source,
        event_id=place,
        topic=rejected_of(agency.id),
        value=record.value,
        headers=tuple(record.headers),
    )


def _texts(headers: tuple[Header, ...]) -> dict[str, str]:
    """Headers as text; bytes that are no UTF-8 get marks, and the bytes are kept beside."""
    return {name: text.decode(errors="replace").replace("\x00", "") for name, text in headers}


def _short(text: str | None) -> str | None:
    """The beginning of a text that is longer than any attribute: no index takes all of it."""
    return text and text.encode()[:LONGEST_ATTRIBUTE].decode(errors="ignore")
