"""YAML as storylines use it: YAML 1.2's scalars, lines for errors, three tags for things with ids.

A date stays text, `10:00` is no number, `on` is a word; a repeated key is an error.
"""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass
from typing import Any

import yaml

from casebus.errors import UnfitError

#: Bodies nest a few levels; a file that repeats its anchors beyond this is no storyline.
_MOST_NODES = 200_000


@dataclass(frozen=True, slots=True)
class Ref:
    """`!event LABEL`, `!case STREAM` or `!agency WORD` in a body: an id known when it is sent."""

    kind: str
    name: str


@dataclass(frozen=True, slots=True)
class Document:
    """The content of a file, and the line on which each entry of its lists at the top begins."""

    content: Any
    lines: dict[str, list[int]]


class _Loader(yaml.SafeLoader):
    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Any, Any]:
        seen: set[str] = set()
        for key, _ in node.value:
            if key.value in seen and key.value != "<<":
                line = key.start_mark.line + 1
                raise UnfitError(f"line {line}: the key {key.value} stands twice")
            seen.add(key.value)
        self.flatten_mapping(node)
        return {
            self.construct_object(key, deep=deep): self.construct_object(value, deep=deep)
            for key, value in node.value
        }


# A table of its own: the base class has others.
_Loader.yaml_implicit_resolvers = {}


def _construct_map(loader: _Loader, node: yaml.MappingNode) -> dict[Any, Any]:
    return loader.construct_mapping(node, deep=True)


def _construct_ref(loader: _Loader, node: yaml.Node) -> Ref:
    return Ref(node.tag.removeprefix("!"), _text(loader, node))


def _digest(loader: _Loader, node: yaml.Node) -> str:
    """`!digest 移送书`: the SHA-256 of the text, as if it were the digest of such a document."""
    return hashlib.sha256(_text(loader, node).encode()).hexdigest()


def _text(loader: _Loader, node: yaml.Node) -> str:
    if not isinstance(node, yaml.ScalarNode):
        raise UnfitError(f"line {node.start_mark.line + 1}: {node.tag} has one word behind it")
    return str(loader.construct_scalar(node))


for _tag, _pattern, _first in (
    ("tag:yaml.org,2002:bool", r"^(?:true|false)$", "tf"),
    ("tag:yaml.org,2002:null", r"^(?:null|)$", ["n", ""]),
    ("tag:yaml.org,2002:int", r"^[-+]?[0-9]+$", list("-+0123456789")),
    ("tag:yaml.org,2002:float", r"^[-+]?[0-9]+\.[0-9]+$", list("-+0123456789")),
    ("tag:yaml.org,2002:merge", r"^<<$", ["<"]),
):
    _Loader.add_implicit_resolver(_tag, re.compile(_pattern), list(_first))
_Loader.add_constructor("tag:yaml.org,2002:map", _construct_map)
_Loader.add_constructor("!digest", _digest)
for _kind in ("event", "case", "agency"):
    _Loader.add_constructor(f"!{_kind}", _construct_ref)


def read(text: str) -> Document:
    """Raises yaml.YAMLError, or UnfitError for texts that YAML would take and we do not."""
    loader = _Loader(text)
    try:
        root = loader.get_single_node()
        if root is None:
            return Document(None, {})
        _refuse_bomb(root)
        lines = _lines(root)
        return Document(loader.construct_document(root), lines)
    finally:
        loader.dispose()


def _lines(root: yaml.Node) -> dict[str, list[int]]:
    if not isinstance(root, yaml.MappingNode):
        return {}
    return {
        key.value: [item.start_mark.line + 1 for item in value.value]
        for key, value in root.value
        if isinstance(value, yaml.SequenceNode)
    }


def _refuse_bomb(root: yaml.Node) -> None:
    """Anchors may be repeated, but not until the file has grown beyond reason."""
    sizes: dict[int, int] = {}

    def size(node: yaml.Node) -> int:
        known = sizes.get(id(node))
        if known is not None:
            return known
        sizes[id(node)] = 0
        parts: list[yaml.Node] = []
        if isinstance(node, yaml.SequenceNode):
            parts = node.value
        elif isinstance(node, yaml.MappingNode):
            parts = [part for pair in node.value for part in pair]
        total = 1 + sum(size(part) for part in parts)
        sizes[id(node)] = total
        return total

    if size(root) > _MOST_NODES:
        raise UnfitError(f"with its anchors written out it has over {_MOST_NODES} nodes")
