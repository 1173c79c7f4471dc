"""Writes docs/vectors/signature.json, which another implementation must reproduce byte for byte."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from casebus.events.envelope import Envelope, Record
from casebus.events.legaltime import LegalTime
from casebus.events.schemas import Schemas
from casebus.trust.keys import SigningKey
from casebus.trust.leaf import event_leaf, log_leaf
from casebus.trust.merkle import root_and_paths
from casebus.trust.signing import Draft, sign, signed_message

_ROOT = Path(__file__).parent.parent
_TYPE = "casebus.referral.accepted.v1"
_SEED = bytes(range(32))


def vectors() -> dict[str, object]:
    """Three events signed together by a key of a known seed."""
    schemas = Schemas.load(_ROOT / "schemas")
    key = SigningKey(Ed25519PrivateKey.from_private_bytes(_SEED))
    records = sign([_draft(schemas, number) for number in range(3)], key, schemas)
    leaves = [_leaf(schemas, record) for record in records]
    root, _ = root_and_paths(leaves)
    return {
        "private_key_seed": _SEED.hex(),
        "public_key": key.public.hex(),
        "key_id": key.keyid,
        "tree_root": root.hex(),
        "signed_message": signed_message(root, len(leaves)).hex(),
        "records": [
            {
                "key": (record.key or b"").decode(),
                "schema_digest": schemas.schema_of(record.value).digest.hex(),
                "headers": {name: text.decode() for name, text in record.headers},
                "value": (record.value or b"").hex(),
                "event_leaf": leaf.hex(),
                "log_leaf_with_stamp_cb-verdict_admitted": log_leaf(
                    leaf, (*record.headers, ("cb-verdict", b"admitted"))
                ).hex(),
            }
            for record, leaf in zip(records, leaves, strict=True)
        ],
    }


def _draft(schemas: Schemas, number: int) -> Draft:
    envelope = Envelope(
        id=f"00000000-0000-7000-8000-00000000000{number}",
        type=_TYPE,
        source="cn-330106-psb",
        subject="00000000-0000-7000-8000-0000000000ff",
        time=datetime(2026, 3, 7, 1, 0, tzinfo=UTC),
        dataschema=schemas.latest(_TYPE).uri,
        to=("cn-330106-amr",),
        sequence=number + 1,
        legaltime=LegalTime.parse("2026-03-07"),
    )
    return Draft(envelope, schemas.encode(_TYPE, {"note": f"受理{number}"}))


def _leaf(schemas: Schemas, record: Record) -> bytes:
    value = record.value or b""
    return event_leaf(schemas.schema_of(value).digest, record.headers, value)


def main() -> None:
    target = _ROOT / "docs" / "vectors" / "signature.json"
    target.write_text(json.dumps(vectors(), ensure_ascii=False, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
