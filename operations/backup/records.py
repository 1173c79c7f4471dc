"""Records of a topic in a file: each after its lengths, with its offset and the broker's time."""

from __future__ import annotations

import struct
from collections.abc import Iterator
from typing import Any, BinaryIO

from casebus.errors import CasebusError
from storage.packing import pack_headers, unpack_headers
from storage.restoring import Written

#: Offset; milliseconds since 1970; bytes of key and value, -1 for none; bytes of the headers.
_LENGTHS = struct.Struct(">qqiiI")
_NONE = -1


def pack(offset: int, record: Written) -> bytes:
    key, value = record.key, record.value
    headers = pack_headers(record.headers)
    return b"".join(
        (
            _LENGTHS.pack(offset, record.timestamp, _size(key), _size(value), len(headers)),
            key or b"",
            value or b"",
            headers,
        )
    )


def unpack(source: BinaryIO) -> Iterator[tuple[int, Written]]:
    """Offset and record of each. Raises CasebusError `backup_incomplete` if one is cut off."""
    while lengths := source.read(_LENGTHS.size):
        if len(lengths) < _LENGTHS.size:
            raise CasebusError("backup_incomplete", "a record is cut off")
        offset, timestamp, key_bytes, value_bytes, header_bytes = _LENGTHS.unpack(lengths)
        key, value = _read(source, key_bytes), _read(source, value_bytes)
        headers = unpack_headers(_read(source, header_bytes) or b"")
        yield offset, Written(timestamp, key, value, headers)


def written(record: Any) -> Written:
    """A record in the form of a consumer's."""
    headers = tuple((name, text or b"") for name, text in record.headers)
    return Written(record.timestamp, record.key, record.value, headers)


def _size(content: bytes | None) -> int:
    return _NONE if content is None else len(content)


def _read(source: BinaryIO, size: int) -> bytes | None:
    if size == _NONE:
        return None
    content = source.read(size)
    if len(content) < size:
        raise CasebusError("backup_incomplete", "a record is cut off")
    return content
