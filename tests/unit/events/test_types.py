"""A name of an event type that several modules speak of has one owner."""

from __future__ import annotations

import ast
import json
import re
from collections import defaultdict
from collections.abc import Iterator

from casebus.events import types
from casebus.events.schemas import type_of
from tests import tree

_OWNER = "casebus/events/types.py"
_REGISTERED = frozenset(
    type_of(row["subject"])
    for row in json.loads((tree.ROOT / "schemas/ids.json").read_text(encoding="utf-8")).values()
)
_NAMES = frozenset(map(types.event_name, _REGISTERED))
#: A name alone, a type, or how its versions begin. `casebus.intake.received` is a metric.
_FORM = re.compile(r"casebus\.([a-z0-9_]+\.[a-z0-9_]+)\.(?:v\d+)?|([a-z0-9_]+\.[a-z0-9_]+)\.?")
#: The same in a file's text, to parse only what may hold one.
_QUOTED = re.compile(rf'"(?:{_FORM.pattern})"')


def _spelt(text: str) -> Iterator[str]:
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.Constant) and isinstance(node.value, str):
            found = _FORM.fullmatch(node.value)
            if found and (name := found[1] or found[2]) in _NAMES:
                yield name


def _places() -> dict[str, set[str]]:
    """By name: the modules that spell it."""
    places = defaultdict(set)
    for module, text in tree.files(tree.ROOMS):
        if any(one[1] in _NAMES or one[2] in _NAMES for one in _QUOTED.finditer(text)):
            for name in _spelt(text):
                places[name].add(module)
    return places


def _owned() -> dict[str, str]:
    return {
        name: value
        for name, value in vars(types).items()
        if name.isupper() and not name.startswith("_") and isinstance(value, str)
    }


def test_no_two_modules_spell_the_same_type() -> None:
    places = _places()
    assert {name: sorted(where) for name, where in places.items() if len(where) > 1} == {}
    assert places[types.event_name(types.CASE_CORRECTED)] == {_OWNER}


def test_what_is_owned_is_registered_and_called_by_its_name() -> None:
    owned = _owned()
    assert len(owned) > 20
    assert set(owned.values()) <= _REGISTERED
    for constant, ce_type in owned.items():
        assert constant == types.event_name(ce_type).replace(".", "_").upper()


def test_a_type_is_put_together_by_its_owner_alone() -> None:
    made = re.compile(r'f"casebus\.[^"]*\.v\d|removeprefix\("casebus\."\)')
    assert {module for module, text in tree.files(tree.ROOMS) if made.search(text)} == set()
    assert made.search('f"casebus.{event}.v1"')


def test_the_forms_of_a_type_lead_to_each_other() -> None:
    for ce_type in _REGISTERED:
        name = types.event_name(ce_type)
        assert types.event_name(name) == name
        assert ce_type.startswith(types.all_of(name.partition(".")[0]))
        assert ce_type.startswith(types.any_version(ce_type))
        assert types.in_full(ce_type) == ce_type
        if ce_type.endswith(".v1"):
            assert types.in_full(name) == ce_type
