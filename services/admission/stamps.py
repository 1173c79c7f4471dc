"""The `cb-*` headers: admission's statements about a record. Foreign ones never pass."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from datetime import datetime

from casebus.admission.judge import (
    Admitted,
    Arrival,
    KnownOfRecord,
    is_state_secret,
)
from casebus.errors import CasebusError
from casebus.events.envelope import Header, Record
from casebus.events.kept import kept_headers
from casebus.events.limits import MOST_HEADER_BYTES, MOST_KEPT_BYTES
from casebus.events.stamps import ABRIDGED, Origin, Refusal, Stamps, is_stamp, without_stamps
from casebus.rejections import Reason

_MOST_DETAIL = 200
#: The most that the table of rejects takes.
_LONGEST_NAME = 60_000
#: A header's two lengths, at most.
_FRAMING = 10
#: The most bytes of a header that is kept if the whole record is not.
_LONGEST_KEPT = 1024


def journal_headers(
    arrival: Arrival, admitted: Admitted, *, law: str, directory: int, at: datetime
) -> list[Header]:
    """The author's headers without foreign stamps, and the bus's own."""
    stamps = Stamps(
        admitted_at=at,
        origin=str(_origin(arrival)),
        recipients=admitted.delivery.recipients,
        sectors=admitted.delivery.sectors,
        routes=admitted.delivery.routes,
        undeliverable=admitted.delivery.unknown,
        flags=admitted.flags,
        law=law,
        directory=directory,
    )
    return without_stamps(arrival.record.headers) + stamps.headers()


def rejected_record(
    arrival: Arrival, error: CasebusError, known: KnownOfRecord, *, at: datetime
) -> Record:
    """The record as it is kept; if no topic could take it, the parts that identify it."""
    headers = rejected_headers(arrival, error, known, at=at)
    kept = Record(arrival.record.key, rejected_value(arrival, error), tuple(headers))
    return kept if _fits(kept) else _abridged(kept)


def rejected_headers(
    arrival: Arrival, error: CasebusError, known: KnownOfRecord, *, at: datetime
) -> list[Header]:
    """Every original header, foreign stamps under another name, plus the reason."""
    stamps = Refusal(
        reason=error.code,
        detail=error.detail[:_MOST_DETAIL],
        admitted_at=at,
        origin=str(_origin(arrival)),
        author=known.author,
        leaf=known.leaf,
    )
    return kept_headers(arrival.record.headers) + stamps.headers()


def rejected_value(arrival: Arrival, error: CasebusError) -> bytes | None:
    """The original bytes; of a state secret only the metadata is kept."""
    # This comes first, whatever other faults it has.
    secret = error.code == Reason.STATE_SECRET or is_state_secret(arrival.record.headers)
    return None if secret else arrival.record.value


def _fits(record: Record) -> bool:
    around = [len(name.encode()) for name, _ in record.headers]
    texts = sum(len(text) + _FRAMING for _, text in record.headers)
    size = len(record.key or b"") + len(record.value or b"") + sum(around) + texts
    return size <= MOST_KEPT_BYTES and max(around, default=0) <= _LONGEST_NAME


def _abridged(record: Record) -> Record:
    """The record without key and value, except the value's digest, and without other headers."""
    digest = hashlib.sha256(record.value or b"").hexdigest().encode()
    headers = (*_attributes(record.headers), (ABRIDGED, digest))
    return Record(None, None, headers)


def _attributes(headers: tuple[Header, ...]) -> Iterator[Header]:
    """The author's short headers, as many as the door takes, and all of the bus's."""
    room = MOST_HEADER_BYTES
    for name, text in headers:
        if is_stamp(name):
            yield name, text
        elif name.startswith("ce_") and len(name.encode()) + len(text) <= _LONGEST_KEPT:
            room -= len(name.encode()) + len(text)
            if room >= 0:
                yield name, text


def _origin(arrival: Arrival) -> Origin:
    appended_ms = round(arrival.appended_at.timestamp() * 1000)
    return Origin(arrival.topic, arrival.partition, arrival.offset, appended_ms)
