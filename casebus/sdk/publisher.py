"""Publishing: finish and keep a record first, then send it, and send it again after a crash."""

from __future__ import annotations

import logging
import os
import threading
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import replace
from datetime import datetime
from typing import Any, Protocol, Self
from weakref import WeakSet

from kafka import KafkaProducer
from kafka.errors import KafkaError, TopicAuthorizationFailedError

from casebus.errors import AwayError, CasebusError
from casebus.events.envelope import agency_of
from casebus.events.partition import partition_for
from casebus.events.schemas import Schemas
from casebus.kafka.connection import clear_errors, open_producer
from casebus.now import Now, now_from
from casebus.patience import Patience
from casebus.present import present
from casebus.sdk.doors import DoorOf
from casebus.sdk.event import NewEvent, Published
from casebus.sdk.finishing import Checked, check, envelope, sign_together
from casebus.sdk.owning import OwnerProcess
from casebus.sdk.store import Store, StoredRecord
from casebus.settings import Settings
from casebus.signing.keyring import Keyring
from casebus.trust.signing import Draft

log = logging.getLogger(__name__)

#: Records sent before their answers are waited for.
_WINDOW = 500
Taken = tuple[int, int]
"""Partition and offset."""


class Sink(Protocol):
    """The goal of finished records: Kafka, or memory in a test."""

    def send(self, records: Sequence[StoredRecord]) -> Sequence[Taken | CasebusError | None]:
        """The place of each record, or the error that kept it.

        None: it stays kept, and another process takes it from the store.
        """

    def close(self) -> None: ...


#: All open ones of this process.
_PRODUCERS: WeakSet[KafkaProducer] = WeakSet()


def _leave_to_the_parent() -> None:
    """In a forked process: at its end the library would wait for a thread that does not exist."""
    for producer in _PRODUCERS:
        producer._closed = True  # noqa: SLF001 - pinned; a test forks


os.register_at_fork(after_in_child=_leave_to_the_parent)


class KafkaSink:
    """Sends to the partition given by murmur2 of the key, and waits for every answer.

    It waits for brokers that are away, up to `settings.patience_seconds`.
    """

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._patience = Patience(settings.patience_seconds)
        self._producer: KafkaProducer | None = None
        self._owner = OwnerProcess("the publisher")

    def send(self, records: Sequence[StoredRecord]) -> list[Taken | CasebusError]:
        answers: dict[int, Taken | CasebusError] = {}
        left = list(range(len(records)))

        def send_what_is_left() -> None:
            found = self._send_once([records[at] for at in left])
            answers.update(zip(left, found, strict=True))
            left[:] = [at for at in left if isinstance(answers[at], AwayError)]
            for at in left:
                raise answers[at]  # type: ignore[misc]

        with suppress(AwayError):
            self._patience.ask(send_what_is_left)
        return [answers[at] for at in range(len(records))]

    def _send_once(self, records: Sequence[StoredRecord]) -> list[Taken | CasebusError]:
        try:
            answers = self._answers(records)
        except AwayError as error:
            answers = [error for _ in records]
        if any(isinstance(one, AwayError) for one in answers):
            # The producer would not number given-up records again; a fresh one begins clean.
            self._give_up()
        return answers

    def _answers(self, records: Sequence[StoredRecord]) -> list[Taken | CasebusError]:
        if self._producer is None:
            self._producer = open_producer(self._settings)
            _PRODUCERS.add(self._producer)
        producer = self._producer
        # Asking again about a denied topic costs a tenth of a second for each record.
        denied: dict[str, CasebusError] = {}
        # A record behind one that was not even started waits with it, or it would overtake it.
        stopped: dict[tuple[str, str], CasebusError] = {}
        # Asking absent brokers again costs ten seconds.
        away: AwayError | None = None
        pending = []
        for one in records:
            before = away or denied.get(one.topic) or stopped.get((one.source, one.stream))
            answer = before or self._start(producer, one, denied)
            if isinstance(answer, AwayError):
                away = answer
            elif isinstance(answer, CasebusError):
                stopped[one.source, one.stream] = answer
            pending.append(answer)
        producer.flush()
        return [self._answer(one, answer) for one, answer in zip(records, pending, strict=True)]

    def _give_up(self) -> None:
        producer, self._producer = self._producer, None
        if producer is not None:
            with suppress(KafkaError):
                producer.close(timeout=0)

    def close(self) -> None:
        if self._producer is not None and self._owner.is_here():
            self._producer.close()

    def _start(
        self, producer: KafkaProducer, one: StoredRecord, denied: dict[str, CasebusError]
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

    def _answer(self, one: StoredRecord, answer: Any) -> Taken | CasebusError:
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

    Threads may share one: each publishes in its turn. A forked process opens its own.

    `publish` returns when Kafka has taken the events (acks=all), or raises. Events that were kept
    but could not be sent go out, byte for byte, before anything later does.
    """

    def __init__(
        self,
        settings: Settings,
        *,
        schemas: Schemas,
        store: Store,
        door_of: DoorOf,
        sink: Sink | None = None,
        now: Now | None = None,
    ) -> None:
        self._owner = OwnerProcess("the publisher")
        self._turn = threading.RLock()
        self._agency = settings.agency
        self._schemas = schemas
        self._store = store
        self._keys = Keyring(settings.keys_dir)
        self._door_of = door_of
        self._sink = sink or KafkaSink(settings)
        self._patience = Patience(settings.patience_seconds)
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
        """Finish, keep and send events in this order; those already checked are not checked again.

        An event whose id was published before is not finished again. Another content under that id
        raises CasebusError `identity_reused`. `also` runs in the store's transaction, so its writes
        are kept together with the records or not at all.

        If Kafka stays away, the events are kept as well, and AwayError is raised.
        """
        checked = [
            one if isinstance(one, Checked) else check(one, self._schemas, self._agency)
            for one in events
        ]
        self._owner.require()
        with self._turn:
            return self._publish(checked, also)

    def _publish(
        self, checked: Sequence[Checked], also: Callable[[], None] | None
    ) -> list[Published]:
        self._require_keys(checked)
        topics, away = self._topics(checked)
        with self._store.writing():
            self._keep(checked, topics)
            if also:
                also()
        if away is not None:
            raise away
        failures = self._flush()
        published = [self._kept(one.source, one.stream, one.id) for one in checked]
        if failures and not all(one.sent for one in published):
            raise next((one for one in failures if isinstance(one, AwayError)), failures[0])
        for error in failures:
            log.warning("an earlier record still waits", extra={"code": error.code})
        return published

    def publish_one(self, event: NewEvent) -> Published:
        return self.publish([event])[0]

    def waiting(self) -> int:
        """The number of finished records that Kafka has not taken yet."""
        return self._store.waiting_count()

    def send_again(self, since: datetime) -> list[Published]:
        """Send again, byte for byte, everything that was sent since, and everything that waits.

        For a bus that was restored: it knows the records that it still holds as copies.
        """
        self._owner.require()
        with self._turn:
            self._store.forget_sent(since)
            return self.send_waiting()

    def send_waiting(self) -> list[Published]:
        """Send kept records that were not sent, oldest first; raises the first error."""
        self._owner.require()
        with self._turn:
            waiting = self._store.waiting_identities()
            for error in self._flush():
                raise error
            return [self._kept(*one) for one in waiting]

    def _flush(self) -> list[CasebusError]:
        """Send all waiting records, and return the errors.

        After an error, later records of the same (source, stream) are left for the next time, so
        that they keep their order. The others go on, unless Kafka itself is away.
        """
        after = 0
        failed: dict[tuple[str, str], CasebusError] = {}
        while window := self._store.waiting(_WINDOW, after):
            after = window[-1].place
            ready = self._ready(window, failed)
            answers = self._sink.send(ready) if ready else ()
            taken = []
            for one, answer in zip(ready, answers, strict=True):
                if isinstance(answer, CasebusError):
                    failed.setdefault((one.source, one.stream), answer)
                    if answer.code == "topic_denied":
                        # Agencies' doors move (ADR 42), so the next time asks for this one's door
                        # again.
                        self._store.address(one.place, "")
                elif answer is not None:
                    taken.append((one.place, *answer))
            self._store.mark_sent(taken)
            if any(isinstance(error, AwayError) for error in failed.values()):
                break
        return list(failed.values())

    def _ready(
        self, window: Sequence[StoredRecord], failed: dict[tuple[str, str], CasebusError]
    ) -> list[StoredRecord]:
        """The records that may be sent now, each with its topic.

        The others go to the failed ones.
        """
        ready = []
        for one in window:
            if (one.source, one.stream) in failed:
                continue
            addressed = self._addressed(one)
            if isinstance(addressed, StoredRecord):
                ready.append(addressed)
                continue
            failed[one.source, one.stream] = addressed
            if isinstance(addressed, AwayError):
                return []
        return ready

    def _require_keys(self, checked: Sequence[Checked]) -> None:
        """Raises `no_key` at once, whether Kafka answers or not; kept records need no key."""
        missing = {
            agency
            for agency in {agency_of(one.source) for one in checked}
            if not self._keys.has(agency)
        }
        for one in self._fresh([one for one in checked if agency_of(one.source) in missing]):
            self._keys.key(agency_of(one.source))

    def _topics(self, checked: Sequence[Checked]) -> tuple[dict[str, str], AwayError | None]:
        """The topic of each agency, and the error that kept Kafka from answering.

        It is called before the store's transaction: while it waits, other processes publish.
        """
        topics: dict[str, str] = {}
        for agency in dict.fromkeys(agency_of(one.source) for one in checked):
            try:
                topics[agency] = self._topic(agency)
            except AwayError as error:
                return topics, error
        return topics, None

    def _topic(self, agency: str) -> str:
        return self._patience.ask(lambda: self._door_of(agency))

    def _addressed(self, one: StoredRecord) -> StoredRecord | CasebusError:
        """The record with its topic, if Kafka was away when it was kept."""
        if one.topic:
            return one
        try:
            topic = self._topic(agency_of(one.source))
        except CasebusError as error:
            return error
        self._store.address(one.place, topic)
        return replace(one, topic=topic)

    def _keep(self, checked: Sequence[Checked], topics: Mapping[str, str]) -> None:
        fresh = self._fresh(checked)
        now = self._now()
        drafts = []
        for one in fresh:
            counted = one.event.counted
            sequence = self._store.next_sequence(one.source, one.stream) if counted else None
            drafts.append(Draft(envelope(one, sequence, now), one.value))
        records = sign_together(drafts, self._keys, self._schemas)
        self._store.keep(
            StoredRecord(
                source=one.source,
                stream=one.stream,
                id=one.id,
                sequence=draft.envelope.sequence or 0,
                request=one.request,
                topic=topics.get(agency_of(one.source), ""),
                record=record,
            )
            for one, draft, record in zip(fresh, drafts, records, strict=True)
        )

    def _fresh(self, checked: Sequence[Checked]) -> list[Checked]:
        """The events that are not kept yet; raises CasebusError `identity_reused`."""
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

    def _kept(self, source: str, stream: str, event: str) -> Published:
        # A record that was kept stays.
        where = present(self._store.where(source, stream, event))
        return Published(source, event, stream, *where)
