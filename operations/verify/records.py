"""A record's bytes as digests: its author's part, and the same with the bus's stamps.

Left out are the parts that may change on the way: the trace of a hop, and the router's note of the
place from which a copy was made.
"""

from __future__ import annotations

import hashlib
import struct
from collections.abc import Callable, Sequence
from operator import itemgetter
from typing import Any, NamedTuple

from casebus.errors import CasebusError
from casebus.events.envelope import Header
from casebus.events.framing import Framing, Headers, Parted, Sorts, parted
from casebus.events.schemas import Schemas
from casebus.events.stamps import ORIGIN, POSITION, ROUTES, is_stamp
from casebus.trust.leaf import event_leaf, log_leaf
from storage.packing import framing, pack_headers

_ON_THE_WAY = frozenset({"traceparent", "tracestate", POSITION})
_LENGTHS = struct.Struct(">qq")


class Digests(NamedTuple):
    """Over key, value and headers: the author's, and all."""

    author: bytes
    whole: bytes


class StampedHeaders(NamedTuple):
    """The headers that a verification reads; admission journals nothing without them."""

    subject: bytes
    source: bytes
    id: bytes
    type: bytes
    origin: bytes


_SAID = ("ce_subject", "ce_source", "ce_id", "ce_type", ORIGIN)


class JournalRead(NamedTuple):
    """One record of the journal, computed once."""

    said: StampedHeaders
    sequence: bytes | None
    routes: bytes | None
    packed: bytes
    leaf: bytes
    logged: bytes
    digests: Digests


class _Form(NamedTuple):
    """Headers with certain names: the author's, and the bus's stamps."""

    own: Framing
    stamps: Framing
    #: True if the stamps come after the author's headers, and nothing else is there.
    in_order: bool
    #: The last place of each name.
    places: dict[str, int]
    said: Callable[[Sequence[bytes]], tuple[bytes, ...]] | None


def _form(names: tuple[str, ...]) -> _Form:
    kept = [place for place, name in enumerate(names) if name not in _ON_THE_WAY]
    own = [place for place in kept if not is_stamp(names[place])]
    stamps = [place for place in kept if is_stamp(names[place])]
    in_order = own + stamps == list(range(len(names)))
    places = {name: place for place, name in enumerate(names)}
    is_whole = places.keys() >= set(_SAID)
    said = itemgetter(*(places[name] for name in _SAID)) if is_whole else None
    return _Form(framing(names, own), framing(names, stamps), in_order, places, said)


_FORMS = Sorts(_form)


def headers_of(record: Any) -> tuple[Header, ...]:
    return tuple((name, text or b"") for name, text in record.headers)


def digests_of(key: bytes | None, value: bytes | None, headers: Headers) -> Digests:
    named = parted(headers)
    form = _FORMS[named.names]
    return _digests(key, value, form.own.bytes_of(named), form.stamps.bytes_of(named))


def _digests(key: bytes | None, value: bytes | None, own: bytes, stamps: bytes) -> Digests:
    lengths = _LENGTHS.pack(_length(key), _length(value))
    author = hashlib.sha256(b"".join((lengths, key or b"", value or b"", own))).digest()
    return Digests(author, hashlib.sha256(author + stamps).digest())


def _length(whole: bytes | None) -> int:
    """An empty value differs from a missing one."""
    return -1 if whole is None else len(whole)


def leaf_of(schemas: Schemas, value: bytes | None, headers: Headers) -> bytes:
    """The event leaf; nothing if no schema wrote the value."""
    try:
        digest = schemas.schema_of(value).digest
    except CasebusError:
        return b""
    return event_leaf(digest, headers, value or b"")


def read(schemas: Schemas, record: Any) -> JournalRead:
    """Raises ValueError for headers that admission does not write."""
    named = Parted.of(record.headers)
    leaf = leaf_of(schemas, record.value, named)
    form = _FORMS[named.names]
    own, stamps = form.own.bytes_of(named), form.stamps.bytes_of(named)
    if form.said is None:
        raise ValueError("a header is missing")
    return JournalRead(
        StampedHeaders(*form.said(named.values)),
        _optional(named, form, "ce_sequence"),
        _optional(named, form, ROUTES),
        own + stamps if form.in_order else pack_headers(named),
        leaf,
        log_leaf(leaf, named),
        _digests(record.key, record.value, own, stamps),
    )


def _optional(named: Parted, form: _Form, name: str) -> bytes | None:
    place = form.places.get(name)
    return None if place is None else named.values[place]
