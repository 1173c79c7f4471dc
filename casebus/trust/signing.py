"""Signatures: one over the Merkle root of the events that an author sends together.

Each event carries the signature and its own audit path, so it can be checked alone.
"""

from __future__ import annotations

import base64
import binascii
import struct
from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Protocol

from casebus.events.envelope import Envelope, Record
from casebus.events.schemas import Schemas
from casebus.trust.keys import ALGORITHMS, SigningKey
from casebus.trust.leaf import event_leaf
from casebus.trust.merkle import HASH_BYTES, root_and_paths, root_from_path

_CONTEXT = b"casebus events v1\x00"
_SIZE = struct.Struct(">Q")
_PLACE = struct.Struct(">II")
_MOST_LEAVES = 1 << 20


@dataclass(frozen=True, slots=True)
class Draft:
    """An event ready to sign: its envelope without signature, and its wire value."""

    envelope: Envelope
    value: bytes


@dataclass(frozen=True, slots=True)
class Proof:
    """A leaf's place in the tree that was signed."""

    index: int
    size: int
    path: tuple[bytes, ...]

    def __str__(self) -> str:
        return _encode(_PLACE.pack(self.size, self.index) + b"".join(self.path))

    @classmethod
    def parse(cls, text: str) -> Proof | None:
        raw = _decode(text)
        if raw is None or len(raw) < _PLACE.size or (len(raw) - _PLACE.size) % HASH_BYTES:
            return None
        size, index = _PLACE.unpack_from(raw)
        if not index < size <= _MOST_LEAVES:
            return None
        cut = range(_PLACE.size, len(raw), HASH_BYTES)
        return cls(index, size, tuple(raw[at : at + HASH_BYTES] for at in cut))


def sign(
    drafts: Sequence[Draft], key: SigningKey, schemas: Schemas, *, signedby: str | None = None
) -> list[Record]:
    """Sign drafts as one tree; `signedby` names a delegate that signs for the source."""
    named = [replace(d.envelope, keyid=key.keyid, signedby=signedby) for d in drafts]
    leaves = [
        event_leaf(schemas.schema_of(draft.value).digest, envelope.to_headers(), draft.value)
        for draft, envelope in zip(drafts, named, strict=True)
    ]
    root, paths = root_and_paths(leaves)
    signature = _encode(key.sign(signed_message(root, len(leaves))))
    signed = (
        replace(envelope, signature=signature, sigproof=str(Proof(at, len(leaves), path)))
        for at, (envelope, path) in enumerate(zip(named, paths, strict=True))
    )
    return [
        Record(envelope.subject.encode(), draft.value, envelope.to_headers())
        for draft, envelope in zip(drafts, signed, strict=True)
    ]


def signed_message(root: bytes, size: int) -> bytes:
    """The message that a key signs: the context, the tree's size, its root."""
    return _CONTEXT + _SIZE.pack(size) + root


class Signed(Protocol):
    """The carrier of a signature: an envelope, or the part of one that a receipt keeps."""

    @property
    def signature(self) -> str | None: ...

    @property
    def sigproof(self) -> str | None: ...


class SignatureCheck:
    """Checks signatures, remembering the last roots found good, so that a batch costs one."""

    def __init__(self, remembered: int = 4096) -> None:
        self._good: OrderedDict[tuple[bytes, str, bytes, int], None] = OrderedDict()
        self._remembered = remembered

    def __call__(self, leaf: bytes, signed: Signed, *, algorithm: str, public: bytes) -> bool:
        """True if the signature and its proof fit `leaf` under the public key."""
        proof = Proof.parse(signed.sigproof or "")
        if proof is None or signed.signature is None:
            return False
        root = root_from_path(leaf, proof.index, proof.size, proof.path)
        if root is None:
            return False
        known = (public, signed.signature, root, proof.size)
        if known in self._good:
            return True
        return self._verify(known, algorithm)

    def _verify(self, known: tuple[bytes, str, bytes, int], algorithm: str) -> bool:
        public, text, root, size = known
        verify, signature = ALGORITHMS.get(algorithm), _decode(text)
        if verify is None or signature is None:
            return False
        if not verify(public, signature, signed_message(root, size)):
            return False
        self._good[known] = None
        if len(self._good) > self._remembered:
            self._good.popitem(last=False)
        return True


def _encode(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).decode().rstrip("=")


def _decode(text: str) -> bytes | None:
    """The bytes of their one canonical text: any other would be the same signature again."""
    try:
        raw = base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True)
    except (binascii.Error, ValueError):
        return None
    return raw if _encode(raw) == text else None
