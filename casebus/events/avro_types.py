"""A schema as a small tree of types: names are looked up once, and whoever reads it walks this.

A named type is one object, wherever a schema names it; a record may hold itself.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, ClassVar, NamedTuple

from casebus.errors import UnfitError

#: Avro's types without a part or a name.
PLAIN = frozenset({"null", "boolean", "int", "long", "float", "double", "bytes", "string"})
_NOTHING_STATED = object()


@dataclass(frozen=True, slots=True, eq=False)
class PlainType:
    #: Avro's word.
    kind: str
    logical: str = ""


@dataclass(frozen=True, slots=True, eq=False)
class FixedType:
    kind: ClassVar[str] = "fixed"
    name: str
    size: int


@dataclass(frozen=True, slots=True, eq=False)
class EnumType:
    kind: ClassVar[str] = "enum"
    name: str
    symbols: tuple[str, ...]
    doc: str = ""
    default: str | None = None

    @property
    def short_name(self) -> str:
        return self.name.rpartition(".")[2]


@dataclass(frozen=True, slots=True, eq=False)
class ArrayType:
    kind: ClassVar[str] = "array"
    items: AvroType


@dataclass(frozen=True, slots=True, eq=False)
class MapType:
    kind: ClassVar[str] = "map"
    values: AvroType


@dataclass(frozen=True, slots=True, eq=False)
class UnionType:
    kind: ClassVar[str] = "union"
    #: Without null.
    branches: tuple[AvroType, ...]
    #: The branches as they are written, null among them.
    written: tuple[AvroType, ...]

    @property
    def is_optional(self) -> bool:
        return len(self.branches) < len(self.written)


class SchemaField(NamedTuple):
    """A tuple, because the schemas together have ten thousand."""

    name: str
    type: AvroType
    doc: str = ""
    visibility: str | None = None
    #: The default as it is written.
    written: Any = _NOTHING_STATED

    @property
    def has_default(self) -> bool:
        return self.written is not _NOTHING_STATED

    @property
    def default(self) -> Any:
        """None, too, where none is stated."""
        return self.written if self.has_default else None


@dataclass(frozen=True, slots=True, eq=False)
class RecordType:
    kind: ClassVar[str] = "record"
    #: With its namespace.
    name: str
    #: By name, in the order in which they are written.
    fields: dict[str, SchemaField] = field(default_factory=dict)
    doc: str = ""
    title: str = ""

    @property
    def short_name(self) -> str:
        return self.name.rpartition(".")[2]


AvroType = PlainType | FixedType | EnumType | ArrayType | MapType | UnionType | RecordType
NULL = PlainType("null")
_PLAIN = {kind: PlainType(kind) for kind in PLAIN} | {"null": NULL}


def read(node: Any) -> AvroType:
    """The tree of any schema, as JSON; raises UnfitError for a name without a type."""
    return _Reader().type_of(node, "")


def record_of(body: Mapping[str, Any]) -> RecordType:
    """The tree of an event's body; raises as `read` does."""
    return _Reader().record(body, "")


def plain(kind: AvroType) -> AvroType:
    """The first branch that is not null; any other type as it is."""
    if isinstance(kind, UnionType):
        return plain(kind.branches[0]) if kind.branches else NULL
    return kind


def held(kind: AvroType) -> AvroType:
    """What a field holds, once or several times: without null and without lists."""
    one = plain(kind)
    return held(one.items) if isinstance(one, ArrayType) else one


def definitions(kind: AvroType, path: str = "") -> Iterator[tuple[str, RecordType | EnumType]]:
    """Each record and enum once, and the path of fields that leads to its first place."""
    return _definitions(kind, path, set())


def _definitions(
    kind: AvroType, path: str, seen: set[AvroType]
) -> Iterator[tuple[str, RecordType | EnumType]]:
    match kind:
        case RecordType() | EnumType():
            if kind in seen:
                return
            seen.add(kind)
            yield path, kind
            for one in kind.fields.values() if isinstance(kind, RecordType) else ():
                yield from _definitions(one.type, f"{path}.{one.name}", seen)
        case ArrayType(items=inner) | MapType(values=inner):
            yield from _definitions(inner, path, seen)
        case UnionType(branches=branches):
            for branch in branches:
                yield from _definitions(branch, path, seen)


class _Reader:
    """Named types are learnt where they are defined, before they are used."""

    def __init__(self) -> None:
        self._named: dict[str, AvroType] = {}
        self._makers: dict[str, Callable[[Mapping[str, Any], str], AvroType]] = {
            "record": self.record,
            "enum": self._enum,
            "fixed": self._fixed,
            "array": self._array,
            "map": self._map,
        }

    def type_of(self, node: Any, space: str) -> AvroType:
        """`space`: the namespace of what is written without one."""
        if isinstance(node, str):
            return _PLAIN.get(node) or self._found(_full(node, space))
        if isinstance(node, list):
            written = tuple(self.type_of(one, space) for one in node)
            return UnionType(tuple(one for one in written if one is not NULL), written)
        made_by = self._makers.get(node["type"]) if isinstance(node["type"], str) else None
        return made_by(node, space) if made_by else self._within(node, space)

    def _found(self, name: str) -> AvroType:
        if name not in self._named:
            raise UnfitError(f"{name} is named and nowhere defined")
        return self._named[name]

    def record(self, node: Mapping[str, Any], space: str) -> RecordType:
        name = _own_name(node, space)
        made = RecordType(name, {}, node.get("doc", ""), node.get("title", ""))
        # Before its fields: it may hold itself.
        self._named[name] = made
        within = name.rpartition(".")[0]
        made.fields.update((one["name"], self._field(one, within)) for one in node["fields"])
        return made

    def _enum(self, node: Mapping[str, Any], space: str) -> EnumType:
        said = (node.get("doc", ""), node.get("default"))
        made = EnumType(_own_name(node, space), tuple(node["symbols"]), *said)
        self._named[made.name] = made
        return made

    def _fixed(self, node: Mapping[str, Any], space: str) -> FixedType:
        made = FixedType(_own_name(node, space), node["size"])
        self._named[made.name] = made
        return made

    def _array(self, node: Mapping[str, Any], space: str) -> ArrayType:
        return ArrayType(self.type_of(node["items"], space))

    def _map(self, node: Mapping[str, Any], space: str) -> MapType:
        return MapType(self.type_of(node["values"], space))

    def _within(self, node: Mapping[str, Any], space: str) -> AvroType:
        """A type in a dictionary of its own."""
        kind = node["type"]
        if "logicalType" in node and kind in _PLAIN:
            return PlainType(kind, node["logicalType"])
        return self.type_of(kind, space)

    def _field(self, node: Mapping[str, Any], space: str) -> SchemaField:
        return SchemaField(
            node["name"],
            self.type_of(node["type"], space),
            node.get("doc", ""),
            node.get("visibility"),
            node.get("default", _NOTHING_STATED),
        )


def _own_name(node: Mapping[str, Any], space: str) -> str:
    return _full(node["name"], node.get("namespace", space))


def _full(name: str, space: str) -> str:
    return f"{space}.{name}" if space and "." not in name else name
