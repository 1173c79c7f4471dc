"""The bundle's container: a zip with one way to write it, so that no bit of it is free.

Members are stored, not compressed, sorted by name, and have no time: the same files always give the
same bytes, and any unzip reads them.
"""

from __future__ import annotations

import struct
import zlib
from collections.abc import Mapping

from casebus.errors import CasebusError

_LOCAL = struct.Struct("<4s5H3I2H")
_CENTRAL = struct.Struct("<4s6H3I5H2I")
_END = struct.Struct("<4s4H2IH")
_VERSION, _UTF8, _FIRST_DAY = 20, 0x0800, 0x21
_MODE = 0o100644 << 16


class BundleError(CasebusError):
    """A file that is no bundle: `not_a_bundle`, and up to which byte it could be read."""


def pack(files: Mapping[str, bytes]) -> bytes:
    """The one archive of these files."""
    parts: list[bytes] = []
    central: list[bytes] = []
    at = 0
    for name in sorted(files):
        raw, body = name.encode(), files[name]
        about = (_UTF8, 0, 0, _FIRST_DAY, zlib.crc32(body), len(body), len(body), len(raw))
        local = _LOCAL.pack(b"PK\x03\x04", _VERSION, *about, 0) + raw
        head = _CENTRAL.pack(
            b"PK\x01\x02", 3 << 8 | _VERSION, _VERSION, *about, 0, 0, 0, 0, _MODE, at
        )
        central.append(head + raw)
        parts += (local, body)
        at += len(local) + len(body)
    listed = b"".join(central)
    end = _END.pack(b"PK\x05\x06", 0, 0, len(files), len(files), len(listed), at, 0)
    return b"".join((*parts, listed, end))


def unpack(raw: bytes) -> tuple[dict[str, bytes], int | None]:
    """The files, and the first byte that `pack` would have written differently.

    Raises BundleError if the members cannot be told apart.
    """
    files: dict[str, bytes] = {}
    at = 0
    while raw[at : at + 4] == b"PK\x03\x04":
        at = _member(raw, at, files)
    if raw[at : at + 4] not in (b"PK\x01\x02", b"PK\x05\x06"):
        raise _unreadable(at)
    return files, _first_difference(raw, pack(files))


def _member(raw: bytes, at: int, files: dict[str, bytes]) -> int:
    """Read the member at `at`; gives where the next one begins."""
    if len(raw) < at + _LOCAL.size:
        raise _unreadable(at)
    fields = _LOCAL.unpack_from(raw, at)
    size, name_size = int(fields[8]), int(fields[9])
    begin = at + _LOCAL.size + name_size
    end = begin + size
    try:
        name = raw[at + _LOCAL.size : begin].decode()
    except UnicodeDecodeError:
        raise _unreadable(at) from None
    if len(raw) < end or name in files:
        raise _unreadable(at)
    files[name] = raw[begin:end]
    return end


def _first_difference(one: bytes, other: bytes) -> int | None:
    if one == other:
        return None
    # The number of their common bytes, found by halving the open part.
    low, high = 0, min(len(one), len(other))
    while low < high:
        middle = (low + high + 1) // 2
        if one[low:middle] == other[low:middle]:
            low = middle
        else:
            high = middle - 1
    return low


def _unreadable(at: int) -> BundleError:
    return BundleError("not_a_bundle", f"byte {at} begins no member of the archive")
