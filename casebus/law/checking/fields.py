"""The fields of an event's body: the paths that rules name, found in its schema."""

from __future__ import annotations

from typing import Any, NamedTuple


class FieldFound(NamedTuple):
    """The field at a path."""

    #: Avro's word, `enum`, `record`, ...
    kind: str
    #: The symbols of an enum.
    symbols: tuple[str, ...] = ()
    #: True if some part of the path is a list.
    listed: bool = False


class Fields:
    def __init__(self, body: dict[str, Any]) -> None:
        self._body = body
        #: Named types by full and by short name. The schema writes each out at its first use.
        self._named: dict[str, dict[str, Any]] = {}
        self._note(body, "")

    @property
    def names(self) -> frozenset[str]:
        return frozenset(one["name"] for one in self._body["fields"])

    def at(self, path: str) -> FieldFound | None:
        """The field at a path such as `decision.kind`; None if there is no such field."""
        node, listed = self._body, False
        for word in path.split("."):
            field = next((one for one in node.get("fields", ()) if one["name"] == word), None)
            if field is None:
                return None
            node, is_list = self._plain(field["type"])
            listed = listed or is_list
        kind = str(node.get("type", "record"))
        return FieldFound(kind, tuple(node.get("symbols", ())), listed)

    def _plain(self, node: Any) -> tuple[dict[str, Any], bool]:
        """The type itself without null, lists and names, and whether it was a list."""
        if isinstance(node, list):
            return self._plain(next((one for one in node if one != "null"), "null"))
        if isinstance(node, str):
            return self._named.get(node, {"type": node}), False
        if node.get("type") == "array":
            return self._plain(node["items"])[0], True
        if isinstance(node.get("type"), dict | list):
            return self._plain(node["type"])
        return node, False

    def _note(self, node: Any, space: str) -> None:
        if isinstance(node, list):
            for one in node:
                self._note(one, space)
        if not isinstance(node, dict):
            return
        if "name" in node and ("fields" in node or "symbols" in node):
            space = str(node.get("namespace", space))
            self._named[node["name"]] = self._named[f"{space}.{node['name']}"] = node
        for part in ("type", "items", "values"):
            self._note(node.get(part), space)
        for field in node.get("fields", ()):
            self._note(field["type"], space)
