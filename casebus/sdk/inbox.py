"""An agency's own inbox on Kafka: each event once, acknowledged when the handler has finished."""

from __future__ import annotations

import logging
import time
import uuid
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any, NamedTuple, Protocol, Self

from kafka import OffsetAndMetadata, TopicPartition
from kafka.errors import (
    CommitFailedError,
    IllegalGenerationError,
    RebalanceInProgressError,
    UnknownMemberIdError,
)

from casebus.cases import Identity
from casebus.cases.facets.recalls.words import is_recall, recalled_by
from casebus.errors import CasebusError
from casebus.events.doors import BUS
from casebus.events.envelope import Envelope, Record, agency_of
from casebus.events.schemas import Schemas
from casebus.events.stamps import POSITION, texts_of
from casebus.events.topics import inbox_of
from casebus.events.types import INTAKE_ERASED, INTAKE_OPENED
from casebus.kafka.connection import clear_errors, open_consumer
from casebus.patience import Patience
from casebus.sdk.event import NewEvent
from casebus.sdk.owning import OwnerProcess
from casebus.sdk.publisher import Publisher
from casebus.sdk.store import Store
from casebus.settings import Settings

log = logging.getLogger(__name__)

_POLL_MS = 500
#: Seconds after which an endless wait asks again if the brokers are there.
_LOOK_SECONDS = 30.0
_ASK_MS = 10_000
#: Seconds in which a group has shared out its partitions.
_GROUP_SECONDS = 15.0
#: The group has gone on without us, after the brokers were away.
_NO_LONGER_OURS = (
    CommitFailedError,
    IllegalGenerationError,
    RebalanceInProgressError,
    UnknownMemberIdError,
)


class Feed(Protocol):
    """Gives out the inbox's records, as kafka-python's consumer does."""

    def subscribe(self, topics: list[str]) -> None: ...

    def poll(self, timeout_ms: int) -> Mapping[Any, list[Any]]: ...

    def assignment(self) -> set[TopicPartition]: ...

    def topics(self) -> set[str]: ...

    def end_offsets(
        self, places: list[TopicPartition], *, timeout_ms: int
    ) -> dict[TopicPartition, int]: ...

    def position(self, place: TopicPartition, /, *, timeout_ms: int) -> int | None: ...

    def commit(
        self, offsets: dict[TopicPartition, OffsetAndMetadata], *, timeout_ms: int
    ) -> None: ...

    def close(self, *, autocommit: bool) -> None: ...


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
    #: (source, id) of the event that this one takes back, if it is a recall.
    recalled: Identity | None
    #: Call it instead of `ack` when nothing of that event is kept any more. It acknowledges the
    #: recall and confirms it to its author. The argument says whether there was a copy.
    erased: Callable[[bool], None]


class Inbox:
    """Reads `agency.<id>.inbox`. It does not give out an acknowledged event again.

    An acknowledgement is kept together with the signed `intake.opened` event (the agency's
    retrieval) before that event is sent. The offset is committed last. After a crash in between,
    the record comes again; its identity is known by then, so it is skipped. Acknowledgements may
    come in any order. Events that were given out but not acknowledged come again after a restart.
    Reading and acknowledging happen in the thread that opened the inbox.
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
        feed: Feed | None = None,
    ) -> None:
        self._settings = settings
        self._agency = settings.agency
        self._schemas = schemas
        self._store = store
        self._publisher = publisher
        self._actor = actor
        self._topic = inbox_of(self._agency)
        #: How long brokers that are away are waited for: as long as events are, see `deliveries`.
        self._patience = Patience(settings.patience_seconds)
        self._owner = OwnerProcess("the inbox", one_thread=True)
        self._opened: Feed = feed or open_consumer(settings, self._topic, group or self._agency)
        self._consumer.subscribe([self._topic])
        #: Given out and not acknowledged; the commit never passes the first of them.
        self._open: dict[TopicPartition, set[int]] = {}
        #: The offset after the last record seen.
        self._next: dict[TopicPartition, int] = {}

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        if self._owner.is_here():
            self._opened.close(autocommit=False)

    @property
    def _consumer(self) -> Feed:
        self._owner.require()
        return self._opened

    def deliveries(self, *, idle_seconds: float | None = None) -> Iterator[Delivery]:
        """Events that are not acknowledged yet, in the order of the inbox, for ever or until idle.

        The reader is idle if it was given everything that the brokers hold, and nothing new came
        for `idle_seconds`. It waits for brokers that are away, and without `idle_seconds` it waits
        for ever. Otherwise it raises AwayError in the end, and so does an acknowledgement. Raises
        CasebusError `inbox_unreadable` for a record that this version's schemas cannot read. It
        does not skip the record, because that would lose a fact.
        """
        quiet_since = time.monotonic()
        seconds = float("inf") if idle_seconds is None else self._settings.patience_seconds
        self._patience = Patience(seconds)
        look_after = _LOOK_SECONDS if idle_seconds is None else idle_seconds
        while True:
            records = self._patience.ask(self._poll)
            if records:
                quiet_since = time.monotonic()
            for record in records:
                delivery = self._delivery(record)
                if delivery is not None:
                    yield delivery
            quiet = time.monotonic() - quiet_since
            if quiet >= look_after:
                at_end = self._patience.ask(partial(self._is_at_end, quiet))
                if at_end and idle_seconds is not None:
                    return
                if idle_seconds is None:
                    quiet_since = time.monotonic()

    def handle(
        self,
        handler: Callable[[Delivery], None],
        *,
        erase: Callable[[Delivery], bool] | None = None,
        idle_seconds: float | None = None,
    ) -> int:
        """Call `handler` for each event and acknowledge it afterwards; an exception ends the loop.

        For a recall, `erase` is called instead, if it is given. It deletes all that is kept of
        `delivery.recalled` and returns whether there was a copy. That is then confirmed.
        """
        count = 0
        for delivery in self.deliveries(idle_seconds=idle_seconds):
            if erase is not None and delivery.recalled is not None:
                delivery.erased(erase(delivery))
            else:
                handler(delivery)
                delivery.ack()
            count += 1
        return count

    def _poll(self) -> list[Any]:
        with clear_errors(self._settings, self._topic):
            found = self._consumer.poll(timeout_ms=_POLL_MS)
        return [record for records in found.values() for record in records]

    def _is_at_end(self, quiet_seconds: float) -> bool:
        """True if everything that the brokers hold for this reader was read.

        It is not enough that no record came: the group may not have met yet, or nobody may answer.
        """
        with clear_errors(self._settings, self._topic):
            places = self._consumer.assignment()
            if not places:
                self._consumer.topics()
                # Other readers of the group have every partition.
                return quiet_seconds >= _GROUP_SECONDS
            ends = self._consumer.end_offsets(list(places), timeout_ms=_ASK_MS)
            return all(self._position(place) >= end for place, end in ends.items())

    def _position(self, place: TopicPartition) -> int:
        """The position; -1 if it is not known in time."""
        found = self._consumer.position(place, timeout_ms=_ASK_MS)
        return -1 if found is None else int(found)

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
        stamps = texts_of(headers)

        position, recalled = stamps.get(POSITION, ""), _recalled(envelope, data)

        def ack() -> None:
            self._owner.require()
            self._acknowledge(envelope, position)
            self._commit(raw)

        def erased(held: bool) -> None:
            self._owner.require()
            if recalled is None:
                raise CasebusError("not_a_recall", f"{envelope.id} takes nothing back")
            self._acknowledge(envelope, position, _Erased(recalled, held))
            self._commit(raw)

        return Delivery(
            envelope,
            data,
            stamps,
            record,
            raw.topic,
            raw.partition,
            raw.offset,
            ack,
            recalled,
            erased,
        )

    def _is_handled(self, one: Envelope) -> bool:
        return self._store.is_handled(self._agency, one.source, one.subject, one.id)

    def _acknowledge(self, one: Envelope, position: str, erased: _Erased | None = None) -> None:
        if self._is_handled(one):
            return
        said = [self._said(INTAKE_OPENED, one, (one.source, one.id), position, event_type=one.type)]
        done = [(one.source, one.id)]
        if erased is not None:
            said.append(self._said(INTAKE_ERASED, one, erased.event, position, held=erased.held))
            # A copy of it that comes later, or for the first time, is not handed out.
            done.append(erased.event)
        also = partial(self._mark, one.subject, done)
        # A second call gives the same word, which is kept and only has to be sent.
        self._patience.ask(partial(self._publisher.publish, said, also=also))

    def _mark(self, stream: str, events: Iterable[Identity]) -> None:
        for source, event_id in events:
            self._store.mark_handled(self._agency, source, stream, event_id)

    def _said(
        self, ce_type: str, one: Envelope, about: Identity, position: str, **more: Any
    ) -> NewEvent:
        source, event_id = about
        words = [self._agency, *(["erased"] if ce_type == INTAKE_ERASED else []), source, event_id]
        return NewEvent(
            type=ce_type,
            stream=one.subject,
            # The same for every attempt, so that a second one makes the same event.
            id=str(uuid.uuid5(uuid.UUID(one.subject), " ".join(words))),
            causation=(one.id,),
            data={
                "agency": self._agency,
                "event_source": source,
                "event_id": event_id,
                "position": position,
                "actor": self._actor,
                **more,
            },
        )

    def _commit(self, raw: Any) -> None:
        """Commit up to the first record that is still to be acknowledged."""
        place = _place(raw)
        still_open = self._open.setdefault(place, set())
        still_open.discard(raw.offset)
        self._next[place] = max(self._next.get(place, 0), raw.offset + 1)
        offset = min(still_open, default=self._next[place])
        self._patience.ask(lambda: self._commit_to(place, offset))

    def _commit_to(self, place: TopicPartition, offset: int) -> None:
        with clear_errors(self._settings, self._topic):
            try:
                given = {place: OffsetAndMetadata(offset, "", -1)}
                self._consumer.commit(given, timeout_ms=_ASK_MS)
            except _NO_LONGER_OURS as error:
                # The store knows what was handled, so the next owner of the partition skips it.
                log.info("not committed", exc_info=error)


class _Erased(NamedTuple):
    event: Identity
    #: True if there was a copy.
    held: bool


def _recalled(envelope: Envelope, data: dict[str, Any]) -> Identity | None:
    """The event that a recall takes back: named by its author, or passed on by the bus."""
    if not is_recall(envelope.type):
        return None
    event = recalled_by(data)
    return event if envelope.agency in {agency_of(event[0]), BUS} else None


def _place(raw: Any) -> TopicPartition:
    return TopicPartition(raw.topic, raw.partition)
