"""The two files of a ferry: a bundle and an acknowledgement, each sealed by its side's key.

A zip with one way to write it (casebus.evidence.archive): `manifest.json`, `signature.json` and, in
a bundle, `items.jsonl`, to whose lines the manifest's Merkle root commits. The signature of a
carrier proves who packed the file. It proves nothing about the events in it, which have their own.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from casebus.evidence.archive import BundleError, pack, unpack
from casebus.evidence.lines import canonical
from casebus.ferry.items import texts_of
from casebus.ferry.lane import MISSHAPEN, Fault, FerryError, Lane
from casebus.trust.keys import ALGORITHMS, ED25519, SigningKey
from casebus.trust.merkle import Frontier

_FORMAT = "casebus ferry v1"
_CONTEXT = b"casebus ferry v1\x00"
_ITEMS, _MANIFEST, _SIGNATURE = "items.jsonl", "manifest.json", "signature.json"
_DIGEST = re.compile(r"[0-9a-f]{64}")
#: The most that manifest, signature and archive take of a file.
OVERHEAD = 4 * 1024
#: No file is larger, whatever the carrier allows.
LARGEST = 64 * 1024 * 1024
#: No carrier may allow less.
SMALLEST = 16 * 1024
#: The `previous` of the first bundle.
NONE = "0" * 64
#: Numbers that one acknowledgement names.
MOST_NAMED = 100

#: Raw public keys of the other side, by key id.
Peers = Mapping[str, bytes]


@dataclass(frozen=True, slots=True)
class FerryBundle:
    """`previous` is the digest of the bundle before.

    `stands_for` is the digest of the bundle whose number it takes. The other side's scanner refused
    that bundle. Its items come again later, one by one.
    """

    lane: Lane
    number: int
    previous: str
    lines: tuple[bytes, ...]
    stands_for: str = ""

    @property
    def digest(self) -> str:
        """The digest that the next bundle names as its `previous`."""
        return self.stands_for or hashlib.sha256(self.manifest()).hexdigest()

    def manifest(self) -> bytes:
        root = Frontier().append([_leaf(line) for line in self.lines]).root()
        said = {
            "number": self.number,
            "previous": self.previous,
            "items": len(self.lines),
            "root": root.hex(),
        }
        more = {"stands_for": self.stands_for} if self.stands_for else {}
        return _manifest("bundle", self.lane, said | more)

    def seal(self, key: SigningKey) -> bytes:
        return _sealed(self.manifest(), key, _text(self.lines))


@dataclass(frozen=True, slots=True)
class Ack:
    """The progress in the other side's lane: all up to `through`, and the missing numbers after it.

    `digest` is that of the bundle `through`, so that nobody takes it for another of that number.
    `refused` has the bundles that the scanner refused, by number: the lane waits there for the
    replacement.
    """

    lane: Lane
    serial: int
    through: int
    digest: str
    missing: tuple[int, ...] = ()
    refused: Mapping[int, str] = field(default_factory=dict)

    def manifest(self) -> bytes:
        said = {
            "serial": self.serial,
            "through": self.through,
            "digest": self.digest,
            "missing": list(self.missing),
            "refused": {str(number): why for number, why in self.refused.items()},
        }
        return _manifest("ack", self.lane, said)

    def seal(self, key: SigningKey) -> bytes:
        return _sealed(self.manifest(), key, None)


def opened(raw: bytes, peers: Peers) -> FerryBundle | Ack:
    """The content of a file, which can have one form only. Raises FerryError.

    `ferry_unreadable` where a byte is missing or another, `ferry_foreign_signature` where no peer
    signed it.
    """
    if len(raw) > LARGEST:
        raise FerryError(Fault.TOO_LARGE, f"{len(raw)} bytes; at most {LARGEST}")
    try:
        files, first_difference = unpack(raw)
        if first_difference is not None:
            raise _unreadable(f"byte {first_difference} is another")
        _require_signed(files[_MANIFEST], files[_SIGNATURE], peers)
        return _read(json.loads(files[_MANIFEST]), files)
    except FerryError:
        raise
    except BundleError as error:
        raise _unreadable(error.detail) from error
    except MISSHAPEN as error:
        raise _unreadable("its parts are not of their form") from error


def opened_bundle(raw: bytes, peers: Peers) -> FerryBundle:
    """A file that is a bundle; raises FerryError as `opened`, and where it is another."""
    found = opened(raw, peers)
    if not isinstance(found, FerryBundle):
        raise _unreadable("it is no bundle")
    return found


def _read(said: dict[str, Any], files: Mapping[str, bytes]) -> FerryBundle | Ack:
    lane = Lane.from_json(said["lane"])
    read: FerryBundle | Ack
    if said["kind"] == "ack":
        refused = {int(number): str(why) for number, why in said["refused"].items()}
        missing = tuple(_count(one) for one in said["missing"])
        serial, through = _count(said["serial"]), _count(said["through"])
        read = Ack(lane, serial, through, _digest(said["digest"]), missing, refused)
        parts = {_MANIFEST: read.manifest()}
    else:
        lines = tuple(files[_ITEMS].split(b"\n")[:-1])
        stands_for = _digest(said["stands_for"]) if "stands_for" in said else ""
        read = FerryBundle(
            lane, _count(said["number"]), _digest(said["previous"]), lines, stands_for
        )
        parts = {_MANIFEST: read.manifest(), _ITEMS: _text(lines)}
    # Written again, it must equal the signed bytes: nothing in it is free or left out.
    if parts | {_SIGNATURE: files[_SIGNATURE]} != files:
        raise _unreadable("the manifest is not that of its items")
    return read


def _text(lines: Sequence[bytes]) -> bytes:
    return b"".join(line + b"\n" for line in lines)


def _digest(text: Any) -> str:
    if _DIGEST.fullmatch(text) is None:
        raise ValueError("no digest")
    return str(text)


def _count(number: Any) -> int:
    if type(number) is not int or not 0 <= number < 1 << 53:
        raise ValueError("no count")
    return number


def _require_signed(manifest: bytes, signature: bytes, peers: Peers) -> None:
    said = json.loads(signature)
    public = peers.get(said["keyid"])
    if public is None:
        raise FerryError(Fault.FOREIGN_SIGNATURE, "the other side has no such key")
    try:
        raw = base64.b64decode(said["signature"], validate=True)
    except binascii.Error as error:
        raise _unreadable("the signature is no Base64") from error
    if _signature(said["keyid"], raw) != signature:
        raise _unreadable("the signature is not in its one form")
    if not ALGORITHMS[ED25519](public, raw, _CONTEXT + manifest):
        raise FerryError(Fault.FOREIGN_SIGNATURE, "the signature does not fit")


def _manifest(kind: str, lane: Lane, said: Mapping[str, Any]) -> bytes:
    return canonical({"format": _FORMAT, "kind": kind, "lane": lane.to_json(), **said}) + b"\n"


def _sealed(manifest: bytes, key: SigningKey, items: bytes | None) -> bytes:
    files = {_MANIFEST: manifest, _SIGNATURE: _signature(key.keyid, key.sign(_CONTEXT + manifest))}
    return pack(files if items is None else files | {_ITEMS: items})


def _signature(keyid: str, raw: bytes) -> bytes:
    return canonical({"keyid": keyid, "signature": base64.b64encode(raw).decode()}) + b"\n"


def _leaf(line: bytes) -> bytes:
    return hashlib.sha256(b"\x00" + line).digest()


def _unreadable(detail: str) -> FerryError:
    return FerryError(Fault.UNREADABLE, detail)


def contents(one: FerryBundle | Ack) -> bytes:
    """The texts that a scanner cannot see in the file itself, because they are in Base64: a zip."""
    lines = one.lines if isinstance(one, FerryBundle) else ()
    texts = (text for line in lines for text in texts_of(line))
    return pack({f"{at:08}": text for at, text in enumerate(texts)})


def name_of(one: FerryBundle | Ack) -> str:
    """A name that any mover of files keeps: lower-case letters, digits, hyphens, one dot.

    It is only for sorting; the manifest says what a file is.
    """
    kind, number = ("b", one.number) if isinstance(one, FerryBundle) else ("ack", one.serial)
    return f"{one.lane.agency}-{one.lane.direction}-{kind}{number:010}.zip"


def chained(
    bundles: Sequence[Sequence[bytes]], lane: Lane, number: int, last: str
) -> list[FerryBundle]:
    """Bundles of these lines, numbered and chained behind `number` and the digest `last`."""
    made = []
    for number_of, lines in enumerate(bundles, start=number + 1):
        made.append(FerryBundle(lane, number_of, last, tuple(lines)))
        last = made[-1].digest
    return made
