"""A small world for tests: real schemas, a directory with keys, and a pen that signs anything."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from uuid import uuid4

from casebus.events.envelope import Envelope, Record
from casebus.events.legaltime import LegalTime
from casebus.events.schemas import Schemas
from casebus.trust.directory import ROOT, Directory
from casebus.trust.keys import SigningKey
from casebus.trust.leaf import event_leaf
from casebus.trust.signing import Draft, sign

SCHEMAS = Schemas.load(Path(__file__).parent.parent / "schemas")
NOW = datetime(2026, 3, 5, 1, 0, tzinfo=UTC)
LONG_AGO = datetime(2000, 1, 1, tzinfo=UTC)

AGENCIES = {
    "cn-330106-amr": ("administrative", "county", "330106", "cn-330100-amr", "kafka"),
    "cn-330100-amr": ("administrative", "city", "330100", "", "hosted"),
    "cn-330106-psb": ("police", "county", "330106", "", "hosted"),
    "cn-330106-pro": ("procuratorate", "county", "330106", "", "hosted"),
    "cn-330106-court": ("court", "county", "330106", "", "hosted"),
    "bus": ("bus", "national", "000000", "", "none"),
}


def draft(
    ce_type: str,
    source: str,
    *,
    data: dict[str, Any] | None = None,
    stream: str | None = None,
    legal: str | None = None,
    **attributes: Any,
) -> Draft:
    """An unsigned event with sensible defaults."""
    full = ce_type if ce_type.startswith("casebus.") else f"casebus.{ce_type}.v1"
    envelope = Envelope(
        **{
            "id": str(uuid4()),
            "type": full,
            "source": source,
            "subject": stream or str(uuid4()),
            "time": NOW,
            "dataschema": SCHEMAS.latest(full).uri,
            "legaltime": LegalTime.parse(legal) if legal else None,
            **attributes,
        }
    )
    return Draft(envelope, SCHEMAS.encode(full, data or {}))


def signed(draft_: Draft, key: SigningKey, *, signedby: str | None = None) -> Record:
    return sign([draft_], key, SCHEMAS, signedby=signedby)[0]


def with_headers(record: Record, **changes: bytes | None) -> Record:
    """The record with headers replaced (`ce_to=b""`) or left out (None)."""
    headers = dict(record.headers)
    for name, value in changes.items():
        headers.pop(name, None)
        if value is not None:
            headers[name] = value
    return replace(record, headers=tuple(headers.items()))


@dataclass
class World:
    """A directory whose root, bus and agencies have keys of this test's own."""

    keys: dict[str, SigningKey] = field(
        default_factory=lambda: {name: SigningKey.generate() for name in (ROOT, *AGENCIES)}
    )
    directory: Directory = field(init=False)

    def __post_init__(self) -> None:
        first = signed(self._root(), self.keys[ROOT])
        value = first.value or b""
        leaf = event_leaf(SCHEMAS.schema_of(value).digest, first.headers, value)
        self.directory = Directory(SCHEMAS, leaf.hex())
        self.directory.apply(first)
        for name, (sector, level, division, superior, delivery) in AGENCIES.items():
            self.say(
                "directory.agency_registered",
                agency=name,
                name=name,
                sector=sector,
                level=level,
                division=division,
                superior=superior,
                delivery=delivery,
            )
            self.add_key(name, self.keys[name])

    def say(self, ce_type: str, signer: str = ROOT, **data: Any) -> None:
        """Apply a directory entry signed by `signer`."""
        self.directory.apply(signed(draft(ce_type, ROOT, data=data), self.keys[signer]))

    def add_key(self, agency: str, key: SigningKey, **window: datetime) -> None:
        row: dict[str, Any] = {
            "algorithm": "ed25519",
            "public": key.public,
            "valid_from": LONG_AGO,
            **window,
        }
        self.say("directory.key_added", agency=agency, keyid=key.keyid, **row)

    def event(self, ce_type: str, source: str, **changes: Any) -> Record:
        """An event signed by its source's own key."""
        return signed(draft(ce_type, source, **changes), self.keys[source.partition("/")[0]])

    def events(self, drafts: Sequence[Draft], signer: str) -> list[Record]:
        return sign(drafts, self.keys[signer], SCHEMAS)

    def _root(self) -> Draft:
        key = self.keys[ROOT]
        row = {
            "keyid": key.keyid,
            "algorithm": "ed25519",
            "public": key.public,
            "valid_from": LONG_AGO,
        }
        return draft("directory.root_established", ROOT, data={"keys": [row]})
