"""Arrays are counted before they are read: no value makes its reader build more than it may."""

from __future__ import annotations

import io
import struct
import tracemalloc
from typing import Any

import fastavro
import pytest
from hypothesis import given
from hypothesis import strategies as st

from casebus.events.avro_types import read
from casebus.events.counting import MOST_ITEMS, Counter, TooManyError
from casebus.events.schemas import CodecError
from casebus.rejections import Reason
from tests.world import SCHEMAS

SEIZED = "casebus.goods.seized.v1"
NESTED = fastavro.parse_schema(
    {
        "type": "record",
        "name": "Node",
        "fields": [
            {"name": "kind", "type": {"type": "enum", "name": "Kind", "symbols": ["A", "B"]}},
            {"name": "share", "type": ["null", "double"]},
            {"name": "digest", "type": {"type": "fixed", "name": "Digest", "size": 3}},
            {"name": "names", "type": {"type": "map", "values": "string"}},
            {"name": "again", "type": "Kind"},
            {"name": "parts", "type": {"type": "array", "items": "Node"}},
        ],
    },
    named_schemas={},
)


def node(draw: Any) -> dict[str, Any]:
    made: dict[str, Any] = draw(
        st.builds(_node, st.integers(0, 3), st.lists(st.text(max_size=3), max_size=4))
    )
    return made


def _node(depth: int, names: list[str]) -> dict[str, Any]:
    return {
        "kind": "B",
        "share": 0.5 if depth % 2 else None,
        "digest": b"abc",
        "names": {name: name for name in names},
        "again": "A",
        "parts": [_node(depth - 1, names[1:]) for _ in names] if depth else [],
    }


def items_of(one: dict[str, Any]) -> int:
    return len(one["names"]) + len(one["parts"]) + sum(map(items_of, one["parts"]))


def written(parsed: Any, data: Any) -> bytes:
    buffer = io.BytesIO()
    fastavro.schemaless_writer(buffer, parsed, data)
    return buffer.getvalue()


@given(st.data())
def test_the_count_is_exact_over_nested_arrays_and_maps(data):
    one = node(data.draw)
    value, count, counter = written(NESTED, one), items_of(one), Counter(read(NESTED))
    counter.check(value, 0, count)
    if count > 0 and len(value) > count - 1:
        with pytest.raises(TooManyError):
            counter.check(value, 0, count - 1)


def test_blocks_that_say_their_length_in_bytes_are_counted_too():
    parsed = fastavro.parse_schema({"type": "array", "items": "string"}, named_schemas={})
    # Two blocks of -2 items and 2 bytes each, then the end.
    value = bytes([3, 4, 0, 0, 3, 4, 0, 0, 0])
    assert fastavro.schemaless_reader(io.BytesIO(value), parsed, None) == [""] * 4
    Counter(read(parsed)).check(value, 0, 4)
    with pytest.raises(TooManyError):
        Counter(read(parsed)).check(value, 0, 3)


def test_items_that_take_no_byte_are_counted_however_short_the_value():
    parsed = fastavro.parse_schema({"type": "array", "items": "null"}, named_schemas={})
    with pytest.raises(TooManyError):
        Counter(read(parsed)).check(bytes([0xFE, 0xFF, 0xFF, 0xFF, 0x0F, 0]), 0, 100)


@pytest.mark.parametrize("schema", list(SCHEMAS), ids=lambda one: f"{one.subject}-{one.version}")
def test_every_schema_can_be_counted(schema):
    schema.counter.check(b"\x00" * 50_000, 0)


def half_a_million() -> bytes:
    """Goods that were seized: half a million lines, which are cut off after half a megabyte."""
    schema = SCHEMAS.latest(SEIZED)
    assert schema.parsed["fields"][0]["type"]["type"] == "array"
    announced = io.BytesIO()
    fastavro.schemaless_writer(announced, "long", 500_000)
    return struct.pack(">bI", 0, schema.id) + announced.getvalue() + bytes(500_000)


def test_a_value_of_half_a_million_empty_items_is_refused_before_any_is_built():
    value = half_a_million()
    tracemalloc.start()
    with pytest.raises(CodecError) as refused:
        SCHEMAS.check_items(value)
    _, most = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert refused.value.code == Reason.TOO_MANY_ITEMS
    assert most < 1 << 20
    assert len(value) > MOST_ITEMS
