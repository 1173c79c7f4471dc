"""The part of a case that a viewer may see: which fields of which event, by policies/access.

Pure except for `Access.load`. Author and recipients see an event whole. A holder of a role in the
case sees up to CASE_TEAM. Everybody else with a part in it sees up to the level of their sector. In
a secret case only a holder of a role sees more than types and months.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from pathlib import Path
from typing import Any, Literal, NamedTuple

from pydantic import BaseModel, ConfigDict

from casebus import shipped
from casebus.events.register import VISIBILITIES, full_name

Level = Literal["PUBLIC", "PARTY", "AGENCY", "CASE_TEAM", "RESTRICTED"]
_RANK = {level: rank for rank, level in enumerate(VISIBILITIES)}
_FILE = Path("access") / "visibility.yaml"


class Access(BaseModel):
    """policies/access/visibility.yaml."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    #: Sector -> the widest level that its agencies see as mere participants.
    sectors: dict[str, Level]

    @classmethod
    def load(cls, policies: Path) -> Access:
        """Raises OSError, yaml.YAMLError or pydantic's ValidationError: nothing starts without."""
        return cls.model_validate(shipped.parse((policies / _FILE).read_text(encoding="utf-8")))

    def level(self, viewer: Viewer, author: str, recipients: Collection[str]) -> Level | None:
        """The level at which the viewer sees an event; None if only its type and month."""
        if viewer.agency == author or viewer.agency in recipients:
            return "RESTRICTED"
        if viewer.has_role:
            return "CASE_TEAM"
        return None if viewer.is_secret else self.sectors.get(viewer.sector, "PUBLIC")

    def reaches(self, viewer: Viewer, level: Level) -> bool:
        """True if the viewer sees the case's own statements at this level."""
        if viewer.is_secret and not viewer.has_role:
            return False
        widest = "CASE_TEAM" if viewer.has_role else self.sectors.get(viewer.sector, "PUBLIC")
        return _RANK[widest] >= _RANK[level]


class Viewer(NamedTuple):
    """An agency that has a part in a case."""

    agency: str
    sector: str
    #: It holds a role in one of the case's procedures.
    has_role: bool
    #: The case is secret.
    is_secret: bool


class Shown(NamedTuple):
    data: dict[str, Any]
    #: Paths of the fields that were left out.
    withheld: tuple[str, ...]


def shown(schema: Mapping[str, Any], data: Mapping[str, Any], level: Level) -> Shown:
    """The fields of a body that are visible at a level; `schema` is the registered one, as JSON."""
    withheld: list[str] = []
    seen = _record(schema, data, _Walk(_RANK[level], {}, withheld), "")
    return Shown(seen, tuple(dict.fromkeys(withheld)))


class _Walk(NamedTuple):
    rank: int
    #: Records by full name, in the order found.
    named: dict[str, Mapping[str, Any]]
    withheld: list[str]


def _record(
    schema: Mapping[str, Any], data: Mapping[str, Any], walk: _Walk, path: str
) -> dict[str, Any]:
    seen: dict[str, Any] = {}
    for field in schema["fields"]:
        name = field["name"]
        # Named records are defined at their first use, seen or not.
        records = list(_records(field["type"], walk.named))
        if name not in data:
            continue
        if _RANK.get(field.get("visibility", "RESTRICTED"), len(_RANK)) > walk.rank:
            walk.withheld.append(path + name)
        else:
            seen[name] = _value(data[name], records, walk, f"{path}{name}.")
    return seen


def _value(value: Any, records: list[Mapping[str, Any]], walk: _Walk, path: str) -> Any:
    if records and isinstance(value, dict):
        return _record(records[0], value, walk, path)
    if records and isinstance(value, list):
        return [_value(one, records, walk, path) for one in value]
    return value


def _records(kind: Any, named: dict[str, Mapping[str, Any]]) -> Iterator[Mapping[str, Any]]:
    """The record in a type, alone, in a list or as one of several."""
    if isinstance(kind, list):
        for one in kind:
            yield from _records(one, named)
    elif isinstance(kind, str):
        if kind in named:
            yield named[kind]
    elif kind["type"] in ("array", "map"):
        yield from _records(kind.get("items", kind.get("values")), named)
    elif kind["type"] == "record":
        named[full_name(kind)] = kind
        for field in kind["fields"]:
            list(_records(field["type"], named))
        yield kind
    else:
        # A type that is put in a dictionary of its own, or named there.
        yield from _records(kind["type"], named)
