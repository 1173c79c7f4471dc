"""The end at the bus: sends events to the front door unchanged, and topics to the office.

It has the agency's account and none of its keys, so it cannot sign anything in the agency's name.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from typing import Any

from kafka import KafkaConsumer, TopicPartition
from kafka.errors import MessageSizeTooLargeError, RecordListTooLargeError

from casebus.errors import CasebusError
from casebus.events.envelope import Record
from casebus.events.topics import inbox_of, own_topics
from casebus.ferry.items import EVENT, LANDED, RECORD, FerryItem, named
from casebus.ferry.lane import Fault
from casebus.kafka.connection import clear_errors, consumer_settings
from casebus.sdk.accounts import visible_topics
from casebus.sdk.doors import visible_door
from casebus.sdk.ferry.spool import Spool
from casebus.sdk.publisher import KafkaSink, Sink
from casebus.sdk.store import StoredRecord
from casebus.settings import Settings

_POLL_MS = 200
#: The longest time of one look. After it the brokers count as away.
_LOOK_SECONDS = 60.0
#: Records of one look, so that a long inbox is taken in steps.
_MOST = 2_000


_TOO_LARGE = (MessageSizeTooLargeError, RecordListTooLargeError)
#: The place at which the brokers hold an event, or the error that kept them from taking it.
_Answer = tuple[int, int] | CasebusError | None


class BrokersEnd:
    """The brokers as an end.

    The spool keeps the position in each topic together with the records read.
    """

    def __init__(
        self,
        spool: Spool,
        settings: Settings,
        agency: str,
        *,
        sink: Sink | None = None,
        open_consumer: Callable[..., Any] = KafkaConsumer,
    ) -> None:
        self._spool, self._settings, self._agency = spool, settings, agency
        self._sink = sink or KafkaSink(settings)
        self._open_consumer = open_consumer
        self._door = ""
        self._consumer: Any = None

    def close(self) -> None:
        self._sink.close()
        self._drop()

    def arrived(self, item: FerryItem) -> None:
        """Does nothing: the item waits for `deal`."""

    def deal(self) -> None:
        """Produce the arrived events in order; raises the first error that may pass with time."""
        after = 0
        while found := self._spool.arrivals(EVENT, after=after):
            after = found[-1][0]
            self._door = self._door or visible_door(visible_topics(self._settings))
            waits = self._note(found, self._answers([self._outgoing(item) for _, item in found]))
            if waits is not None:
                raise waits

    def collect(self) -> None:
        """Read on in each topic to its present end, or as much as one look takes."""
        try:
            with clear_errors(self._settings, inbox_of(self._agency)):
                self._read(self._consumer or self._opened())
        except BaseException:
            # The consumer stands after the records it gave out, kept or not. The next look begins
            # after the last kept record.
            self._drop()
            raise

    def begin_again(self) -> None:
        self._spool.db.execute("delete from fact where name like 'at:%'")
        self._drop()

    def _answers(self, events: Sequence[StoredRecord]) -> list[_Answer]:
        """The brokers' answer for each event on its own.

        An event that is too large takes others down with it: those of its batch and those behind it
        in its case. So each of them is sent alone. If one must wait, all behind it wait.
        """
        answers: list[_Answer] = list(self._sink.send(events))
        waits: CasebusError | None = None
        for at, answer in enumerate(answers):
            if len(events) > 1 and _for_ever(answer):
                answers[at] = waits or self._sink.send([events[at]])[0]
                waits = waits or _waited_for(answers[at])
        return answers

    def _note(
        self,
        found: Sequence[tuple[int, FerryItem]],
        answers: Sequence[_Answer],
    ) -> CasebusError | None:
        """Tell the office which events were taken and which never will be.

        Returns the waiting ones.
        """
        waits: CasebusError | None = None
        with self._spool.writing():
            for (place, item), answer in zip(found, answers, strict=True):
                error = _waited_for(answer)
                if error is not None or answer is None:
                    waits = waits or error
                    continue
                self._spool.queue([_landed(item, self._door, answer).line()])
                self._spool.deal_with([place])
        return waits

    def _outgoing(self, item: FerryItem) -> StoredRecord:
        source, stream, event = named(item.carried)
        return StoredRecord(source, stream, event, 0, b"", self._door, item.carried)

    def _read(self, consumer: Any) -> None:
        missing = self._assign(consumer)
        ends = self._stand(consumer)
        count, until = 0, time.monotonic() + _LOOK_SECONDS
        while count < _MOST and any(consumer.position(one) < end for one, end in ends.items()):
            records = [one for some in consumer.poll(timeout_ms=_POLL_MS).values() for one in some]
            count += len(records)
            self._queue(records)
            if time.monotonic() > until:
                raise CasebusError("kafka_unreachable", f"nothing for {_LOOK_SECONDS:.0f} s")
        if missing:
            raise CasebusError("topic_denied", f"not there for this account: {', '.join(missing)}")

    def _opened(self) -> Any:
        self._consumer = self._open_consumer(**consumer_settings(self._settings, None))
        return self._consumer

    def _assign(self, consumer: Any) -> list[str]:
        """Every partition that there is by now; gives the topics that are missing."""
        there = {topic: consumer.partitions_for_topic(topic) for topic in own_topics(self._agency)}
        places = {
            TopicPartition(topic, number) for topic, some in there.items() for number in some or ()
        }
        if places != consumer.assignment():
            consumer.assign(sorted(places))
        return [topic for topic, some in there.items() if not some]

    def _stand(self, consumer: Any) -> dict[TopicPartition, int]:
        """Go to the position in each topic; returns the present ends."""
        places = sorted(consumer.assignment())
        begins, ends = consumer.beginning_offsets(places), consumer.end_offsets(places)
        for place in places:
            consumer.seek(place, self._next(place, begins[place], ends[place]))
        return {place: int(end) for place, end in ends.items()}

    def _next(self, place: TopicPartition, begin: int, end: int) -> int:
        """The offset to read next; `begin` if the known one no longer exists.

        Records are kept for a limited time only. If brokers were restored from a backup, they have
        other records at the offsets that were read.
        """
        said = self._spool.fact(_fact_of(place))
        at = int(said or begin)
        if begin <= at <= end:
            return at
        name = f"{place.topic}/{place.partition}"
        detail = f"{name} was read up to {at} and has {begin} to {end}"
        with self._spool.writing():
            self._spool.note_incident(name, Fault.RECORDS_GONE, detail)
            self._spool.set_fact(_fact_of(place), begin)
        return begin

    def _queue(self, records: Sequence[Any]) -> None:
        with self._spool.writing():
            for one in records:
                about = {"topic": one.topic, "partition": one.partition, "offset": one.offset}
                headers = tuple((name, value or b"") for name, value in one.headers)
                self._spool.queue(
                    [FerryItem(RECORD, about, Record(one.key, one.value, headers)).line()]
                )
                place = TopicPartition(one.topic, one.partition)
                self._spool.set_fact(_fact_of(place), one.offset + 1)

    def _drop(self) -> None:
        consumer, self._consumer = self._consumer, None
        if consumer is not None:
            consumer.close(autocommit=False)


def _fact_of(place: TopicPartition) -> str:
    return f"at:{place.topic}:{place.partition}"


def _for_ever(answer: _Answer) -> bool:
    """True if waiting cannot help. Every other answer of the brokers is tried again."""
    return isinstance(answer, CasebusError) and isinstance(answer.__cause__, _TOO_LARGE)


def _waited_for(answer: _Answer) -> CasebusError | None:
    return answer if isinstance(answer, CasebusError) and not _for_ever(answer) else None


def _landed(item: FerryItem, door: str, answer: tuple[int, int] | CasebusError) -> FerryItem:
    source, stream, event = named(item.carried)
    about: dict[str, Any] = {"source": source, "stream": stream, "id": event, "door": door}
    if isinstance(answer, CasebusError):
        return FerryItem(LANDED, about | {"code": answer.code, "detail": answer.detail})
    return FerryItem(LANDED, about | {"partition": answer[0], "offset": answer[1]})
