"""Reads any records of foreign clients, where aiokafka's own reader would stop for ever.

A header's name need not be UTF-8 and a batch may unpack to anything: the broker checks neither,
and aiokafka raises at the same offset again and again. A name that is no UTF-8 is given with lone
surrogates (PEP 383), which no readable name has; a batch that cannot be unpacked, or only to more
than `MOST_UNPACKED_BYTES`, is given as so many records of nothing. Both are judged like any other
record.
What this relies on inside aiokafka is pinned by tests/unit/test_reading.py.
"""

from __future__ import annotations

import logging
import zlib
from collections.abc import Callable, Iterator
from struct import Struct
from typing import Any, NamedTuple

import cramjam
from aiokafka.consumer import fetcher
from aiokafka.record.default_records import DefaultRecordBatch
from aiokafka.record.memory_records import MemoryRecords
from aiokafka.record.util import decode_varint

from casebus.events.envelope import UNREADABLE
from casebus.events.limits import MOST_UNPACKED_BYTES

logger = logging.getLogger(__name__)

_FIRST_TRY = 16

_OVERHEAD = 12
_LENGTH = Struct(">8xi")
_ATTRIBUTES = Struct(">h")
_AT_ATTRIBUTES = 21
_AT_RECORDS = 61
_CODEC_MASK = 0x07
_XERIAL = b"\x82SNAPPY\x00"
_XERIAL_HEADER = 16
_BLOCK = Struct(">i")


def install() -> None:
    """Let every consumer of this process read this way."""
    fetcher.MemoryRecords = LenientRecords


class LenientRecords:
    """The records of a fetch for one partition. Replaces aiokafka's MemoryRecords."""

    def __init__(self, fetched: bytes) -> None:
        self._fetched = fetched
        self._records = MemoryRecords(fetched)
        self._at = 0

    def size_in_bytes(self) -> int:
        return len(self._fetched)

    def has_next(self) -> bool:
        return bool(self._records.has_next())

    def next_batch(self) -> LenientBatch:
        batch = self._records.next_batch()
        start, self._at = self._at, self._at + _OVERHEAD + _length(self._fetched, self._at)
        return LenientBatch(batch, self._fetched[start : self._at])


class LenientBatch:
    """One batch: read by aiokafka if it can, by us from the first record that it cannot read."""

    def __init__(self, batch: Any, raw: bytes) -> None:
        self._batch = batch
        self._raw = raw

    def __getattr__(self, name: str) -> Any:
        return getattr(self._batch, name)

    def __next__(self) -> Any:
        return next(self._batch)

    def __iter__(self) -> Iterator[Any]:
        """The records; a reader skips those at offsets that it was given already."""
        try:
            plain = _unpacked(self._raw)
        except Exception as error:  # noqa: BLE001 - codecs have no common error
            logger.warning("batch not unpacked", extra={"error": type(error).__name__})
            yield from self._nothing()
            return
        try:
            yield from self._batch if plain is self._raw else DefaultRecordBatch(plain)
        except UnicodeDecodeError:
            yield from self._records(plain)

    def _records(self, plain: bytes) -> Iterator[ReadRecord]:
        buffer, at = bytearray(plain), _AT_RECORDS
        while at < len(buffer):
            record, at = _read(buffer, at, self._batch)
            yield record

    def _nothing(self) -> Iterator[ReadRecord]:
        batch = self._batch
        stamp = (batch.max_timestamp, batch.timestamp_type)
        for offset in range(batch.base_offset, batch.next_offset):
            yield ReadRecord(offset, *stamp, None, None, [(UNREADABLE, b"")])


class ReadRecord(NamedTuple):
    """A record as aiokafka's readers give it."""

    offset: int
    timestamp: int
    timestamp_type: int
    key: bytes | None
    value: bytes | None
    headers: list[tuple[str, bytes | None]]
    checksum: None = None


def _read(buffer: bytearray, at: int, batch: Any) -> tuple[ReadRecord, int]:
    """The record at `at` and the start of the next one; the broker checked its form."""
    length, at = decode_varint(buffer, at)
    end = at + length
    later, at = decode_varint(buffer, at + 1)
    timestamp = batch.max_timestamp if batch.timestamp_type else batch.first_timestamp + later
    delta, at = decode_varint(buffer, at)
    key, at = _bytes(buffer, at)
    value, at = _bytes(buffer, at)
    count, at = decode_varint(buffer, at)
    headers = []
    for _ in range(count):
        name, at = _bytes(buffer, at)
        text, at = _bytes(buffer, at)
        headers.append(((name or b"").decode(errors="surrogateescape"), text))
    offset = batch.base_offset + delta
    return ReadRecord(offset, timestamp, batch.timestamp_type, key, value, headers), end


def _bytes(buffer: bytearray, at: int) -> tuple[bytes | None, int]:
    length, at = decode_varint(buffer, at)
    return (None, at) if length < 0 else (bytes(buffer[at : at + length]), at + length)


def _length(fetched: bytes, at: int) -> int:
    return int(_LENGTH.unpack_from(fetched, at)[0])


def _unpacked(raw: bytes) -> bytes:
    """The batch with its records unpacked; itself if they were not packed."""
    (attributes,) = _ATTRIBUTES.unpack_from(raw, _AT_ATTRIBUTES)
    codec = attributes & _CODEC_MASK
    if not codec:
        return raw
    head = bytearray(raw[:_AT_RECORDS])
    _ATTRIBUTES.pack_into(head, _AT_ATTRIBUTES, attributes & ~_CODEC_MASK)
    return bytes(head + _CODECS[codec](raw[_AT_RECORDS:]))


def _gunzip(packed: bytes) -> bytes:
    found = b""
    while packed:
        member = zlib.decompressobj(wbits=31)
        found += member.decompress(packed, MOST_UNPACKED_BYTES - len(found) + 1)
        if len(found) > MOST_UNPACKED_BYTES or not member.eof:
            raise ValueError("gzip: too long, or cut off")
        packed = member.unused_data
    return found


def _unsnappy(packed: bytes) -> bytes:
    """One block, or the blocks of the framing that Java's clients write."""
    if not packed.startswith(_XERIAL):
        return _block(packed, 0)
    found, at = bytearray(), _XERIAL_HEADER
    while at < len(packed):
        (length,) = _BLOCK.unpack_from(packed, at)
        at += _BLOCK.size
        found += _block(packed[at : at + length], len(found))
        at += length
    return bytes(found)


def _block(packed: bytes, before: int) -> bytes:
    if before + cramjam.snappy.decompress_raw_len(packed) > MOST_UNPACKED_BYTES:
        raise ValueError("snappy: too long")
    return bytes(cramjam.snappy.decompress_raw(packed))


def _into(unpack: Callable[[bytes, bytearray], int]) -> Callable[[bytes], bytes]:
    """Unpacks into a space of limited size: these two formats need not give theirs."""

    def unpacked(packed: bytes) -> bytes:
        space = bytearray(min(MOST_UNPACKED_BYTES, max(_FIRST_TRY * len(packed), 1 << 16)))
        try:
            return bytes(space[: unpack(packed, space)])
        except cramjam.DecompressionError:
            space = bytearray(MOST_UNPACKED_BYTES)
            return bytes(space[: unpack(packed, space)])

    return unpacked


#: By the number in the batch's attributes.
_CODECS: dict[int, Callable[[bytes], bytes]] = {
    1: _gunzip,
    2: _unsnappy,
    3: _into(cramjam.lz4.decompress_into),
    4: _into(cramjam.zstd.decompress_into),
}
