from __future__ import annotations

from typing import Any

import pytest

from casebus.errors import UnfitError
from casebus.events import avro_types
from casebus.events.avro_types import EnumType, MapType, RecordType, UnionType, held, plain
from tests.world import SCHEMAS

KIND = {"type": "enum", "name": "Kind", "symbols": ["A", "B"]}


def record(name: str, *fields: Any, **more: Any) -> dict[str, Any]:
    rows = [{"name": f"f{at}", "type": one} for at, one in enumerate(fields)]
    return {"type": "record", "name": name, "fields": rows, **more}


def test_a_type_is_one_object_wherever_it_is_named_and_a_record_may_hold_itself() -> None:
    tree = avro_types.record_of(
        record("Node", KIND, "a.Kind", {"type": "array", "items": "Node"}, namespace="a")
    )
    first, again, below = (field.type for field in tree.fields.values())
    assert isinstance(first, EnumType)
    assert (first.name, again) == ("a.Kind", first)
    assert held(below) is tree


def test_a_name_is_looked_up_in_the_namespace_in_which_it_stands() -> None:
    inner = record("Inner", {**KIND, "namespace": "c"}, "c.Kind", namespace="b")
    tree = avro_types.record_of(record("Outer", inner, "b.Inner", {"type": "b.Inner"}))
    assert {field.type for field in tree.fields.values()} == {tree.fields["f0"].type}
    with pytest.raises(UnfitError, match=r"b\.Kind is named and nowhere defined"):
        avro_types.record_of(record("Outer", record("Inner", KIND, namespace="a"), "b.Kind"))


def test_null_is_no_branch_of_its_own_and_what_is_held_is_without_lists() -> None:
    many = {"type": "array", "items": {"type": "map", "values": "string"}}
    tree = avro_types.record_of(record("T", ["null", many], ["null"]))
    optional, nothing = (field.type for field in tree.fields.values())
    assert isinstance(optional, UnionType)
    assert optional.is_optional
    assert isinstance(held(optional), MapType)
    assert plain(nothing) is avro_types.NULL


def test_a_default_of_null_is_a_default() -> None:
    rows = [
        {"name": "x", "type": ["null", "string"], "default": None},
        {"name": "y", "type": "int"},
    ]
    x, y = avro_types.record_of({"type": "record", "name": "T", "fields": rows}).fields.values()
    assert (x.has_default, x.default, y.has_default) == (True, None, False)


def test_each_definition_of_every_registered_schema_is_met_once() -> None:
    for schema in SCHEMAS:
        found = [kind for _, kind in avro_types.definitions(schema.tree)]
        assert len({kind.name for kind in found}) == len(found)
        assert found[0] is schema.tree
        assert isinstance(schema.tree, RecordType)
        assert schema.tree.name == schema.subject
