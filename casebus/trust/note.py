"""Signed notes (C2SP signed-note): a text, a blank line, and a line for each signature."""

from __future__ import annotations

import base64
import binascii
import hashlib
import re
from collections.abc import Iterator
from dataclasses import dataclass

from casebus.errors import CasebusError
from casebus.trust.keys import ALGORITHMS, ED25519, SigningKey

#: The kinds of signature that are made and checked here: plain, and with the time of cosigning.
PLAIN, COSIGNED = 0x01, 0x04
_ID_BYTES = 4
_MOST_BYTES = 1 << 16
_NAME = re.compile(r"[^\s+]+")
_LINE = re.compile(r"— ([^\s+]+) ([A-Za-z0-9+/]+={0,2})")


class NoteError(CasebusError):
    """A text that is no signed note of this form: `malformed_head`."""

    def __init__(self, detail: str) -> None:
        super().__init__("malformed_head", detail)


@dataclass(frozen=True, slots=True)
class NoteKey:
    """A public Ed25519 key with its name and the kind of signature for which it is used."""

    name: str
    public: bytes
    kind: int = PLAIN

    @property
    def id(self) -> bytes:
        named = self.name.encode() + b"\n" + bytes([self.kind]) + self.public
        return hashlib.sha256(named).digest()[:_ID_BYTES]

    def __str__(self) -> str:
        """The verifier key as other tools read it: name+id+key."""
        return f"{self.name}+{self.id.hex()}+{encode(bytes([self.kind]) + self.public)}"


@dataclass(frozen=True, slots=True)
class NoteSignature:
    """One line: the signer, its key, and the bytes that the kind of the key requires."""

    name: str
    key_id: bytes
    signature: bytes

    def __str__(self) -> str:
        return f"— {self.name} {encode(self.key_id + self.signature)}\n"

    @classmethod
    def parse(cls, line: str) -> NoteSignature:
        """Raises NoteError for a text that is no signature line.

        The newline is not part of `line`.
        """
        found = _LINE.fullmatch(line)
        raw = None if found is None else decode(found[2])
        if found is None or raw is None or len(raw) <= _ID_BYTES:
            raise NoteError("a signature line is not of its form")
        return cls(found[1], raw[:_ID_BYTES], raw[_ID_BYTES:])

    def is_by(self, key: NoteKey) -> bool:
        """True if it names this key; it may still be wrong."""
        return (self.name, self.key_id) == (key.name, key.id)


@dataclass(frozen=True, slots=True)
class SignedNote:
    """A text that ends with a newline, and its signatures in the order of the lines."""

    text: str
    signatures: tuple[NoteSignature, ...] = ()

    def __str__(self) -> str:
        return f"{self.text}\n{''.join(map(str, self.signatures))}"

    @classmethod
    def parse(cls, note: str) -> SignedNote:
        """Raises NoteError for anything but a signed note."""
        if len(note) > _MOST_BYTES:
            raise NoteError(f"longer than {_MOST_BYTES} characters")
        if any(one < " " and one != "\n" for one in note):
            raise NoteError("a control character")
        text, blank, lines = note.rpartition("\n\n")
        if not blank or not text or not lines.endswith("\n"):
            raise NoteError("no text with signatures below it")
        signatures = tuple(map(NoteSignature.parse, lines[:-1].split("\n")))
        return cls(text + "\n", signatures)

    def by(self, key: NoteKey) -> Iterator[NoteSignature]:
        return (one for one in self.signatures if one.is_by(key))

    def is_signed_by(self, key: NoteKey) -> bool:
        """True if the key signed it plainly; one wrong signature in its name makes it False."""
        signed = [verify(key, one.signature, self.text.encode()) for one in self.by(key)]
        return bool(signed) and all(signed)


def sign_note(text: str, name: str, key: SigningKey) -> SignedNote:
    """The text with the plain signature of a key under this name."""
    if not _NAME.fullmatch(name):
        raise ValueError(f"no name for a key: {name!r}")
    signer = NoteKey(name, key.public)
    return SignedNote(text, (NoteSignature(name, signer.id, key.sign(text.encode())),))


def verify(key: NoteKey, signature: bytes, message: bytes) -> bool:
    return ALGORITHMS[ED25519](key.public, signature, message)


def encode(raw: bytes) -> str:
    return base64.b64encode(raw).decode()


def decode(text: str) -> bytes | None:
    """The bytes of a text in standard Base64, None for any but the one canonical text."""
    try:
        raw = base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        return None
    return raw if encode(raw) == text else None
