"""Stamps: the `cb-*` headers in which the bus describes a record (docs/wire.md).

Admission writes them after the sender's own headers, the router adds the place in the journal.
Names and grammar of all stamps stand here and nowhere else. A sender's own header of such a name
never passes.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import NamedTuple, Self

from casebus.events import doors

Header = tuple[str, bytes]

PREFIX = "cb-"
VERDICT = f"{PREFIX}verdict"
RECIPIENTS = f"{PREFIX}recipients"
SECTORS = f"{PREFIX}sectors"
ROUTES = f"{PREFIX}routes"
UNDELIVERABLE = f"{PREFIX}undeliverable"
FLAGS = f"{PREFIX}flags"
LAW = f"{PREFIX}law"
DIRECTORY = f"{PREFIX}directory"
ADMITTED_AT = f"{PREFIX}admitted-at"
ORIGIN = f"{PREFIX}origin"
POSITION = f"{PREFIX}position"
REASON = f"{PREFIX}reason"
DETAIL = f"{PREFIX}detail"
AUTHOR = f"{PREFIX}author"
LEAF = f"{PREFIX}leaf"
ABRIDGED = f"{PREFIX}abridged"


def is_stamp(name: str) -> bool:
    return name.startswith(PREFIX)


def without_stamps(headers: Iterable[Header]) -> list[Header]:
    """The sender's own headers."""
    return [header for header in headers if not header[0].startswith(PREFIX)]


def texts_of(headers: Iterable[Header]) -> dict[str, str]:
    """Each stamp by its name; raises UnicodeDecodeError for one that the bus did not write."""
    return {name: text.decode() for name, text in headers if name.startswith(PREFIX)}


class Origin(NamedTuple):
    """The place at a front door where a record came in, and when its broker took it."""

    door: str
    partition: int
    offset: int
    appended_ms: int

    @classmethod
    def parse(cls, text: str) -> Self:
        """Raises ValueError."""
        door, partition, offset, appended_ms = text.split("/")
        return cls(door, int(partition), int(offset), int(appended_ms))

    def __str__(self) -> str:
        return f"{self.door}/{self.partition}/{self.offset}/{self.appended_ms}"

    @property
    def appended_at(self) -> datetime:
        """In UTC; raises OverflowError or OSError for what is no moment."""
        return datetime.fromtimestamp(self.appended_ms / 1000, UTC)


class Position(NamedTuple):
    """The place of a record in the journal, as the router writes it on a copy."""

    epoch: int
    partition: int
    offset: int

    @classmethod
    def parse(cls, text: str) -> Self:
        """Raises ValueError."""
        epoch, partition, offset = text.split("/")
        return cls(int(epoch), int(partition), int(offset))

    @staticmethod
    def before(epoch: int, partition: int) -> bytes:
        """The part before the offset. The router puts the two together, record by record."""
        return b"%d/%d/" % (epoch, partition)


@dataclass(frozen=True, slots=True)
class Stamps:
    """The stamps on an admitted record."""

    #: When admission took the record, by its `now` port.
    admitted_at: datetime
    origin: str
    #: Agencies, copies included, each with its sector by the directory at admission.
    recipients: tuple[str, ...] = ()
    sectors: tuple[str, ...] = ()
    #: Topics that the router copies it to.
    routes: tuple[str, ...] = ()
    #: Named recipients that the directory did not know.
    undeliverable: tuple[str, ...] = ()
    flags: tuple[str, ...] = ()
    #: The law's digest.
    law: str = ""
    #: How many directory entries admission had read.
    directory: int = 0

    @classmethod
    def of(cls, headers: Iterable[Header]) -> Self:
        """Raises KeyError or ValueError for stamps that admission does not write."""
        return cls.read(texts_of(headers))

    @classmethod
    def read(cls, texts: Mapping[str, str]) -> Self:
        return cls(
            admitted_at=datetime.fromisoformat(texts[ADMITTED_AT]),
            origin=texts[ORIGIN],
            recipients=tuple(texts.get(RECIPIENTS, "").split()),
            sectors=tuple(texts.get(SECTORS, "").split()),
            routes=tuple(texts.get(ROUTES, "").split()),
            undeliverable=tuple(texts.get(UNDELIVERABLE, "").split()),
            flags=tuple(texts.get(FLAGS, "").split()),
            law=texts.get(LAW, ""),
            directory=int(texts.get(DIRECTORY) or 0),
        )

    def headers(self) -> list[Header]:
        texts = {
            VERDICT: "admitted",
            RECIPIENTS: " ".join(self.recipients),
            SECTORS: " ".join(self.sectors),
            ROUTES: " ".join(self.routes),
            UNDELIVERABLE: " ".join(self.undeliverable),
            FLAGS: " ".join(self.flags),
            LAW: self.law,
            DIRECTORY: str(self.directory),
            ADMITTED_AT: self.admitted_at.isoformat(),
            ORIGIN: self.origin,
        }
        return [(name, text.encode()) for name, text in texts.items()]

    @property
    def door(self) -> str:
        return self.origin.partition("/")[0]

    @property
    def sector(self) -> str:
        """The author's: admission checked that the door is the sector's."""
        return doors.sector_of(self.door)

    @property
    def sector_by_recipient(self) -> dict[str, str]:
        """Raises ValueError if one has no sector beside it."""
        return dict(zip(self.recipients, self.sectors, strict=True))


@dataclass(frozen=True, slots=True)
class Refusal:
    """The stamps on a rejected record."""

    reason: str
    detail: str
    #: When admission saw the record, by its `now` port.
    admitted_at: datetime
    origin: str
    #: The agency whose key signed it, if that is certain.
    author: str | None = None
    #: The event leaf, if the record is a readable event.
    leaf: bytes | None = None

    @classmethod
    def of(cls, headers: Iterable[Header]) -> Self:
        """Raises KeyError or ValueError for stamps that admission does not write."""
        texts = texts_of(headers)
        leaf = texts.get(LEAF)
        return cls(
            reason=texts[REASON],
            detail=texts[DETAIL],
            admitted_at=datetime.fromisoformat(texts[ADMITTED_AT]),
            origin=texts[ORIGIN],
            author=texts.get(AUTHOR),
            leaf=None if leaf is None else bytes.fromhex(leaf),
        )

    def headers(self) -> list[Header]:
        texts = {
            VERDICT: "rejected",
            REASON: self.reason,
            DETAIL: self.detail,
            ORIGIN: self.origin,
            ADMITTED_AT: self.admitted_at.isoformat(),
            AUTHOR: self.author,
            LEAF: None if self.leaf is None else self.leaf.hex(),
        }
        return [(name, text.encode()) for name, text in texts.items() if text is not None]

    @property
    def door(self) -> str:
        return self.origin.partition("/")[0]
