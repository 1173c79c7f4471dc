"""A journal record read once: its envelope, stamps and leaves."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cached_property
from typing import Any
from uuid import UUID

from casebus.cases.dating import counted
from casebus.events.doors import BUS
from casebus.events.envelope import Envelope, Header
from casebus.events.framing import parted
from casebus.events.legaltime import LegalTime
from casebus.events.schemas import Schemas
from casebus.events.stamps import Stamps
from casebus.trust.leaf import event_leaf, log_leaf
from storage.journal import CopyRow, EventRow, Identity, JournalRow


@dataclass(frozen=True)
class Journaled:
    """One record of case.journal, and its place in the log."""

    row: JournalRow
    envelope: Envelope

    @cached_property
    def stamps(self) -> Stamps:
        """Read on demand: for an altered record, its leaf is looked at first."""
        return Stamps.of(self.row.headers)

    @property
    def identity(self) -> Identity:
        return self.row.identity

    @property
    def domain(self) -> str:
        return self.envelope.type.split(".", 2)[1]

    @property
    def _counts_at(self) -> LegalTime:
        """The legal time that counts; the envelope keeps the author's stated time."""
        legal = self.envelope.legal
        if self.envelope.importid is not None or self.stamps.sector == BUS:
            return legal
        return counted(legal, self.stamps.admitted_at)

    def event_row(self) -> EventRow:
        row = self.row
        return EventRow(
            stream=row.stream,
            source=row.source,
            id=row.event_id,
            type=self.envelope.type,
            author=self.envelope.agency,
            sector=self.stamps.sector,
            recipients=self.stamps.recipients,
            legal_at=self._counts_at.moment(),
            recorded_at=self.stamps.admitted_at,
            sequence=self.envelope.sequence,
            event_leaf=row.event_leaf,
            epoch=row.epoch,
            partition=row.partition,
            log_index=row.log_index,
        )

    def copy_row(self, *, same: bool) -> CopyRow:
        row = self.row
        return CopyRow(
            row.epoch,
            row.partition,
            row.log_index,
            row.stream,
            row.source,
            row.event_id,
            self.stamps.recipients,
            same,
        )


def read(record: Any, schemas: Schemas, *, epoch: int, partition: int, log_index: int) -> Journaled:
    """Read a consumer record of the journal. It was admitted, so it is readable."""
    headers: tuple[Header, ...] = tuple(record.headers)
    envelope = Envelope.from_headers(headers)
    named = parted(headers)
    leaf = event_leaf(schemas.schema_of(record.value).digest, named, record.value)
    row = JournalRow(
        epoch=epoch,
        partition=partition,
        log_index=log_index,
        stream=UUID(envelope.subject),
        source=envelope.source,
        event_id=envelope.id,
        event_leaf=leaf,
        log_leaf=log_leaf(leaf, named),
        value=record.value,
        headers=headers,
        appended_at=datetime.fromtimestamp(record.timestamp / 1000, UTC),
    )
    return Journaled(row, envelope)
