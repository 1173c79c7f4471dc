"""The part of a case that a viewer may see: which fields of which event, by policies/access.

Pure except for `Access.load`. Author and recipients see an event whole. A holder of a role in the
case sees up to CASE_TEAM. Everybody else with a part in it sees up to the level of their sector. In
a secret case only a holder of a role sees more than types and months.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from pathlib import Path
from typing import Any, Literal, NamedTuple

from pydantic import BaseModel, ConfigDict

from casebus import shipped
from casebus.events.avro_types import ArrayType, AvroType, MapType, RecordType, UnionType
from casebus.events.register import VISIBILITIES

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


def shown(schema: RecordType, data: Mapping[str, Any], level: Level) -> Shown:
    """The fields of a body that are seen at a level."""
    withheld: list[str] = []
    seen = _record(schema, data, _Walk(_RANK[level], withheld), "")
    return Shown(seen, tuple(dict.fromkeys(withheld)))


class _Walk(NamedTuple):
    rank: int
    withheld: list[str]


def _record(schema: RecordType, data: Mapping[str, Any], walk: _Walk, path: str) -> dict[str, Any]:
    seen: dict[str, Any] = {}
    for name, field in schema.fields.items():
        if name not in data:
            continue
        audience = "RESTRICTED" if field.visibility is None else field.visibility
        if _RANK.get(audience, len(_RANK)) > walk.rank:
            walk.withheld.append(path + name)
        else:
            seen[name] = _value(data[name], _record_in(field.type), walk, f"{path}{name}.")
    return seen


def _value(value: Any, record: RecordType | None, walk: _Walk, path: str) -> Any:
    if record is not None and isinstance(value, dict):
        return _record(record, value, walk, path)
    if record is not None and isinstance(value, list):
        return [_value(one, record, walk, path) for one in value]
    return value


def _record_in(kind: AvroType) -> RecordType | None:
    """The record that a type holds, alone, in a list or as one of several."""
    match kind:
        case RecordType():
            return kind
        case ArrayType():
            return _record_in(kind.items)
        case MapType():
            return _record_in(kind.values)
        case UnionType():
            return next(filter(None, map(_record_in, kind.branches)), None)
    return None
