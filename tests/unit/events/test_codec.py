"""Values of the wire: bytes of every kind, and readers whose schema is not the writer's."""

from __future__ import annotations

import io
import json
import struct
from typing import Any

import fastavro
import pytest

from casebus.events.schemas import CodecError, Schema, Schemas, served_text
from casebus.rejections import Reason
from tests.world import SCHEMAS

BREACHED = "casebus.clock.breached.v1"


def versions(ce_type: str) -> dict[int, Schema]:
    return {schema.version: schema for schema in SCHEMAS if schema.ce_type == ce_type}


def written(schema: Schema, data: dict[str, Any]) -> bytes:
    """A wire value by this very version, whichever is the newest."""
    buffer = io.BytesIO()
    buffer.write(struct.pack(">bI", 0, schema.id))
    fastavro.schemaless_writer(buffer, schema.parsed, data)
    return buffer.getvalue()


def newer(schema: Schema, version: int, **fields: str) -> Schema:
    """The schema with more text fields; `version` says which of the two is the newest."""
    body = json.loads(schema.text)
    body["fields"] += [
        {"name": name, "type": "string", "default": default} for name, default in fields.items()
    ]
    return Schema(9_999, schema.subject, version, served_text(body))


def test_each_registered_version_is_read_in_the_shape_of_the_newest() -> None:
    known = versions(BREACHED)
    assert len(known) > 1
    shape = {field["name"] for field in known[max(known)].body["fields"]}
    for schema in known.values():
        writer, data = SCHEMAS.decode(written(schema, {"clock": "T18", "actor": "a"}))
        assert writer is schema
        assert set(data) == shape
        assert (data["clock"], data["actor"]) == ("T18", "a")


def test_a_field_that_the_writer_did_not_know_has_its_default() -> None:
    old = versions(BREACHED)[1]
    reader = Schemas([old, newer(old, 3, extra="none said")])
    writer, data = reader.decode(written(old, {"clock": "T18"}))
    assert (writer, data["clock"], data["extra"]) == (old, "T18", "none said")


def test_a_reader_that_stayed_behind_reads_what_it_knows_of_a_newer_version() -> None:
    old = versions(BREACHED)[2]
    new = newer(old, 0, extra="none said")
    writer, data = Schemas([old, new]).decode(written(new, {"clock": "T18", "extra": "x"}))
    assert (writer, data["clock"]) == (new, "T18")
    assert set(data) == {field["name"] for field in old.body["fields"]}


def test_a_symbol_that_the_reader_does_not_know_becomes_the_enum_s_default() -> None:
    *_, refused = versions("casebus.referral.filing_refused.v1").values()
    body = json.loads(refused.text)
    field = body["fields"][0]
    field["type"]["symbols"].append("SOMETHING_NEW")
    more = Schema(9_999, refused.subject, 0, served_text(body))
    _, data = Schemas([refused, more]).decode(written(more, {field["name"]: "SOMETHING_NEW"}))
    assert data[field["name"]] == field["type"]["default"]


@pytest.mark.parametrize(
    ("value", "reason"),
    [
        (None, Reason.NO_VALUE),
        (b"", Reason.NO_VALUE),
        (b"\x00\x00", Reason.NOT_AVRO),
        (b"\x01" + b"\x00" * 20, Reason.NOT_AVRO),
        (b"\x00\xff\xff\xff\xff", Reason.UNKNOWN_SCHEMA),
        (SCHEMAS.encode(BREACHED, {"clock": "T18"})[:-1], Reason.UNDECODABLE),
        (SCHEMAS.encode(BREACHED, {"clock": "T18"}) + b"\x00", Reason.UNDECODABLE),
        (SCHEMAS.encode(BREACHED, {"clock": "qq"}).replace(b"qq", b"\xff\xfe"), Reason.UNDECODABLE),
    ],
)
def test_bytes_that_are_no_value_say_why(value: bytes | None, reason: Reason) -> None:
    with pytest.raises(CodecError) as caught:
        SCHEMAS.decode(value)
    assert caught.value.code == reason
