"""The bus's own signer: turns a derived event into a finished, signed outbox row."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from casebus.events.doors import BUS, BUS_DOOR, SCHEDULER
from casebus.events.envelope import Envelope, agency_of
from casebus.events.legaltime import LegalTime
from casebus.events.schemas import Schemas
from casebus.now import Now
from casebus.signing.signers import Held
from casebus.trust.keys import Holder, SigningKey
from casebus.trust.signing import Draft, sign
from storage.outbox import OutboxRow


@dataclass(frozen=True, slots=True, kw_only=True)
class BusStatement:
    """An event of the bus before it is signed; `id` is deterministic.

    Design rule 12, derived events, one relay.
    """

    stream: UUID
    id: str
    type: str
    data: Mapping[str, Any] = field(hash=False)
    source: str = SCHEDULER
    to: tuple[str, ...] = ()
    causation: tuple[str, ...] = ()
    legal: LegalTime | None = None


class StatementSigner:
    """Signs statements with the key that the bus has now."""

    def __init__(self, key: Holder, schemas: Schemas, now: Now) -> None:
        self._key, self.schemas, self._now = key, schemas, now

    def rows(self, statements: Iterable[BusStatement]) -> list[OutboxRow]:
        """Rows for the outbox, signed as one tree."""
        drafts = [self._draft(one) for one in statements]
        if not drafts:
            return []
        records = sign(drafts, self._key.current(), self.schemas)
        return [OutboxRow.of(record, BUS_DOOR) for record in records]

    def _draft(self, one: BusStatement) -> Draft:
        envelope = Envelope(
            id=one.id,
            type=one.type,
            source=one.source,
            subject=str(one.stream),
            time=self._now(),
            dataschema=self.schemas.latest(one.type).uri,
            to=one.to,
            causationid=one.causation,
            legaltime=one.legal,
        )
        return Draft(envelope, self.schemas.encode(one.type, dict(one.data)))


def own_word(held: Held, source: str, _: str) -> tuple[SigningKey, None] | None:
    """The signer of statements in the name of the bus, to sign them again.

    None for others' statements.
    """
    key = held.trusted() if agency_of(source) == BUS else None
    return (key, None) if key else None
