"""Heads of logs: size and root under a name, in the forms of C2SP tlog-checkpoint and -cosignature.

A head is signed by its log, and cosigned by witnesses that saw the log only grow.
"""

from __future__ import annotations

import re
import struct
from dataclasses import dataclass, replace
from datetime import UTC, datetime

from casebus.trust.keys import SigningKey
from casebus.trust.merkle import HASH_BYTES
from casebus.trust.note import (
    COSIGNED,
    NoteError,
    NoteKey,
    NoteSignature,
    SignedNote,
    decode,
    encode,
    sign_note,
    verify,
)

_LINES = 3
_TIME = struct.Struct(">Q")
_SIZE = re.compile(r"0|[1-9][0-9]{0,18}")
#: The first second of the year 10000, which no datetime can be.
_MOST_SECONDS = 253_402_300_800
_ORIGIN = re.compile(r"casebus/([0-9a-f]{64})/log/(0|[1-9][0-9]{0,9})/(0|[1-9][0-9]{0,9})")


@dataclass(frozen=True, slots=True)
class LogName:
    """The name of one log: an installation by its pinned root, an epoch, a partition."""

    root_digest: str
    epoch: int
    partition: int

    def __str__(self) -> str:
        return f"casebus/{self.root_digest}/log/{self.epoch}/{self.partition}"

    @classmethod
    def parse(cls, text: str) -> LogName | None:
        found = _ORIGIN.fullmatch(text)
        return None if found is None else cls(found[1], int(found[2]), int(found[3]))


@dataclass(frozen=True, slots=True)
class Head:
    """A statement about a log: its number of leaves and its root."""

    origin: str
    size: int
    root: bytes
    extensions: tuple[str, ...] = ()

    def __str__(self) -> str:
        lines = (self.origin, str(self.size), encode(self.root), *self.extensions)
        return "".join(f"{line}\n" for line in lines)

    @classmethod
    def parse(cls, text: str) -> Head:
        """Raises NoteError for a text that is no head."""
        lines = text.split("\n")
        if lines.pop() or not all(lines) or len(lines) < _LINES:
            raise NoteError("a head has three lines or more, none of them empty")
        origin, size, coded, *extensions = lines
        root = decode(coded)
        if not _SIZE.fullmatch(size) or root is None or len(root) != HASH_BYTES:
            raise NoteError("the size or the root of a head is not of its form")
        return cls(origin, int(size), root, tuple(extensions))


def sign_head(head: Head, key: SigningKey) -> SignedNote:
    """The log's own signature; the name of the key is the origin."""
    return sign_note(str(head), head.origin, key)


def log_key(origin: str, public: bytes) -> NoteKey:
    """The key of a log, as its heads name it."""
    return NoteKey(origin, public)


def witness_key(name: str, public: bytes) -> NoteKey:
    """The key of a witness, as cosignatures name it."""
    return NoteKey(name, public, COSIGNED)


def cosign(note: SignedNote, name: str, key: SigningKey, at: datetime) -> NoteSignature:
    """A witness's line: at this time the log was seen to have grown to this head."""
    seconds = int(at.timestamp())
    signature = key.sign(_cosigned(note.text, seconds))
    return NoteSignature(name, witness_key(name, key.public).id, _TIME.pack(seconds) + signature)


def with_cosignature(note: SignedNote, line: NoteSignature) -> SignedNote:
    """The note with one line more; unchanged if it has that line already."""
    if line in note.signatures:
        return note
    return replace(note, signatures=(*note.signatures, line))


def cosigned_at(note: SignedNote, key: NoteKey) -> datetime | None:
    """The last time at which the witness with this key saw the head.

    None if there is none or a wrong one.
    """
    times = []
    for line in note.by(key):
        seconds = int.from_bytes(line.signature[: _TIME.size], "big")
        signature = line.signature[_TIME.size :]
        if seconds >= _MOST_SECONDS or not verify(key, signature, _cosigned(note.text, seconds)):
            return None
        times.append(seconds)
    return datetime.fromtimestamp(max(times), UTC) if times else None


def _cosigned(text: str, seconds: int) -> bytes:
    return f"cosignature/v1\ntime {seconds}\n{text}".encode()
