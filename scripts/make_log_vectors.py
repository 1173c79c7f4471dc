"""Writes docs/vectors/log.json and receipt.json: trees, tiles, heads, a receipt, byte for byte."""

from __future__ import annotations

import hashlib
import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from casebus.events.doors import BUS
from casebus.events.envelope import Envelope, Record
from casebus.events.schemas import Schemas
from casebus.trust.directory import ROOT, Directory
from casebus.trust.head import (
    Head,
    LogName,
    cosign,
    log_key,
    sign_head,
    with_cosignature,
    witness_key,
)
from casebus.trust.keys import SigningKey
from casebus.trust.leaf import event_leaf
from casebus.trust.logproof import LogProof
from casebus.trust.proofs import consistency_path, inclusion_path, root_of, subtrees
from casebus.trust.receipt import LeafInputs, Receipt
from casebus.trust.signing import Draft, sign
from casebus.trust.tiles import WIDTH, Tile, tiles_of

_ROOT = Path(__file__).parent.parent
_FOLDER = _ROOT / "docs" / "vectors"
_SIZE = 300
_SIZES = (0, 1, 2, 3, 7, 8, 255, 256, 257, _SIZE)
_INCLUDED = ((0, 1), (0, 2), (6, 7), (7, 8), (255, 256), (256, 257), (42, _SIZE), (299, _SIZE))
_GROWN = ((1, 1), (1, 2), (3, 7), (4, 8), (6, 8), (128, 256), (255, _SIZE), (256, _SIZE))
_AT = datetime(2026, 3, 2, 9, 30, tzinfo=UTC)
_LONG_AGO = datetime(2020, 1, 1, tzinfo=UTC)
_AUTHOR, _WITNESS = "cn-330106-psb", "cn-330106-pro"
_STAMPS = {"cb-verdict": "admitted", "cb-recipients": "cn-330106-amr", "cb-flags": ""}


def _key(number: int) -> SigningKey:
    return SigningKey(Ed25519PrivateKey.from_private_bytes(bytes(range(number, number + 32))))


KEYS = {name: _key(at) for at, name in enumerate((ROOT, BUS, _AUTHOR, _WITNESS))}


def log_vectors() -> dict[str, Any]:
    """A log of 300 leaves."""
    leaves = [hashlib.sha256(b"\x00" + at.to_bytes(8, "big")).digest() for at in range(_SIZE)]
    tree, origin = subtrees(leaves), str(LogName("ab" * 32, 1, 2))
    note = sign_head(Head(origin, _SIZE, root_of(_SIZE, tree)), KEYS[BUS])
    line = cosign(note, _WITNESS, KEYS[_WITNESS], _AT)
    seen = with_cosignature(note, line)
    return {
        "leaf": "SHA-256(0x00 || u64 index), for index 0 to 299",
        "roots": {str(size): root_of(size, subtrees(leaves[:size])).hex() for size in _SIZES},
        "inclusion": [
            {"index": index, "size": size, "path": _hex(inclusion_path(index, size, tree))}
            for index, size in _INCLUDED
        ],
        "consistency": [
            {"old": old, "new": new, "path": _hex(consistency_path(old, new, tree))}
            for old, new in _GROWN
        ],
        "tiles": {str(tile): _tile(leaves, tile).hex() for tile in tiles_of(_SIZE)},
        "tile_paths": [
            {"level": tile.level, "index": tile.index, "width": tile.width, "path": str(tile)}
            for tile in (Tile(0, 0), Tile(0, 1_234_067), Tile(1, 5, 17), Tile(2, 1000, 1))
        ],
        "head": {
            "private_key_seed": bytes(range(1, 33)).hex(),
            "public_key": KEYS[BUS].public.hex(),
            "verifier_key": str(log_key(origin, KEYS[BUS].public)),
            "note": str(note),
        },
        "cosignature": {
            "private_key_seed": bytes(range(3, 35)).hex(),
            "public_key": KEYS[_WITNESS].public.hex(),
            "verifier_key": str(witness_key(_WITNESS, KEYS[_WITNESS].public)),
            "time": int(_AT.timestamp()),
            "note": str(seen),
        },
        "proof": str(LogProof(42, inclusion_path(42, _SIZE, tree), seen)),
    }


def receipt_vectors() -> dict[str, Any]:
    """An event, its receipt, and the root by which it is checked."""
    schemas = Schemas.load(_ROOT / "schemas")
    directory = _directory(schemas)
    [event] = sign(
        [_draft(schemas, "referral.accepted", _AUTHOR, {"note": "受理"})], KEYS[_AUTHOR], schemas
    )
    headers = {name: text.decode() for name, text in event.headers}
    signed = {name: headers[name] for name in ("ce_signature", "ce_sigproof")}
    inputs = LeafInputs({**signed, **_STAMPS}, headers["ce_keyid"])
    leaf = event_leaf(schemas.schema_of(event.value).digest, event.headers, event.value or b"")
    leaves = [bytes([at]) * 32 for at in range(7)]
    leaves[3] = inputs.leaf(leaf)
    tree = subtrees(leaves)
    head = Head(str(LogName(directory.root_digest, 1, 2)), 7, root_of(7, tree))
    note = sign_head(head, KEYS[BUS])
    note = with_cosignature(note, cosign(note, _WITNESS, KEYS[_WITNESS], _AT))
    keyids = [KEYS[name].keyid for name in (BUS, _AUTHOR, _WITNESS)]
    receipt = Receipt(
        stream=headers["ce_subject"],
        source=headers["ce_source"],
        id=headers["ce_id"],
        step="submitted",
        event_leaf=leaf,
        log_leaf=leaves[3],
        inputs=inputs,
        proof=LogProof(3, inclusion_path(3, 7, tree), note),
        entries=directory.entries_of(keyids, [_AUTHOR]),
    )
    return {
        "root_digest": directory.root_digest,
        "event": {
            "key": headers["ce_subject"],
            "headers": headers,
            "value": (event.value or b"").hex(),
            "schema_digest": schemas.schema_of(event.value).digest.hex(),
        },
        "receipt": receipt.to_json(),
        "index": 3,
        "size": 7,
        "witnesses": {_WITNESS: _AT.isoformat()},
    }


def _directory(schemas: Schemas) -> Directory:
    root = {"keys": [_key_row(ROOT)]}
    [first] = sign([_draft(schemas, "directory.root_established", ROOT, root)], KEYS[ROOT], schemas)
    directory = Directory(schemas, _leaf(schemas, first).hex())
    directory.apply(first)
    for name in (BUS, _AUTHOR, _WITNESS):
        data = {"agency": name, **_key_row(name)}
        draft = _draft(schemas, "directory.key_added", ROOT, data)
        directory.apply(sign([draft], KEYS[ROOT], schemas)[0])
    return directory


def _key_row(name: str) -> dict[str, Any]:
    key = KEYS[name]
    return {
        "keyid": key.keyid,
        "algorithm": key.algorithm,
        "public": key.public,
        "valid_from": _LONG_AGO,
    }


def _draft(schemas: Schemas, name: str, source: str, data: dict[str, Any]) -> Draft:
    ce_type = f"casebus.{name}.v1"
    envelope = Envelope(
        id="00000000-0000-7000-8000-000000000001",
        type=ce_type,
        source=source,
        subject="00000000-0000-7000-8000-0000000000ff",
        time=_AT,
        dataschema=schemas.latest(ce_type).uri,
    )
    return Draft(envelope, schemas.encode(ce_type, data))


def _leaf(schemas: Schemas, record: Record) -> bytes:
    value = record.value or b""
    return event_leaf(schemas.schema_of(value).digest, record.headers, value)


def _tile(leaves: list[bytes], tile: Tile) -> bytes:
    hashes = leaves
    for _ in range(tile.level):
        full = range(0, len(hashes) - len(hashes) % WIDTH, WIDTH)
        hashes = [root_of(WIDTH, subtrees(hashes[at : at + WIDTH])) for at in full]
    return b"".join(hashes[tile.first : tile.first + tile.width])


def _hex(path: tuple[bytes, ...]) -> list[str]:
    return [one.hex() for one in path]


def main() -> None:
    for name, made in (("log", log_vectors()), ("receipt", receipt_vectors())):
        text = json.dumps(made, ensure_ascii=False, indent=1)
        (_FOLDER / f"{name}.json").write_text(text + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
