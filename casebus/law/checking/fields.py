"""The fields of an event's body: the paths that rules name, found in its schema."""

from __future__ import annotations

from typing import NamedTuple

from casebus.events.avro_types import ArrayType, AvroType, EnumType, RecordType, held, plain


class FieldFound(NamedTuple):
    """The field at a path."""

    #: Avro's word, `enum`, `record`, ...
    kind: str
    #: The symbols of an enum.
    symbols: tuple[str, ...] = ()
    #: True if some part of the path is a list.
    listed: bool = False


class Fields:
    def __init__(self, body: RecordType) -> None:
        self._body = body

    @property
    def names(self) -> frozenset[str]:
        return frozenset(self._body.fields)

    def at(self, path: str) -> FieldFound | None:
        """The field at a path such as `decision.kind`; None if there is no such field."""
        node: AvroType = self._body
        listed = False
        for word in path.split("."):
            field = node.fields.get(word) if isinstance(node, RecordType) else None
            if field is None:
                return None
            node, listed = held(field.type), listed or isinstance(plain(field.type), ArrayType)
        symbols = node.symbols if isinstance(node, EnumType) else ()
        return FieldFound(node.kind, symbols, listed)
