"""A running stack as the world for assertions, seen by the participants."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from kafka import KafkaConsumer, TopicPartition

from casebus.events.envelope import Envelope
from casebus.events.topics import inbox_of
from casebus.kafka.connection import consumer_settings
from casebus.settings import Settings
from rehearsal.scenario.users import User
from rehearsal.scenario.world import JSON

UserOf = Callable[[str], User]
_FOUND, _NOT_FOUND = 200, 404


class Stage:
    """Reads as often as asked; `viewers` are the agencies that may see a stream, by its id."""

    def __init__(
        self,
        user_of: UserOf,
        own_inbox: Callable[[str], OwnInbox | None],
        viewers: Callable[[str], Iterable[str]],
    ) -> None:
        self._user_of, self._own_inbox, self._viewers = user_of, own_inbox, viewers

    def case(self, stream: str) -> JSON:
        return next(
            filter(None, (self._user_of(one).case(stream) for one in self._seen(stream))), {}
        )

    def history(self, stream: str) -> list[JSON]:
        found = (self._user_of(one).history(stream) for one in self._seen(stream))
        return next(filter(None, found), [])

    def inbox(self, agency: str, stream: str) -> list[JSON]:
        own = self._own_inbox(agency)
        items = self._user_of(agency).gateway.inbox() if own is None else own.read()
        return [one for one in items if one["case"] == stream]

    def sees(self, agency: str, stream: str) -> bool:
        return bool(self._user_of(agency).case(stream))

    def sight(self, agency: str, stream: str) -> list[JSON]:
        return self._user_of(agency).history(stream)

    def noted(self, agency: str, stream: str, *, refused: bool) -> bool:
        """The first agency that acts in the case reads the log."""
        reader = next(iter(self._seen(stream)))
        looks = self._user_of(reader).gateway.accesses(stream)
        answer = _NOT_FOUND if refused else _FOUND
        return any((one["agency"], one["status"]) == (agency, answer) for one in looks)

    def numbered(self, number: str, stream: str) -> bool:
        return any(
            (row.get("id") or row.get("case")) == stream
            for one in self._seen(stream)
            for row in self._user_of(one).gateway.cases_with_number(number)
        )

    def _seen(self, stream: str) -> Iterable[str]:
        return self._viewers(stream)


class Snapshot:
    """One look: a value that was read once is not read again."""

    def __init__(self, stage: Stage) -> None:
        self._stage = stage
        self._cases: dict[str, JSON] = {}
        self._histories: dict[str, list[JSON]] = {}

    def case(self, stream: str) -> JSON:
        if stream not in self._cases:
            self._cases[stream] = self._stage.case(stream)
        return self._cases[stream]

    def history(self, stream: str) -> list[JSON]:
        if stream not in self._histories:
            self._histories[stream] = self._stage.history(stream)
        return self._histories[stream]

    def inbox(self, agency: str, stream: str) -> list[JSON]:
        return self._stage.inbox(agency, stream)

    def sees(self, agency: str, stream: str) -> bool:
        return self._stage.sees(agency, stream)

    def sight(self, agency: str, stream: str) -> list[JSON]:
        return self._stage.sight(agency, stream)

    def noted(self, agency: str, stream: str, *, refused: bool) -> bool:
        return self._stage.noted(agency, stream, refused=refused)

    def numbered(self, number: str, stream: str) -> bool:
        return self._stage.numbered(number, stream)


class OwnInbox:
    """`agency.<id>.inbox` read by the agency's own account, without a group."""

    def __init__(self, settings: Settings) -> None:
        self._consumer = KafkaConsumer(**consumer_settings(settings, None))
        topic = inbox_of(settings.agency)
        found = self._consumer.partitions_for_topic(topic) or ()
        self._places = [TopicPartition(topic, number) for number in sorted(found)]
        self._consumer.assign(self._places)
        self._consumer.seek_to_beginning(*self._places)
        self._read: list[JSON] = []

    def close(self) -> None:
        self._consumer.close(autocommit=False)

    def read(self) -> list[JSON]:
        """All present records."""
        ends = self._consumer.end_offsets(self._places)
        while any(self._consumer.position(place) < end for place, end in ends.items()):
            for records in self._consumer.poll(timeout_ms=200).values():
                self._read += map(_delivered, records)
        return list(self._read)


def _delivered(record: object) -> JSON:
    headers = [(name, value or b"") for name, value in record.headers]  # type: ignore[attr-defined]
    one = Envelope.from_headers(headers)
    return {"case": one.subject, "source": one.source, "id": one.id, "type": one.type}
