"""An agency's own inbox on Kafka: each event once, acknowledged when the handler has finished."""

from __future__ import annotations

import logging
import time
import uuid
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, Self

from kafka import OffsetAndMetadata, TopicPartition

from casebus.errors import CasebusError
from casebus.events.envelope import Envelope, Record
from casebus.events.schemas import Schemas
from casebus.sdk.connection import clear_errors, open_consumer
from casebus.sdk.event import NewEvent
from casebus.sdk.publisher import Publisher
from casebus.sdk.store import Store
from casebus.settings import Settings

log = logging.getLogger(__name__)

_POLL_MS = 500
OPENED = "casebus.intake.opened.v1"


@dataclass(frozen=True, slots=True)
class Delivery:
    """One event as it reached the agency; call `ack` when it has been dealt with."""

    envelope: Envelope
    data: dict[str, Any]
    #: The bus's stamps (`cb-verdict`, `cb-flags`, `cb-position` …).
    stamps: dict[str, str]
    record: Record
    topic: str
    partition: int
    offset: int
    ack: Callable[[], None]


class Inbox:
    """Reads `agency.<id>.inbox`. What was acknowledged once is not handed out again.

    An acknowledgement is kept together with the signed `intake.opened` event (the agency's
    retrieval) before that is sent, and the offset is committed last: a crash in between
    delivers the record again and the identity, known by then, is skipped. Acknowledgements may
    come in any order: what was handed out and not acknowledged comes again after a restart.
    """

    def __init__(
        self,
        settings: Settings,
        *,
        schemas: Schemas,
        store: Store,
        publisher: Publisher,
        actor: str = "",
        group: str | None = None,
    ) -> None:
        self._settings = settings
        self._agency = settings.agency
        self._schemas = schemas
        self._store = store
        self._publisher = publisher
        self._actor = actor
        self._topic = f"agency.{self._agency}.inbox"
        self._consumer = open_consumer(settings, self._topic, group or self._agency)
        self._consumer.subscribe([self._topic])
        #: Handed out and not acknowledged; the commit never passes the first of them.
        self._open: dict[TopicPartition, set[int]] = {}
        #: The offset after the last record seen.
        self._next: dict[TopicPartition, int] = {}

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        self._consumer.close(autocommit=False)

    def deliveries(self, *, idle_seconds: float | None = None) -> Iterator[Delivery]:
        """Events not yet acknowledged, in the order of the inbox, for ever or until idle.

        Raises CasebusError `inbox_unreadable` for a record that this version's schemas cannot
        read: it is not skipped, since skipping would lose a fact.
        """
        quiet_since = time.monotonic()
        while True:
            records = self._poll()
            if records:
                quiet_since = time.monotonic()
            for record in records:
                delivery = self._delivery(record)
                if delivery is not None:
                    yield delivery
            if idle_seconds is not None and time.monotonic() - quiet_since >= idle_seconds:
                return

    def handle(
        self, handler: Callable[[Delivery], None], *, idle_seconds: float | None = None
    ) -> int:
        """Call `handler` for each event and acknowledge it after; what it raises ends the loop."""
        count = 0
        for delivery in self.deliveries(idle_seconds=idle_seconds):
            handler(delivery)
            delivery.ack()
            count += 1
        return count

    def _poll(self) -> list[Any]:
        with clear_errors(self._settings, self._topic):
            found = self._consumer.poll(timeout_ms=_POLL_MS)
        return [record for records in found.values() for record in records]

    def _delivery(self, raw: Any) -> Delivery | None:
        headers = tuple((name, value or b"") for name, value in raw.headers)
        record = Record(raw.key, raw.value, headers)
        try:
            envelope = Envelope.from_headers(headers)
            _, data = self._schemas.decode(raw.value)
        except CasebusError as error:
            place = f"{raw.topic}/{raw.partition}/{raw.offset}"
            raise CasebusError("inbox_unreadable", f"{place}: {error}") from error
        if self._is_handled(envelope):
            self._commit(raw)
            return None
        self._open.setdefault(_place(raw), set()).add(raw.offset)
        stamps = {name: value.decode() for name, value in headers if name.startswith("cb-")}

        def ack() -> None:
            self._acknowledge(envelope, stamps.get("cb-position", ""))
            self._commit(raw)

        return Delivery(envelope, data, stamps, record, raw.topic, raw.partition, raw.offset, ack)

    def _is_handled(self, one: Envelope) -> bool:
        return self._store.is_handled(self._agency, one.source, one.subject, one.id)

    def _acknowledge(self, one: Envelope, position: str) -> None:
        if self._is_handled(one):
            return
        opened = NewEvent(
            type=OPENED,
            stream=one.subject,
            # The same for every attempt, so that a second one is the same retrieval.
            id=str(uuid.uuid5(uuid.UUID(one.subject), f"{self._agency} {one.source} {one.id}")),
            causation=(one.id,),
            data={
                "agency": self._agency,
                "event_source": one.source,
                "event_id": one.id,
                "event_type": one.type,
                "position": position,
                "actor": self._actor,
            },
        )
        self._publisher.publish(
            [opened],
            also=lambda: self._store.mark_handled(self._agency, one.source, one.subject, one.id),
        )

    def _commit(self, raw: Any) -> None:
        """Commit up to the first record that is still to be acknowledged."""
        place = _place(raw)
        still_open = self._open.setdefault(place, set())
        still_open.discard(raw.offset)
        self._next[place] = max(self._next.get(place, 0), raw.offset + 1)
        offset = min(still_open, default=self._next[place])
        with clear_errors(self._settings, self._topic):
            self._consumer.commit({place: OffsetAndMetadata(offset, "", -1)})


def _place(raw: Any) -> TopicPartition:
    return TopicPartition(raw.topic, raw.partition)
