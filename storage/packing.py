"""Kafka headers as one byte string: name and value of each, behind its length, in order."""

from __future__ import annotations

import struct
from collections.abc import Iterable
from functools import lru_cache

from casebus.events.envelope import Header

_LENGTHS = struct.Struct(">HI")


def pack_headers(headers: Iterable[Header]) -> bytes:
    parts: list[bytes] = []
    for name, value in headers:
        parts += (_before(name, len(value)), value)
    return b"".join(parts)


# The same few names and lengths come with every record.
@lru_cache(maxsize=4096)
def _before(name: str, length: int) -> bytes:
    raw = name.encode()
    return _LENGTHS.pack(len(raw), length) + raw


def unpack_headers(packed: bytes) -> tuple[Header, ...]:
    headers, at = [], 0
    while at < len(packed):
        name_bytes, value_bytes = _LENGTHS.unpack_from(packed, at)
        name_end = at + _LENGTHS.size + name_bytes
        end = name_end + value_bytes
        headers.append((packed[at + _LENGTHS.size : name_end].decode(), packed[name_end:end]))
        at = end
    return tuple(headers)
