"""A rejected record as it is kept beside the bus's stamps, and its first form."""

from __future__ import annotations

import hashlib
import struct
from collections.abc import Iterable

from casebus.events.envelope import Header
from casebus.events.stamps import PREFIX, is_stamp

#: The prefix of a sender's own header that has the name of a stamp.
_FOREIGN = "orig-"
_LENGTH = struct.Struct(">I")


def kept_headers(headers: Iterable[Header]) -> list[Header]:
    """Every header of a rejected record as its sender had it, by a name that marks it so."""
    return [
        (_readable(f"{_FOREIGN}{name}" if is_stamp(name) else name), text) for name, text in headers
    ]


def as_it_came(headers: Iterable[Header]) -> tuple[Header, ...]:
    """The sender's headers alone, by their own names."""
    return tuple(
        (name.removeprefix(_FOREIGN) if name.startswith(_FOREIGN + PREFIX) else name, text)
        for name, text in headers
        if not is_stamp(name)
    )


def stamps(headers: Iterable[Header]) -> dict[str, str]:
    """The bus's stamps on the record."""
    return {name: text.decode(errors="replace") for name, text in headers if is_stamp(name)}


def fingerprint(key: bytes | None, value_digest: bytes, headers: Iterable[Header]) -> bytes:
    """The same for the same bytes, however often they came; the value's SHA-256 is enough."""
    digest = hashlib.sha256()
    parts = [key or b"", value_digest]
    for name, text in as_it_came(headers):
        parts += (name.encode(), text)
    for part in parts:
        digest.update(_LENGTH.pack(len(part)) + part)
    return digest.digest()


def _readable(name: str) -> str:
    """A name.

    If its bytes are no UTF-8, spelt out, because nobody could read the record otherwise.
    """
    return name.encode(errors="backslashreplace").decode()
