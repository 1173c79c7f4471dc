"""The office's end: sends the content of its store, and keeps arrived events in the spool."""

from __future__ import annotations

import hashlib
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from kafka import OffsetAndMetadata, TopicPartition

from casebus.errors import CasebusError
from casebus.events.envelope import Envelope, Header, Record
from casebus.events.numbers import canonical_number
from casebus.events.schemas import Schemas
from casebus.ferry.items import EVENT, LANDED, RECORD, FerryItem
from casebus.ferry.lane import Fault
from casebus.sdk.ferry.spool import Spool
from casebus.sdk.store import Store, StoredRecord

_MOST = 500


class OfficeEnd:
    """The store holds events that `casebus publish` signed.

    Each is handed over once in an epoch.
    """

    def __init__(self, spool: Spool, store: Store, schemas: Schemas) -> None:
        self._spool, self._store, self._schemas = spool, store, schemas

    def close(self) -> None:
        self._store.close()

    def arrived(self, item: FerryItem) -> None:
        if item.kind == RECORD and item.record is not None:
            self._remember(item.record)

    def deal(self) -> None:
        """Note the fate of events: the place at which the brokers have each, or the refusal."""
        while found := self._spool.arrivals(LANDED, most=_MOST):
            for _, item in found:
                self._landed(item.about)
            with self._spool.writing():
                self._spool.deal_with(place for place, _ in found)

    def collect(self) -> None:
        """Signed records of the store, byte for byte, in the order in which they were finished."""
        after = self._read_to()
        while window := self._store.waiting(_MOST, after):
            after = window[-1].place
            with self._spool.writing():
                self._spool.queue(_line(one) for one in window)
                self._spool.set_fact("store_place", after)
                self._spool.set_fact("store_last", _digest(window[-1]))
                for one in window:
                    self._remember(one.record)

    def begin_again(self) -> None:
        self._spool.set_fact("store_place", 0)

    def _read_to(self) -> int:
        """The store's last place that was read; 0 if the store was restored to an older state.

        After a restore, new records take places that were already read. An event that goes out
        twice counts once.
        """
        place = int(self._spool.fact("store_place", "0"))
        there = self._store.at(place)
        known = there is not None and _digest(there) == self._spool.fact("store_last")
        return place if known else 0

    def _landed(self, about: Mapping[str, Any]) -> None:
        kept = self._store.find(about["source"], about["stream"], about["id"])
        if kept is None or kept.offset is not None:
            return
        with self._spool.writing():
            if "code" in about:
                self._spool.bar(_line(kept), about["detail"])
                self._spool.note_incident(kept.id, Fault.NOT_TAKEN, about["detail"])
            else:
                self._spool.unbar(_line(kept))
        if "code" not in about:
            self._store.mark_sent([(kept.place, about["partition"], about["offset"])])

    def _remember(self, record: Record) -> None:
        """Remember the numbers of its case, so that a person can name the case by them."""
        for stream, numbers in _numbers(record, self._schemas):
            self._spool.remember_numbers(numbers, stream)


def _line(kept: StoredRecord) -> bytes:
    return FerryItem(EVENT, record=kept.record).line()


def _digest(kept: StoredRecord) -> str:
    return hashlib.sha256(_line(kept)).hexdigest()


def _numbers(record: Record, schemas: Schemas) -> Iterator[tuple[str, list[str]]]:
    try:
        envelope = Envelope.from_headers(record.headers)
        _, data = schemas.decode(record.value or b"")
    except CasebusError:
        # An event of another schema version is delivered as well.
        return
    said = data.get("numbers") or ()
    yield envelope.subject, [canonical_number(one["value"]) for one in said if one.get("value")]


def case_of(spool: Spool, number: str) -> str:
    """The case that has a number; raises CasebusError `not_found` or `number_ambiguous`."""
    found = spool.streams_of(canonical_number(number))
    if not found:
        raise CasebusError("not_found", f"no case that came here carries the number {number}")
    if len(found) > 1:
        raise CasebusError("number_ambiguous", f"{number} names {', '.join(sorted(found))}")
    return found[0]


class KeptSink:
    """Sends nothing: the ferry takes the records from the store."""

    def send(self, records: Sequence[StoredRecord]) -> list[None]:
        return [None for _ in records]

    def close(self) -> None: ...


@dataclass(frozen=True, slots=True)
class _Raw:
    """A record in the form of a consumer's; its offset is its place in the spool."""

    topic: str
    partition: int
    offset: int
    key: bytes | None
    value: bytes | None
    headers: tuple[Header, ...]


class SpoolFeed:
    """The agency's inbox as the ferry brought it, for `casebus.sdk.inbox.Inbox`.

    It has the methods of a consumer, but neither a clock nor commits of its own.
    """

    def __init__(self, spool: Spool, topic: str) -> None:
        self._spool, self._topic, self._after = spool, topic, 0

    def subscribe(self, topics: list[str]) -> None:
        """Does nothing: the feed has exactly one topic."""

    def topics(self) -> set[str]:
        return {self._topic}

    def assignment(self) -> set[TopicPartition]:
        return {TopicPartition(self._topic, 0)}

    def end_offsets(
        self,
        places: list[TopicPartition],
        **_: int,
    ) -> dict[TopicPartition, int]:
        found = self._spool.arrivals(RECORD, self._topic, self._after)
        return dict.fromkeys(places, found[-1][0] if found else self._after)

    def position(self, _: TopicPartition, **__: int) -> int:
        return self._after

    def poll(self, timeout_ms: int) -> dict[TopicPartition, list[_Raw]]:
        found = self._spool.arrivals(RECORD, self._topic, self._after)
        if not found:
            time.sleep(timeout_ms / 1000)
            return {}
        self._after = found[-1][0]
        return {TopicPartition(self._topic, 0): list(self._raws(found))}

    def commit(
        self,
        offsets: Mapping[TopicPartition, OffsetAndMetadata],
        **_: int,
    ) -> None:
        [until] = [one.offset for one in offsets.values()]
        with self._spool.writing():
            self._spool.deal_with_before(RECORD, self._topic, until)

    def close(self, **_: bool) -> None:
        self._spool.close()

    def _raws(self, found: Iterable[tuple[int, FerryItem]]) -> Iterator[_Raw]:
        for place, item in found:
            record = item.carried
            yield _Raw(self._topic, 0, place, record.key, record.value, record.headers)
