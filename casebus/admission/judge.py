"""The judgement of one record. Content is never a reason: only form, signature and title are."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, NamedTuple

from casebus.admission.recipients import AuthoredEvent, Deliveries, misplaced, resolve
from casebus.cases.dating import counted
from casebus.errors import CasebusError
from casebus.events.doors import sector_of
from casebus.events.envelope import (
    UNREADABLE,
    Envelope,
    Header,
    Record,
    check_header_names,
    check_legal_time,
)
from casebus.events.legaltime import LegalTime
from casebus.events.limits import MOST_HEADER_BYTES, MOST_VALUE_BYTES
from casebus.events.partition import partition_for
from casebus.events.schemas import Schemas
from casebus.law import Law
from casebus.rejections import Flag, Reason
from casebus.trust.directory import Agency, Directory
from casebus.trust.leaf import event_leaf
from casebus.trust.signing import SignatureCheck
from casebus.trust.titles import require_entitled, valid_key

#: A header counts by its two lengths too, or a record could hold millions of empty ones.
_LENGTHS = 2
_AHEAD = timedelta(days=1)
_BEHIND = timedelta(days=3653)


@dataclass(frozen=True, slots=True)
class Arrival:
    """A record of events.*, with where and when the broker took it."""

    record: Record
    topic: str
    partition: int
    offset: int
    appended_at: datetime
    partitions: int


@dataclass(frozen=True, slots=True)
class Admitted:
    """The facts about a record that goes into the journal."""

    envelope: Envelope
    delivery: Deliveries
    flags: tuple[Flag, ...]


class KnownOfRecord(NamedTuple):
    """The facts about a rejected record that are certain, whatever the record claims."""

    #: The agency whose key, or whose delegate's, has signed it.
    author: str | None
    #: The event leaf, where one can be computed.
    leaf: bytes | None


class Judge:
    """Judges by the present schemas, law and directory."""

    def __init__(
        self,
        schemas: Schemas,
        directory: Directory,
        law: Law,
        hosted: frozenset[str],
        now: Callable[[], datetime] | None = None,
    ) -> None:
        self._schemas = schemas
        self._directory = directory
        self._law = law
        self._hosted = hosted
        self._now = now
        self._check = SignatureCheck()

    def __call__(self, arrival: Arrival) -> Admitted:
        """Admit the record, or raise CasebusError with its Reason."""
        _check_size(arrival.record)
        envelope = Envelope.from_headers(arrival.record.headers)
        check_header_names(arrival.record.headers)
        check_legal_time(arrival.record.headers)
        _check_marks(arrival.record, envelope)
        leaf, body = self._check_value(arrival.record, envelope)
        source = self._check_signature(arrival, envelope, leaf)
        self._check_title(arrival.topic, envelope, source)
        event = AuthoredEvent(envelope, body, self._counted(arrival, envelope))
        delivery = resolve(event, source, self._directory, self._law, self._hosted)
        flags = _flags(arrival, envelope, delivery, self._now)
        flags += misplaced(event, source, delivery, self._directory, self._law)
        return Admitted(envelope, delivery, flags)

    def known(self, arrival: Arrival) -> KnownOfRecord:
        """The certain author of a rejected record: `ce_source` is anyone's word."""
        record, leaf = arrival.record, None
        try:
            envelope = Envelope.from_headers(record.headers)
            schema = self._schemas.schema_of(record.value)
            leaf = event_leaf(schema.digest, record.headers, record.value or b"")
            return KnownOfRecord(self._check_signature(arrival, envelope, leaf).id, leaf)
        except CasebusError:
            return KnownOfRecord(None, leaf)

    def _counted(self, arrival: Arrival, envelope: Envelope) -> LegalTime:
        if envelope.importid is not None:
            return envelope.legal
        return counted(envelope.legal, self._now() if self._now else arrival.appended_at)

    def _check_value(self, record: Record, envelope: Envelope) -> tuple[bytes, dict[str, Any]]:
        """The event leaf and the decoded body."""
        self._schemas.check_items(record.value)
        schema, body = self._schemas.decode(record.value)
        if schema.ce_type != envelope.type or schema.uri != envelope.dataschema:
            raise CasebusError(Reason.TYPE_MISMATCH, f"{schema.subject} is not {envelope.type}")
        return event_leaf(schema.digest, record.headers, record.value or b""), body

    def _check_signature(self, arrival: Arrival, envelope: Envelope, leaf: bytes) -> Agency:
        if not (envelope.signature and envelope.sigproof and envelope.keyid):
            raise CasebusError(Reason.UNSIGNED)
        key = valid_key(self._directory, envelope.keyid, arrival.appended_at)
        if not self._check(leaf, envelope, algorithm=key.algorithm, public=key.public):
            raise CasebusError(Reason.BAD_SIGNATURE)
        source = self._directory.agency(envelope.agency)
        if source is None:
            raise CasebusError(Reason.UNKNOWN_SOURCE)
        require_entitled(self._directory, key, source.id, envelope.type, envelope.signedby)
        return source

    def _check_title(self, topic: str, envelope: Envelope, source: Agency) -> None:
        if sector_of(topic) != source.sector:
            raise CasebusError(Reason.WRONG_TOPIC, f"{topic} is no door of {source.sector}")
        if not self._law.may_emit(source.sector, source.level, envelope.type):
            raise CasebusError(Reason.TYPE_NOT_ALLOWED, f"{source.sector}: {envelope.type}")


def _check_size(record: Record) -> None:
    if (UNREADABLE, b"") in record.headers:
        raise CasebusError(Reason.UNREADABLE)
    if not record.value:
        raise CasebusError(Reason.NO_VALUE)
    if len(record.value) > MOST_VALUE_BYTES:
        raise CasebusError(Reason.TOO_LARGE, f"{len(record.value)} bytes")
    names = [name for name, _ in record.headers]
    around = len(record.key or b"") + sum(len(text) + _LENGTHS for _, text in record.headers)
    # A letter takes a byte or more: names that are too many by letters are never spelt out.
    if around + sum(map(len, names)) <= MOST_HEADER_BYTES:
        around += len("".join(names).encode(errors="surrogatepass"))
        if around <= MOST_HEADER_BYTES:
            return
    raise CasebusError(Reason.TOO_LARGE, f"key and headers over {MOST_HEADER_BYTES} bytes")


def _check_marks(record: Record, envelope: Envelope) -> None:
    if record.key != envelope.subject.encode():
        raise CasebusError(Reason.KEY_MISMATCH)
    if is_state_secret(record.headers):
        raise CasebusError(Reason.STATE_SECRET)


def is_state_secret(headers: tuple[Header, ...]) -> bool:
    """True if the author marked the event as a state secret (国家秘密), which the bus refuses."""
    return ("ce_secrecy", b"state_secret") in headers


def _flags(
    arrival: Arrival, envelope: Envelope, delivery: Deliveries, now: Callable[[], datetime] | None
) -> tuple[Flag, ...]:
    flags = []
    if delivery.unknown:
        flags.append(Flag.UNKNOWN_RECIPIENT)
    key = arrival.record.key or b""
    if arrival.partition != partition_for(key, arrival.partitions):
        flags.append(Flag.WRONG_PARTITION)
    # The broker knows nothing of a scenario, in which everybody's clock is the scenario's. An event
    # that an import mints has the time of what happened, however long ago.
    behind = None if envelope.importid else _BEHIND
    if _is_absurd(envelope.time, arrival.appended_at, behind) and (
        now is None or _is_absurd(envelope.time, now(), behind)
    ):
        flags.append(Flag.ABSURD_TIME)
    return tuple(flags)


def _is_absurd(told: datetime, clock: datetime, behind: timedelta | None) -> bool:
    return told - clock >= _AHEAD or (behind is not None and clock - told >= behind)


def appended_at(timestamp_ms: int) -> datetime:
    """The broker's append time, aware and in UTC."""
    return datetime.fromtimestamp(timestamp_ms / 1000, UTC)
