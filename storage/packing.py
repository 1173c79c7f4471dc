"""Kafka headers as one byte string: name and value of each, behind its length, in order."""

from __future__ import annotations

import struct
from collections.abc import Sequence

from casebus.events.envelope import Header
from casebus.events.framing import Framing, Headers, Sorts, parted

_NAME = struct.Struct(">H")
_LENGTHS = struct.Struct(">HI")


def pack_headers(headers: Headers) -> bytes:
    named = parted(headers)
    return _FORMS[named.names].bytes_of(named)


def framing(names: Sequence[str], places: Sequence[int]) -> Framing:
    """Packs the headers at these places."""

    def before(place: int) -> tuple[bytes, bytes]:
        raw = names[place].encode()
        return _NAME.pack(len(raw)), raw

    return Framing(places, before)


def _form(names: tuple[str, ...]) -> Framing:
    return framing(names, range(len(names)))


_FORMS = Sorts(_form)


def unpack_headers(packed: bytes) -> tuple[Header, ...]:
    headers, at = [], 0
    while at < len(packed):
        name_bytes, value_bytes = _LENGTHS.unpack_from(packed, at)
        name_end = at + _LENGTHS.size + name_bytes
        end = name_end + value_bytes
        headers.append((packed[at + _LENGTHS.size : name_end].decode(), packed[name_end:end]))
        at = end
    return tuple(headers)
