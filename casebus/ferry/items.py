"""The content of a bundle: one line for each item.

An item too long for one file is cut into parts.
"""

from __future__ import annotations

import base64
import hashlib
import json
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from casebus.events.envelope import Record
from casebus.evidence.lines import canonical
from casebus.ferry.lane import MISSHAPEN, Fault, FerryError
from casebus.present import present

#: Up: an event that the office signed, to go to the front door as it is.
EVENT = "event"
#: Down: a record of one of the agency's topics.
RECORD = "record"
#: Down: the fate of an event since the brokers took it, or the reason why they never will.
LANDED = "landed"
_WHICH = {"source": str, "stream": str, "id": str, "door": str}
#: The words of `about` for each kind.
_ABOUT: Mapping[str, tuple[Mapping[str, type], ...]] = {
    EVENT: ({},),
    RECORD: ({"topic": str, "partition": int, "offset": int},),
    LANDED: (
        _WHICH | {"partition": int, "offset": int},
        _WHICH | {"code": str, "detail": str},
    ),
}
#: The numbers that Kafka has and a table takes.
_NUMBERS = range(1 << 63)
#: No line is long enough to need more.
_MOST_PARTS = 1 << 16
_WHOLE = re.compile(r"[0-9a-f]{64}")
#: The fields of a part beside its text.
_PART_ROOM = 256


@dataclass(frozen=True, slots=True)
class FerryItem:
    """`about` is the place of a record, or the event that the item is about."""

    kind: str
    about: Mapping[str, Any] = field(default_factory=dict)
    record: Record | None = None

    @property
    def carried(self) -> Record:
        """The record; only of a kind that has one."""
        return present(self.record)

    def line(self) -> bytes:
        """The one line of this item; equal items have equal lines."""
        said: dict[str, Any] = {"kind": self.kind, "about": dict(self.about)}
        if self.record is not None:
            said["key"] = _text(self.record.key)
            said["value"] = _text(self.record.value)
            said["headers"] = [[name, _text(raw)] for name, raw in self.record.headers]
        return canonical(said)

    @classmethod
    def read(cls, line: bytes) -> FerryItem:
        """An item of its form and in its one text; raises FerryError `ferry_unreadable`."""
        try:
            said = json.loads(line)
            item = cls(said["kind"], said["about"], _record(said) if "headers" in said else None)
            fits = item._fits() and item.line() == line
        except MISSHAPEN as error:
            raise FerryError(Fault.UNREADABLE, "a line is no item") from error
        if not fits:
            raise FerryError(Fault.UNREADABLE, "an item is of no kind, or not of its form")
        return item

    def _fits(self) -> bool:
        record = self.record
        # An event without a key or a value no client can send.
        bare = record is None or (self.kind == EVENT and None in (record.key, record.value))
        has_all = bare if self.kind == LANDED else not bare
        return has_all and any(_is_of(self.about, form) for form in _ABOUT[self.kind])


@dataclass(frozen=True, slots=True)
class ItemPart:
    """A piece of a line; `id` is the whole line's SHA-256."""

    id: str
    number: int
    count: int
    text: bytes

    def line(self) -> bytes:
        said = {"part": self.number, "of": self.count, "id": self.id, "text": _text(self.text)}
        return canonical(said)

    def fits(self) -> bool:
        counts = type(self.number) is type(self.count) is int
        return bool(
            counts and 1 <= self.number <= self.count <= _MOST_PARTS and _WHOLE.fullmatch(self.id)
        )


def part_of(line: bytes) -> ItemPart | None:
    """The part that a line is, None where it is whole; raises FerryError."""
    if not line.startswith(b'{"id":'):
        return None
    try:
        said = json.loads(line)
        part = ItemPart(said["id"], said["part"], said["of"], base64.b64decode(said["text"]))
        fits = part.fits() and part.line() == line
    except MISSHAPEN as error:
        raise FerryError(Fault.UNREADABLE, "a line is no part") from error
    if not fits:
        raise FerryError(Fault.UNREADABLE, "there is no such part")
    return part


def joined(parts: Iterable[ItemPart]) -> bytes:
    """The whole line of all its parts; raises FerryError where they are not one."""
    there = sorted(parts, key=lambda one: one.number)
    line = b"".join(one.text for one in there)
    if hashlib.sha256(line).hexdigest() != there[0].id:
        raise FerryError(Fault.UNREADABLE, "the parts do not make the whole")
    return line


def texts_of(line: bytes) -> list[bytes]:
    """The Base64 texts of a line. Empty for a line that is no item, because it is not taken."""
    try:
        if (part := part_of(line)) is not None:
            return [part.text]
        record = FerryItem.read(line).record
    except FerryError:
        return []
    if record is None:
        return []
    return [
        text for text in (record.value, record.key, *(raw for _, raw in record.headers)) if text
    ]


def cut(line: bytes, room: int) -> list[bytes]:
    """The line itself where it fits into `room` bytes, else the lines of its parts."""
    if len(line) <= room:
        return [line]
    piece = (room - _PART_ROOM) // 4 * 3
    texts = [line[at : at + piece] for at in range(0, len(line), piece)]
    whole = hashlib.sha256(line).hexdigest()
    return [ItemPart(whole, at, len(texts), one).line() for at, one in enumerate(texts, start=1)]


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


def _is_of(about: Any, form: Mapping[str, type]) -> bool:
    return (
        isinstance(about, dict)
        and about.keys() == form.keys()
        and all(type(about[name]) is wanted for name, wanted in form.items())
        and all(type(value) is str or value in _NUMBERS for value in about.values())
    )


def _text(raw: bytes | None) -> str | None:
    return None if raw is None else base64.b64encode(raw).decode()


def _raw(text: str | None) -> bytes | None:
    return None if text is None else base64.b64decode(text, validate=True)


def _record(said: dict[str, Any]) -> Record:
    headers = tuple((str(name), _raw(text) or b"") for name, text in said["headers"])
    return Record(_raw(said["key"]), _raw(said["value"]), headers)
