"""Avro schemas by id and the codec of the Confluent wire format (0x00, four-byte id, Avro).

Schemas are parsed once. A value is read with the schema that wrote it. If a newer version of the
type exists, the value is resolved to that version, so that readers see one shape.
"""

from __future__ import annotations

import hashlib
import io
import json
import re
import struct
from dataclasses import dataclass
from functools import cached_property, lru_cache
from pathlib import Path
from typing import Any

import fastavro

from casebus.errors import CasebusError
from casebus.events import avro_types
from casebus.events.avro_types import RecordType
from casebus.events.counting import MOST_ITEMS, Counter, TooManyError
from casebus.events.mismatches import mismatches_of
from casebus.rejections import Reason
from casebus.words import in_words

_PREFIX = struct.Struct(">bI")
PREFIX_BYTES = _PREFIX.size
#: The most mismatches_of that a sentence names.
_TOLD = 3


class CodecError(CasebusError):
    """A value that cannot be read, or data that does not fit its schema."""


@dataclass(frozen=True)
class Schema:
    """One registered version: `text` is what the registry serves, `digest` its SHA-256."""

    id: int
    subject: str
    version: int
    text: str

    @cached_property
    def digest(self) -> bytes:
        return hashlib.sha256(self.text.encode()).digest()

    @cached_property
    def body(self) -> dict[str, Any]:
        """The schema as JSON, annotations (title, visibility) included."""
        return dict(json.loads(self.text))

    @cached_property
    def tree(self) -> RecordType:
        return avro_types.record_of(self.body)

    @cached_property
    def parsed(self) -> Any:
        return fastavro.parse_schema(self.body, named_schemas={})

    @cached_property
    def counter(self) -> Counter:
        return Counter(self.tree)

    @cached_property
    def ce_type(self) -> str:
        return type_of(self.subject)

    @property
    def uri(self) -> str:
        """The value of `ce_dataschema`: the registry's path of this id."""
        return f"/registry/schemas/ids/{self.id}"


def type_of(subject: str) -> str:
    """`casebus.referral.v1.FilingRefused` → `casebus.referral.filing_refused.v1`."""
    bus, domain, major, name = subject.split(".")
    snake = re.sub(r"(?<!^)(?=[A-Z])", "_", name).lower()
    return f"{bus}.{domain}.{snake}.{major}"


def subject_of(ce_type: str) -> str:
    """`casebus.referral.filing_refused.v1` → `casebus.referral.v1.FilingRefused`."""
    bus, domain, snake, major = ce_type.split(".")
    camel = "".join(part.capitalize() for part in snake.split("_"))
    return f"{bus}.{domain}.{major}.{camel}"


def served_text(body: dict[str, Any]) -> str:
    """The full registered text: what the registry serves and what digests are taken of."""
    return json.dumps(body, ensure_ascii=False, separators=(",", ":"))


class Schemas:
    """All registered schemas of an installation, by id and by type."""

    def __init__(self, schemas: list[Schema]) -> None:
        self._by_id = {schema.id: schema for schema in schemas}
        self._latest: dict[str, Schema] = {}
        for schema in sorted(schemas, key=lambda one: one.version):
            self._latest[schema.ce_type] = schema

    @classmethod
    def load(cls, folder: Path) -> Schemas:
        """Read `ids.json` and the files it names; raises CodecError for a text that changed."""
        rows = json.loads((folder / "ids.json").read_text(encoding="utf-8"))
        return cls([_load_one(folder, int(key), row) for key, row in rows.items()])

    def __iter__(self) -> Any:
        return iter(self._by_id.values())

    def by_id(self, schema_id: int) -> Schema | None:
        return self._by_id.get(schema_id)

    def latest(self, ce_type: str) -> Schema:
        """The newest version of a type; raises CodecError `unknown_type`."""
        try:
            return self._latest[ce_type]
        except KeyError:
            raise CodecError("unknown_type", f"no schema for {ce_type}") from None

    def encode(self, ce_type: str, data: dict[str, Any]) -> bytes:
        """The wire value of `data` in the newest version; raises CodecError `invalid_data`."""
        schema = self.latest(ce_type)
        buffer = io.BytesIO()
        buffer.write(_PREFIX.pack(0, schema.id))
        try:
            fastavro.schemaless_writer(buffer, schema.parsed, data, strict_allow_default=True)
        except (ValueError, TypeError, AttributeError, KeyError, OverflowError) as error:
            raise CodecError("invalid_data", f"{ce_type}: {_why(schema, data, error)}") from error
        return buffer.getvalue()

    def schema_of(self, value: bytes | None) -> Schema:
        """The schema that wrote a wire value; raises CodecError with a rejection reason."""
        return self._written(value)[0]

    def _written(self, value: bytes | None) -> tuple[Schema, bytes]:
        """The schema, and the value that is there."""
        if not value:
            raise CodecError(Reason.NO_VALUE)
        if len(value) < PREFIX_BYTES or value[0] != 0:
            raise CodecError(Reason.NOT_AVRO, "no wire format prefix")
        schema = self._by_id.get(_PREFIX.unpack_from(value)[1])
        if schema is None:
            raise CodecError(Reason.UNKNOWN_SCHEMA, f"id {_PREFIX.unpack_from(value)[1]}")
        return schema, value

    def check_items(self, value: bytes | None) -> None:
        """Raise CodecError `too_many_items` before anything of a value is built.

        Only for the doors: journaled values were taken, and are read whatever they hold.
        """
        schema, there = self._written(value)
        try:
            schema.counter.check(there, PREFIX_BYTES)
        except TooManyError:
            raise CodecError(Reason.TOO_MANY_ITEMS, f"more than {MOST_ITEMS}") from None

    def decode(self, value: bytes | None) -> tuple[Schema, dict[str, Any]]:
        """Read a wire value into the newest shape of its type; raises CodecError."""
        writer, there = self._written(value)
        reader = self._latest[writer.ce_type]
        buffer = io.BytesIO(there)
        buffer.seek(PREFIX_BYTES)
        resolve_to = None if reader is writer else reader.parsed
        try:
            data = fastavro.schemaless_reader(buffer, writer.parsed, resolve_to)
        except (EOFError, ValueError, TypeError, IndexError, OverflowError, MemoryError) as error:
            raise CodecError(Reason.UNDECODABLE, type(error).__name__) from error
        if buffer.tell() != len(there):
            raise CodecError(Reason.UNDECODABLE, "bytes left over")
        return writer, data


def _load_one(folder: Path, schema_id: int, row: dict[str, Any]) -> Schema:
    text = (folder / row["file"]).read_text(encoding="utf-8")
    schema = _schema(schema_id, row["subject"], row["version"], text)
    if schema.digest.hex() != row["digest"]:
        raise CodecError("schema_changed", f"{row['file']} is not as registered")
    return schema


# One process loads them for several purposes, and its copies (`onebox.preloaded`) again.
@lru_cache(maxsize=2048)
def _schema(schema_id: int, subject: str, version: int, text: str) -> Schema:
    return Schema(schema_id, subject, version, served_text(json.loads(text)))


def _why(schema: Schema, data: dict[str, Any], error: Exception) -> str:
    """The first places that do not fit; the codec names Python's types."""
    found = mismatches_of(schema.tree, data, at="")[:_TOLD]
    return "; ".join(f"{row['pointer']}: {row['detail']}" for row in found) or in_words(error)
