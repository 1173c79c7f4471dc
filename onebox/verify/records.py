"""A record's bytes as digests: what its author sent, and the same with the bus's stamps.

Left out is what may change on the way: the trace that a hop belongs to, and the router's note of
the place that a copy was made from.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from typing import Any, NamedTuple

from casebus.errors import CasebusError
from casebus.events.envelope import Header
from casebus.events.schemas import Schemas
from casebus.trust.leaf import event_leaf, log_leaf
from storage.packing import pack_headers

POSITION = "cb-position"
_ON_THE_WAY = frozenset({"traceparent", "tracestate", POSITION})
_NOTHING = b"\xff"


class Digests(NamedTuple):
    """Over key, value and headers: the author's, and all."""

    author: bytes
    whole: bytes


class Read(NamedTuple):
    """One record of the journal, computed once."""

    headers: tuple[Header, ...]
    texts: dict[str, bytes]
    packed: bytes
    leaf: bytes
    logged: bytes
    digests: Digests


def headers_of(record: Any) -> tuple[Header, ...]:
    return tuple((name, text or b"") for name, text in record.headers)


def digests_of(key: bytes | None, value: bytes | None, headers: Iterable[Header]) -> Digests:
    own, stamps = _parted(headers)
    return _digests(key, value, pack_headers(own), pack_headers(stamps))


def _parted(headers: Iterable[Header]) -> tuple[list[Header], list[Header]]:
    """The author's headers, and the bus's stamps."""
    own: list[Header] = []
    stamps: list[Header] = []
    for header in headers:
        if header[0] not in _ON_THE_WAY:
            (stamps if header[0].startswith("cb-") else own).append(header)
    return own, stamps


def _digests(key: bytes | None, value: bytes | None, own: bytes, stamps: bytes) -> Digests:
    parts: list[bytes] = []
    for part in (key, value, own):
        whole = _NOTHING if part is None else part
        parts += (len(whole).to_bytes(8, "big"), whole)
    author = hashlib.sha256(b"".join(parts)).digest()
    return Digests(author, hashlib.sha256(author + stamps).digest())


def leaf_of(schemas: Schemas, value: bytes | None, headers: Iterable[Header]) -> bytes:
    """The event leaf; nothing where no schema wrote the value."""
    try:
        digest = schemas.schema_of(value).digest
    except CasebusError:
        return b""
    return event_leaf(digest, headers, value or b"")


def read(schemas: Schemas, record: Any) -> Read:
    headers = headers_of(record)
    leaf = leaf_of(schemas, record.value, headers)
    own, stamps = _parted(headers)
    first, last = pack_headers(own), pack_headers(stamps)
    # As a rule the stamps stand behind what the author sent, and nothing between.
    in_order = len(own) + len(stamps) == len(headers) and headers[len(own) :] == tuple(stamps)
    return Read(
        headers,
        dict(headers),
        first + last if in_order else pack_headers(headers),
        leaf,
        log_leaf(leaf, headers),
        _digests(record.key, record.value, first, last),
    )
