"""Publishing: finish and keep a record first, send it then, and send it again after a crash."""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from typing import Any, Protocol, Self

from kafka import KafkaProducer
from kafka.errors import TopicAuthorizationFailedError

from casebus.errors import CasebusError
from casebus.events.envelope import agency_of
from casebus.events.partition import partition_for
from casebus.events.schemas import Schemas
from casebus.now import Now, now_from
from casebus.sdk.connection import clear_errors, open_producer
from casebus.sdk.event import NewEvent, Published
from casebus.sdk.finishing import Checked, check, envelope, sign_together
from casebus.sdk.keyring import Keyring
from casebus.sdk.sectors import SectorOf, topic_of
from casebus.sdk.store import Outgoing, Store
from casebus.settings import Settings
from casebus.trust.signing import Draft

log = logging.getLogger(__name__)

#: Records sent before their answers are waited for.
_WINDOW = 500


class Sink(Protocol):
    """Where finished records go: Kafka, or nowhere in a test."""

    def send(self, records: Sequence[Outgoing]) -> list[tuple[int, int] | CasebusError]:
        """(partition, offset) of each record, or what went wrong with it."""

    def close(self) -> None: ...


class KafkaSink:
    """Sends to the partition that murmur2 of the key says, and waits for every answer."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._producer: KafkaProducer | None = None

    def send(self, records: Sequence[Outgoing]) -> list[tuple[int, int] | CasebusError]:
        if self._producer is None:
            self._producer = open_producer(self._settings)
        producer = self._producer
        # Asking again about a topic that is denied costs a tenth of a second a record.
        denied: dict[str, CasebusError] = {}
        # What follows a record that was not even started waits with it, or it would overtake it.
        stopped: dict[tuple[str, str], CasebusError] = {}
        pending = []
        for one in records:
            before = denied.get(one.topic) or stopped.get((one.source, one.stream))
            answer = before or self._start(producer, one, denied)
            if isinstance(answer, CasebusError):
                stopped[one.source, one.stream] = answer
            pending.append(answer)
        producer.flush()
        return [self._answer(one, answer) for one, answer in zip(records, pending, strict=True)]

    def close(self) -> None:
        if self._producer is not None:
            self._producer.close()

    def _start(
        self, producer: KafkaProducer, one: Outgoing, denied: dict[str, CasebusError]
    ) -> Any:
        try:
            with clear_errors(self._settings, one.topic):
                partitions = producer.partitions_for(one.topic)
                if not partitions:
                    raise TopicAuthorizationFailedError(one.topic)
                return producer.send(
                    one.topic,
                    key=one.record.key,
                    value=one.record.value,
                    headers=list(one.record.headers),
                    partition=partition_for(one.record.key or b"", len(partitions)),
                )
        except CasebusError as error:
            if error.code == "topic_denied":
                denied[one.topic] = error
            return error

    def _answer(self, one: Outgoing, answer: Any) -> tuple[int, int] | CasebusError:
        if isinstance(answer, CasebusError):
            return answer
        try:
            with clear_errors(self._settings, one.topic):
                taken = answer.get(timeout=60)
        except CasebusError as error:
            return error
        return taken.partition, taken.offset


class Publisher:
    """Publishes events of one agency, or of several whose keys this machine holds.

    `publish` returns when Kafka has taken the events (acks=all), or raises; what it has kept
    but could not send goes out, byte for byte, before anything later does.
    """

    def __init__(
        self,
        settings: Settings,
        *,
        schemas: Schemas,
        store: Store,
        sector_of: SectorOf,
        sink: Sink | None = None,
        now: Now | None = None,
    ) -> None:
        self._agency = settings.agency
        self._schemas = schemas
        self._store = store
        self._keys = Keyring(settings.keys_dir)
        self._sector_of = sector_of
        self._sink = sink or KafkaSink(settings)
        self._now = now or now_from(settings)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        self._sink.close()

    def publish(
        self, events: Sequence[NewEvent | Checked], *, also: Callable[[], None] | None = None
    ) -> list[Published]:
        """Finish, keep and send events in this order; those checked already are not again.

        An event whose id was published before is not finished again; one that says something
        else under that id raises CasebusError `identity_reused`. `also` runs in the store's
        transaction, so that what it writes there stands or falls with the records.
        """
        checked = [
            one if isinstance(one, Checked) else check(one, self._schemas, self._agency)
            for one in events
        ]
        with self._store.writing():
            self._keep(checked)
            if also:
                also()
        failures = self._flush()
        published = [self._published(one) for one in checked]
        if failures and not all(one.sent for one in published):
            raise failures[0]
        for error in failures:
            log.warning("an earlier record still waits", extra={"code": error.code})
        return published

    def publish_one(self, event: NewEvent) -> Published:
        return self.publish([event])[0]

    def waiting(self) -> int:
        """How many finished records Kafka has not taken yet."""
        return self._store.waiting_count()

    def send_waiting(self) -> int:
        """Send what is kept and not sent, oldest first; raises the first error met."""
        before = self._store.waiting_count()
        for error in self._flush():
            raise error
        return before

    def _flush(self) -> list[CasebusError]:
        """Send all that waits, and say what went wrong.

        After an error, later records of the same (source, stream) are left for the next time,
        so that they keep their order; the others go on.
        """
        after = 0
        failed: dict[tuple[str, str], CasebusError] = {}
        while window := self._store.waiting(_WINDOW, after):
            after = window[-1].place
            ready = [one for one in window if (one.source, one.stream) not in failed]
            taken = []
            for one, answer in zip(ready, self._sink.send(ready), strict=True):
                if isinstance(answer, CasebusError):
                    failed.setdefault((one.source, one.stream), answer)
                else:
                    taken.append((one.place, *answer))
            self._store.mark_sent(taken)
        return list(failed.values())

    def _keep(self, checked: Sequence[Checked]) -> None:
        fresh = self._fresh(checked)
        now = self._now()
        drafts = []
        for one in fresh:
            counted = one.event.counted
            sequence = self._store.next_sequence(one.source, one.stream) if counted else None
            drafts.append(Draft(envelope(one, sequence, now), one.value))
        records = sign_together(drafts, self._keys, self._schemas)
        self._store.keep(
            Outgoing(
                source=one.source,
                stream=one.stream,
                id=one.id,
                sequence=draft.envelope.sequence or 0,
                request=one.request,
                topic=topic_of(self._sector_of(agency_of(one.source))),
                record=record,
            )
            for one, draft, record in zip(fresh, drafts, records, strict=True)
        )

    def _fresh(self, checked: Sequence[Checked]) -> list[Checked]:
        """What is not kept yet; raises CasebusError `identity_reused`."""
        fresh: dict[tuple[str, str, str], Checked] = {}
        for one in checked:
            identity = (one.source, one.stream, one.id)
            kept = fresh.get(identity) or self._store.find(*identity)
            if kept is None:
                fresh[identity] = one
            elif kept.request != one.request:
                detail = f"event {one.id} was published with other content"
                raise CasebusError("identity_reused", detail)
        return list(fresh.values())

    def _published(self, one: Checked) -> Published:
        where = self._store.where(one.source, one.stream, one.id)
        assert where is not None  # noqa: S101 - publish has just kept it
        return Published(one.source, one.id, one.stream, *where)
