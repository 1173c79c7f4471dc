"""Alterations that an owner of the database or of Kafka's files can make, one at a time."""

from __future__ import annotations

import struct
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path
from typing import Any

from aiokafka.record.util import calc_crc32c, encode_varint

from storage.handles import Connection

#: By type: any value that differs from `{0}`.
_OTHERWISE = {
    "text": "coalesce({0}, '') || 'x'",
    "uuid": "gen_random_uuid()",
    # Far away, where no other row has that key.
    "bigint": "coalesce({0}, 0) + 1009",
    "integer": "coalesce({0}, 0) + 1009",
    "boolean": "not coalesce({0}, false)",
    "timestamp with time zone": "coalesce({0}, now()) + interval '1 day'",
    "int8multirange": "{0} + int8multirange(int8range(1000, 2000))",
    "date": "coalesce({0}, current_date) + 1",
    "jsonb": "coalesce({0}, '{{}}') || '{{\"altered\": 1}}'",
    "bytea": "set_byte({0} || '\\x00', 0, get_byte({0} || '\\x00', 0) # 1)",
    "ARRAY": "array_append({0}, 'altered')",
}
#: If a check of the table allows few values.
_TOGGLED = {
    ("hand_over", "step"): "case step when 'delivered' then 'retrieved' else 'delivered' end"
}
_COLUMNS = """
select table_name, column_name, data_type, is_identity = 'YES' as numbered
from information_schema.columns c
where table_schema = $1 and is_generated = 'NEVER' and exists (
    select from pg_class p where p.oid = format('%I.%I', table_schema, table_name)::regclass
      and p.relkind in ('r', 'p') and not p.relispartition)
order by table_name, ordinal_position
"""
_BATCH = struct.Struct(">qi")
_CRC_AT, _CRC_FROM = 17, 21


async def columns(connection: Connection, schema: str) -> dict[str, dict[str, str]]:
    """Table → column → its type, of every table; what PostgreSQL makes of others cannot be set."""
    found: dict[str, dict[str, str]] = {}
    for row in await connection.fetch(_COLUMNS, schema):
        found.setdefault(row["table_name"], {})[row["column_name"]] = row["data_type"]
    return found


def otherwise(table: str, column: str, kind: str) -> str:
    """SQL for a value that differs from the present one."""
    return _TOGGLED.get((table, column)) or _OTHERWISE[kind].format(f'"{column}"')


@asynccontextmanager
async def undone(connection: Connection) -> AsyncIterator[None]:
    """Restore afterwards everything that is altered inside."""
    change = connection.transaction()
    await change.start()
    try:
        yield
    finally:
        await change.rollback()


class Segment:
    """The file of one partition of a topic on the broker's disk."""

    def __init__(self, data: Path, topic: str, partition: int) -> None:
        [self._path] = sorted((data / f"{topic}-{partition}").glob("*.log"))

    @contextmanager
    def altered(self, old: bytes, new: bytes) -> Iterator[None]:
        """Other bytes of the same length at the first place, and a checksum that fits."""
        assert len(old) == len(new)
        raw = self._path.read_bytes()
        at = raw.index(old)
        start, end = self._batch(raw, at)
        batch = bytearray(raw[start:end])
        batch[at - start : at - start + len(new)] = new
        batch[_CRC_AT:_CRC_FROM] = calc_crc32c(batch[_CRC_FROM:]).to_bytes(4, "big")
        self._write(start, batch)
        try:
            yield
        finally:
            self._write(start, raw[start:end])

    def _write(self, start: int, batch: bytes | bytearray) -> None:
        with self._path.open("r+b") as file:
            file.seek(start)
            file.write(batch)

    @staticmethod
    def _batch(raw: bytes, at: int) -> tuple[int, int]:
        start = 0
        while True:
            end = start + _BATCH.size + _BATCH.unpack_from(raw, start)[1]
            if at < end:
                return start, end
            start = end


def places_of(record: Any) -> dict[str, tuple[bytes, bytes]]:
    """The parts of a record that can be altered: its bytes as the file has them, and other ones."""
    value = record.value or b""
    found = {"value": (value, flipped(value))} if value else {}
    if record.key and value:
        behind = _sized(value)
        found["key"] = (_sized(record.key) + behind, _sized(flipped(record.key)) + behind)
    for name, text in record.headers:
        if text and name not in ("traceparent", "tracestate"):
            before = _sized(name.encode())
            found[name] = (before + _sized(text), before + _sized(flipped(text)))
    return found


def _sized(text: bytes) -> bytes:
    length = bytearray()
    encode_varint(len(text), length.append)
    return bytes(length) + text


def flipped(text: bytes) -> bytes:
    """One bit of the last byte is another; still a letter where it was one."""
    return text[:-1] + bytes([text[-1] ^ 1])
