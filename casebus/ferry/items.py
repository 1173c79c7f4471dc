"""What a bundle carries: one line an item; an item too long for one file is cut into parts."""

from __future__ import annotations

import base64
import hashlib
import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from casebus.events.envelope import Record
from casebus.evidence.lines import canonical
from casebus.ferry.lane import Fault, FerryError

#: Up: an event that the office signed, to go to the front door as it is.
EVENT = "event"
#: Down: a record of one of the agency's topics.
RECORD = "record"
#: Down: where an event stands since the brokers took it, or why they never will.
LANDED = "landed"
_KINDS = frozenset({EVENT, RECORD, LANDED})
#: What a part says beside its text.
_PART_ROOM = 256


@dataclass(frozen=True, slots=True)
class Item:
    """`about` says where a record stood, or of which event something is told."""

    kind: str
    about: Mapping[str, Any] = field(default_factory=dict)
    record: Record | None = None

    def line(self) -> bytes:
        """The one line of this item; equal items have equal lines."""
        said: dict[str, Any] = {"kind": self.kind, "about": dict(self.about)}
        if self.record is not None:
            said["key"] = _text(self.record.key)
            said["value"] = _text(self.record.value)
            said["headers"] = [[name, _text(raw)] for name, raw in self.record.headers]
        return canonical(said)

    @classmethod
    def read(cls, line: bytes) -> Item:
        """Raises FerryError `ferry_unreadable`."""
        try:
            said = json.loads(line)
            kind, about = said["kind"], said["about"]
            record = _record(said) if "headers" in said else None
        except (ValueError, KeyError, TypeError) as error:
            raise FerryError(Fault.UNREADABLE, "a line is no item") from error
        if kind not in _KINDS or not isinstance(about, dict):
            raise FerryError(Fault.UNREADABLE, "an item of an unknown kind")
        return cls(kind, about, record)


@dataclass(frozen=True, slots=True)
class Part:
    """A piece of a line; `id` is the whole line's SHA-256."""

    id: str
    number: int
    count: int
    text: bytes

    def line(self) -> bytes:
        said = {"part": self.number, "of": self.count, "id": self.id, "text": _text(self.text)}
        return canonical(said)


def part_of(line: bytes) -> Part | None:
    """The part that a line is, None where it is whole; raises FerryError."""
    if not line.startswith(b'{"id":'):
        return None
    try:
        said = json.loads(line)
        part = Part(str(said["id"]), said["part"], said["of"], base64.b64decode(said["text"]))
        known = 1 <= part.number <= part.count
    except (ValueError, KeyError, TypeError) as error:
        raise FerryError(Fault.UNREADABLE, "a line is no part") from error
    if not known:
        raise FerryError(Fault.UNREADABLE, "there is no such part")
    return part


def joined(parts: Iterable[Part]) -> bytes | None:
    """The whole line, None while a part is missing; raises FerryError where they are not one."""
    found = {one.number: one for one in parts}
    first = next(iter(found.values()))
    if len(found) < first.count:
        return None
    line = b"".join(found[number].text for number in sorted(found))
    if hashlib.sha256(line).hexdigest() != first.id:
        raise FerryError(Fault.UNREADABLE, "the parts do not make the whole")
    return line


def cut(line: bytes, room: int) -> list[bytes]:
    """The line itself where it fits into `room` bytes, else the lines of its parts."""
    if len(line) <= room:
        return [line]
    piece = (room - _PART_ROOM) // 4 * 3
    texts = [line[at : at + piece] for at in range(0, len(line), piece)]
    whole = hashlib.sha256(line).hexdigest()
    return [Part(whole, at, len(texts), one).line() for at, one in enumerate(texts, start=1)]


def filled(lines: Iterable[bytes], room: int) -> Iterator[tuple[bytes, ...]]:
    """Lines in their order, as many together as `room` holds; each alone fits."""
    together: list[bytes] = []
    used = 0
    for line in lines:
        size = len(line) + 1
        if together and used + size > room:
            yield tuple(together)
            together, used = [], 0
        together.append(line)
        used += size
    if together:
        yield tuple(together)


def named(record: Record) -> tuple[str, str, str]:
    """(source, stream, id) as its key and headers say them: of their form or not."""
    said = {name: raw.decode(errors="replace") for name, raw in record.headers}
    stream = (record.key or b"").decode(errors="replace")
    return said.get("ce_source", ""), stream, said.get("ce_id", "")


def _text(raw: bytes | None) -> str | None:
    return None if raw is None else base64.b64encode(raw).decode()


def _raw(text: str | None) -> bytes | None:
    return None if text is None else base64.b64decode(text, validate=True)


def _record(said: dict[str, Any]) -> Record:
    headers = tuple((str(name), _raw(text) or b"") for name, text in said["headers"])
    for name, _ in headers:
        # Text that no client could send: a UnicodeEncodeError is a ValueError.
        name.encode()
    return Record(_raw(said["key"]), _raw(said["value"]), headers)
