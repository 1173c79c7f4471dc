"""Reads YAML of the law strictly, and finds the line of every place in it.

It refuses, with file, line and reason, a text that is not UTF-8, a key twice in one mapping (YAML
silently keeps the last one), and aliases that would unfold to a giant.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

import yaml

from casebus.errors import CasebusError
from casebus.words import in_words

#: The most nodes of one file, with aliases written out; our largest file has a twentieth of it.
MOST_NODES = 100_000
#: The most levels of nesting. The parser recurses in C and would end the process without an error.
_DEEPEST = 100
_FLOW = re.compile(rb"[\[\]{}]")
_INLINE = re.compile(rb"(?:[-?] +){%d}" % _DEEPEST)
#: None of our lines is indented so far, except by excessive nesting.
_INDENTED = re.compile(rb"^ {%d}" % (2 * _DEEPEST), re.MULTILINE)
_MERGE = "tag:yaml.org,2002:merge"
# The same safe schema in C, ten times as fast.
_Loader: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


class LawError(CasebusError):
    """The law files cannot be used; the text names the file and the reason.

    `at` is the place in the file, as keys and positions. `placed` finds its line.
    """

    def __init__(self, code: str, detail: str = "", *, at: Sequence[str | int] = ()) -> None:
        super().__init__(code, detail)
        self.at = tuple(at)


def read_yaml(name: str, text: bytes) -> Any:
    """The data of the file. Raises LawError."""
    _check_depth(name, text)
    try:
        loader = _Loader(text.decode("utf-8"))
        root = loader.get_single_node()
        if root is None:
            return None
        _check(name, root)
        return loader.construct_document(root)
    except UnicodeDecodeError as error:
        line = text[: error.start].count(b"\n") + 1
        raise LawError("law_unreadable", f"{name}: line {line}: not UTF-8") from error
    except (yaml.YAMLError, RecursionError) as error:
        raise LawError("law_unreadable", f"{name}: {in_words(error)}") from error
    except ValueError as error:
        says = f"{name}: a day that no calendar has, or a number that is none"
        raise LawError("law_unreadable", says) from error


class LineFinder:
    """Finds the lines of places in one file, for callers that ask often."""

    def __init__(self, text: bytes) -> None:
        self._root = _Loader(text.decode("utf-8")).get_single_node()

    def of(self, path: Sequence[str | int]) -> int:
        """The line (from 1) of a place; if it is missing, that of the nearest place around it."""
        node, line = self._root, 1
        for part in path:
            node = _child(node, part)
            if node is None:
                break
            line = node.start_mark.line + 1
        return line


def line_of(text: bytes, path: Sequence[str | int]) -> int:
    """The line (from 1) of a place; if it is missing, that of the nearest place around it."""
    return LineFinder(text).of(path)


def _check_depth(name: str, text: bytes) -> None:
    depth = 0
    for bracket in _FLOW.finditer(text):
        depth += 1 if bracket[0] in b"[{" else -1
        if depth > _DEEPEST:
            line = text[: bracket.start()].count(b"\n") + 1
            raise LawError("law_unreadable", f"{name}: line {line}: over {_DEEPEST} levels deep")
        # An unclosed bracket in a text or a comment must not count for ever.
        depth = max(depth, 0)
    if found := _INLINE.search(text) or _INDENTED.search(text):
        line = text[: found.start()].count(b"\n") + 1
        raise LawError("law_unreadable", f"{name}: line {line}: over {_DEEPEST} levels deep")


def _check(name: str, root: yaml.Node) -> None:
    sizes: dict[int, int] = {}

    def size(node: yaml.Node) -> int:
        """The number of nodes below it and itself, aliases written out.

        Each node is walked once.
        """
        known = sizes.get(id(node))
        if known is not None:
            return known
        if isinstance(node, yaml.ScalarNode):
            return 1
        # A node inside itself counts as nothing. The models refuse its loop.
        sizes[id(node)] = 0
        parts = node.value
        if isinstance(node, yaml.MappingNode):
            _check_keys(name, node)
            parts = [value for _, value in node.value]
        total = sizes[id(node)] = 1 + sum(map(size, parts))
        return total

    if size(root) > MOST_NODES:
        raise LawError("law_unreadable", f"{name}: over {MOST_NODES} nodes, aliases written out")


def _check_keys(name: str, node: yaml.MappingNode) -> None:
    seen: set[str] = set()
    for key, _ in node.value:
        word = str(key.value)
        if word in seen and key.tag != _MERGE:
            line = key.start_mark.line + 1
            raise LawError("law_unreadable", f"{name}: line {line}: {word} stands twice")
        seen.add(word)


def _child(node: yaml.Node | None, part: str | int) -> yaml.Node | None:
    if isinstance(node, yaml.SequenceNode) and isinstance(part, int):
        return node.value[part] if part < len(node.value) else None
    if isinstance(node, yaml.MappingNode):
        for key, value in node.value:
            if key.value == str(part):
                return value  # type: ignore[no-any-return]
    return None
