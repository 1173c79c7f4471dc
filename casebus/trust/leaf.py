"""The two leaves of docs/wire.md: what the author signs, and what the log commits to."""

from __future__ import annotations

import hashlib
import struct
from collections.abc import Iterable
from functools import lru_cache

from casebus.events.envelope import UNSIGNED_HEADERS, Header
from casebus.events.schemas import PREFIX_BYTES

_LENGTH = struct.Struct(">I")


def event_leaf(schema_digest: bytes, headers: Iterable[Header], value: bytes) -> bytes:
    """SHA-256 over 0x00, the schema text's digest, the covered headers, the bare Avro body.

    Covered are `content-type` and every `ce_*` but the signature and its proof, sorted by name,
    name and value each behind its length; `traceparent` and `cb-*` change on the way and are not.
    """
    covered = sorted([header for header in headers if is_covered(header[0])])
    parts = [b"\x00", schema_digest, _LENGTH.pack(len(covered)), *_framed(covered)]
    parts.append(value[PREFIX_BYTES:])
    return hashlib.sha256(b"".join(parts)).digest()


def log_leaf(leaf: bytes, headers: Iterable[Header]) -> bytes:
    """SHA-256 over 0x00, the event leaf, the signature and its proof, and the bus's stamps."""
    kept = sorted([header for header in headers if is_logged(header[0])])
    return hashlib.sha256(b"".join((b"\x00", leaf, *_framed(kept)))).digest()


def _framed(headers: Iterable[Header]) -> list[bytes]:
    parts: list[bytes] = []
    for name, text in headers:
        parts += (_before(name, len(text)), text)
    return parts


# The same few names and lengths come with every record, and a journal is hashed record by record.
@lru_cache(maxsize=4096)
def _before(name: str, length: int) -> bytes:
    raw = name.encode()
    return _LENGTH.pack(len(raw)) + raw + _LENGTH.pack(length)


@lru_cache(maxsize=1024)
def is_covered(name: str) -> bool:
    """Whether the event leaf covers a header."""
    if name in UNSIGNED_HEADERS:
        return False
    return name.startswith("ce_") or name == "content-type"


@lru_cache(maxsize=1024)
def is_logged(name: str) -> bool:
    """Whether the log leaf covers a header beside the event leaf."""
    return name in UNSIGNED_HEADERS or name.startswith("cb-")
