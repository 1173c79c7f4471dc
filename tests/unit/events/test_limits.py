"""Sizes have one owner, and the brokers and the words that people read say the same."""

from __future__ import annotations

import ast
import re
from operator import add, lshift, mul

import pytest

from casebus.events import limits
from casebus.events.doors import is_door
from casebus.events.topics import DIRECTORY, Member, Topics
from casebus.rejections import WHY, Reason
from tests import tree

_OWNER = "casebus/events/limits.py"
_BEHIND = {
    limits.MOST_KEPT_BYTES,
    limits.MOST_DOOR_RECORD_BYTES,
    limits.MOST_RECORD_BYTES,
}
_OPERATORS = {ast.LShift: lshift, ast.Mult: mul, ast.Add: add}
#: No size is said without one of these.
_SPELT = re.compile(r"<<|1024|1048|_?114_?112|_?228_?224|_?097_?152")
_HEARTBEAT = f"{DIRECTORY}.heartbeat"
_TOPICS = Topics.load(tree.ROOT / "schemas").topics([Member("cn-1-psb", "police")])


def _most(topic: str) -> int:
    (found,) = [one for one in _TOPICS if one.name == topic]
    return int(found.config["max.message.bytes"])


@pytest.mark.parametrize("topic", [one.name for one in _TOPICS if one.name != _HEARTBEAT])
def test_a_topic_takes_what_the_code_says_and_no_more(topic: str) -> None:
    narrow = is_door(topic) or topic == DIRECTORY
    wanted = limits.MOST_DOOR_RECORD_BYTES if narrow else limits.MOST_RECORD_BYTES
    assert _most(topic) == wanted


def _said(node: ast.AST) -> int | None:
    """The number that an expression of nothing but numbers is."""
    match node:
        case ast.Constant(value=int(number)):
            return number
        case ast.BinOp(left, op, right):
            one, other, how = _said(left), _said(right), _OPERATORS.get(type(op))
            return None if one is None or other is None or how is None else how(one, other)
    return None


def test_no_other_module_computes_the_size_of_a_record() -> None:
    others = {
        name
        for name, text in tree.files((*tree.ROOMS, "bench"))
        if name != _OWNER and _SPELT.search(text)
        if _BEHIND & set(map(_said, ast.walk(ast.parse(text))))
    }
    assert others == set()
    assert _said(ast.parse("(1 << 20) + 64 * 1024", mode="eval").body) in _BEHIND


def test_the_words_of_a_refusal_name_the_sizes_that_are_enforced() -> None:
    sentence = WHY[Reason.TOO_LARGE].wrong
    for size, unit in (
        (limits.MOST_VALUE_BYTES >> 20, "MiB"),
        (limits.MOST_HEADER_BYTES >> 10, "KiB"),
        (limits.MOST_KEPT_BYTES >> 20, "MiB"),
    ):
        assert f"{size} {unit}" in sentence
    assert f"{limits.MOST_UNPACKED_BYTES >> 20} MiB" in WHY[Reason.UNREADABLE].wrong
