"""The two leaves of docs/wire.md: the author signs one, and the log commits to the other."""

from __future__ import annotations

import hashlib
import struct
from collections.abc import Sequence
from typing import NamedTuple

from casebus.events.envelope import UNSIGNED_HEADERS
from casebus.events.framing import Framing, Headers, Parted, Sorts, parted
from casebus.events.schemas import PREFIX_BYTES
from casebus.events.stamps import is_stamp

_LENGTH = struct.Struct(">I")


def event_leaf(schema_digest: bytes, headers: Headers, value: bytes) -> bytes:
    """SHA-256 over 0x00, the schema text's digest, the covered headers, the bare Avro body.

    The leaf covers `content-type` and every `ce_*` except the signature and its proof. They are
    sorted by name, and a length stands before each name and value. `traceparent` and `cb-*` change
    on the way, so the leaf does not cover them.
    """
    named, form = _formed(headers)
    covered = form.covered.bytes_of(named)
    parts = (b"\x00", schema_digest, form.number, covered, value[PREFIX_BYTES:])
    return hashlib.sha256(b"".join(parts)).digest()


def log_leaf(leaf: bytes, headers: Headers) -> bytes:
    """SHA-256 over 0x00, the event leaf, the signature and its proof, and the bus's stamps."""
    named, form = _formed(headers)
    return hashlib.sha256(b"\x00" + leaf + form.logged.bytes_of(named)).digest()


class _Form(NamedTuple):
    """The leaves' parts of headers with certain names, by name."""

    covered: Framing
    number: bytes
    logged: Framing
    #: True if a name occurs twice: then the values order them.
    repeats: bool


def _form(names: tuple[str, ...]) -> _Form:
    by_name = sorted(range(len(names)), key=names.__getitem__)
    covered = _framing(names, [place for place in by_name if is_covered(names[place])])
    logged = _framing(names, [place for place in by_name if is_logged(names[place])])
    return _Form(covered, _LENGTH.pack(covered.size), logged, len(set(names)) < len(names))


_FORMS = Sorts(_form)


def _formed(headers: Headers) -> tuple[Parted, _Form]:
    named = parted(headers)
    form = _FORMS[named.names]
    if form.repeats:
        named = Parted.of(sorted(named.items()))
        form = _FORMS[named.names]
    return named, form


def _framing(names: Sequence[str], places: Sequence[int]) -> Framing:
    def before(place: int) -> tuple[bytes, bytes]:
        raw = names[place].encode()
        return _LENGTH.pack(len(raw)) + raw, b""

    return Framing(places, before)


def is_covered(name: str) -> bool:
    """True if the event leaf covers a header."""
    if name in UNSIGNED_HEADERS:
        return False
    return name.startswith("ce_") or name == "content-type"


def is_logged(name: str) -> bool:
    """True if the log leaf covers a header beside the event leaf."""
    return name in UNSIGNED_HEADERS or is_stamp(name)
