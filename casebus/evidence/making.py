"""A bundle's files from what an installation keeps."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from casebus.events.envelope import Header
from casebus.events.schemas import Schema, Schemas
from casebus.evidence import archive, lines
from casebus.evidence.lines import Entry, JournalLine, Place
from casebus.evidence.manifest import manifest_of
from casebus.law.bundle import unpack


@dataclass
class Material:
    """All that one bundle holds."""

    case: str
    records: Sequence[JournalLine]
    relays: Sequence[JournalLine] = ()
    hand_overs: Sequence[Mapping[str, Any]] = ()
    paths: Mapping[Place, Sequence[bytes]] = field(default_factory=dict)
    #: The signed head of each (epoch, partition).
    heads: Mapping[tuple[int, int], str] = field(default_factory=dict)
    entries: Sequence[Entry] = ()
    state: Mapping[str, Any] | None = None
    #: The packed bundle of the law that the state names.
    law: bytes | None = None


def make_bundle(material: Material, schemas: Schemas) -> bytes:
    """The one file; the same material always gives the same bytes."""
    files = {
        lines.RECORDS: _sorted(material.records),
        lines.RELAYS: _sorted(material.relays),
        lines.HAND_OVERS: b"".join(
            sorted(lines.canonical(one) + b"\n" for one in material.hand_overs)
        ),
        lines.PROOFS: lines.written(
            {**place.to_json(), "path": [one.hex() for one in path]}
            for place, path in sorted(material.paths.items())
        ),
        lines.DIRECTORY: lines.written(one.to_json() for one in material.entries),
        lines.SCHEMAS: lines.written(map(lines.schema_json, _schemas(material, schemas))),
    }
    for (epoch, partition), text in material.heads.items():
        files[f"{lines.HEADS}{epoch}-{partition}.txt"] = text.encode()
    if material.state is not None:
        files[lines.STATE] = lines.written([material.state])
        for name, body in unpack(material.law or b"{}").items():
            files[lines.LAW + name] = body
    files[lines.MANIFEST] = manifest_of(material.case, files)
    return archive.pack(files)


def _sorted(records: Iterable[JournalLine]) -> bytes:
    return lines.written(one.to_json() for one in sorted(records, key=lambda one: one.place))


def _schemas(material: Material, schemas: Schemas) -> list[Schema]:
    """Those that wrote a value of the bundle."""
    values = [one.value for one in (*material.records, *material.relays)]
    values += [one.value for one in material.entries]
    found = {one.id: one for one in (schemas.schema_of(value) for value in values if value)}
    return [found[key] for key in sorted(found)]


def shown(place: Place, headers: tuple[Header, ...], value: bytes, leaf: bytes) -> JournalLine:
    """A record given whole; without its body where a header is no text."""
    try:
        for _, raw in headers:
            raw.decode()
    except UnicodeDecodeError:
        return hidden(place, headers, leaf)
    return JournalLine(place, headers, value)


def hidden(place: Place, headers: tuple[Header, ...], leaf: bytes) -> JournalLine:
    """A record that the reader may not see whole: its leaf replaces its body."""
    return JournalLine(place, headers, None, leaf)
