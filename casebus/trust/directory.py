"""The directory: agencies, keys and delegates, folded from the records of its own topic.

Entry 0 names the root keys and is signed by one of them; its event leaf is pinned in every worker.
Later entries have the source `root` and are signed by a root key or by a registrar, which is a
delegate that root names for `casebus.directory.*` (design rule 9, the directory).
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from fnmatch import fnmatchcase
from typing import Any

from casebus.errors import CasebusError
from casebus.events.doors import BUS
from casebus.events.envelope import Envelope, Record
from casebus.events.schemas import Schemas
from casebus.trust.leaf import event_leaf
from casebus.trust.signing import SignatureCheck

ROOT = "root"


Named = Sequence[tuple[str, tuple[str, ...]]]
"""Delegates of one source, each with the types that it may sign."""


def is_named(signer: str, ce_type: str, named: Named) -> bool:
    """True if the signer is a delegate for this type."""
    return any(
        delegate == signer and any(fnmatchcase(ce_type, glob) for glob in globs)
        for delegate, globs in named
    )


class DirectoryError(CasebusError):
    """An entry that readers must not believe."""


@dataclass(frozen=True, slots=True)
class Agency:
    """One agency; `level` is county, city, province or national, `division` GB/T 2260."""

    id: str
    name: str
    sector: str
    level: str
    division: str
    superior: str | None
    #: `hosted` (the bus's intake takes its records) or `kafka` (its own consumer does).
    delivery: str


@dataclass(frozen=True, slots=True)
class PublicKey:
    """A key of an agency, valid in [valid_from, valid_to) of the broker's append time."""

    keyid: str
    agency: str
    algorithm: str
    public: bytes
    valid_from: datetime
    valid_to: datetime | None = None
    revoked_at: datetime | None = None

    def valid_at(self, moment: datetime) -> bool:
        return self.valid_from <= moment and (self.valid_to is None or moment < self.valid_to)


@dataclass
class Directory:
    """The state after `position` entries; `apply` takes the next one or raises."""

    schemas: Schemas
    root_digest: str
    position: int = 0
    agencies: dict[str, Agency] = field(default_factory=dict)
    keys: dict[str, PublicKey] = field(default_factory=dict)
    _delegates: dict[str, list[tuple[str, tuple[str, ...]]]] = field(default_factory=dict)
    #: The entries on keys and delegates by offset: the subject of each, and the key that signed.
    _trust: dict[int, tuple[Record, str, str]] = field(default_factory=dict)
    _check: SignatureCheck = field(default_factory=SignatureCheck)

    def agency(self, name: str) -> Agency | None:
        return self.agencies.get(name)

    def delivery_to(self, name: str) -> str | None:
        """How an agency gets its records; None where nobody knows it."""
        agency = self.agencies.get(name)
        return None if agency is None else agency.delivery

    def key(self, keyid: str) -> PublicKey | None:
        return self.keys.get(keyid)

    def in_division(self, division: str, sector: str, level: str) -> tuple[Agency, ...]:
        """Agencies of a sector and level in a division: 「同级」 of an agency there."""
        return tuple(
            one
            for one in self.agencies.values()
            if (one.division, one.sector, one.level) == (division, sector, level)
        )

    def may_sign(self, signer: str, source: str, ce_type: str) -> bool:
        """True if `signer` is the source's agency or its delegate for this type."""
        return signer == source or is_named(signer, ce_type, self._delegates.get(source, ()))

    def delegates(self, source: str) -> dict[str, tuple[str, ...]]:
        """The delegates that may sign for the source, each with its types."""
        named: dict[str, tuple[str, ...]] = {}
        for delegate, globs in self._delegates.get(source, ()):
            named[delegate] = (*named.get(delegate, ()), *globs)
        return named

    def apply(self, record: Record) -> None:
        """Take the entry at `position`; raises DirectoryError, and stays as it was, if bad."""
        try:
            envelope = Envelope.from_headers(record.headers)
            schema, data = self.schemas.decode(record.value)
        except CasebusError as error:
            raise DirectoryError("directory_unreadable", str(error)) from error
        leaf = event_leaf(schema.digest, record.headers, record.value or b"")
        if schema.ce_type != envelope.type:
            raise DirectoryError("directory_unreadable", "type and schema differ")
        if self.position == 0:
            self._establish(envelope, data, leaf)
        else:
            self._require_signed(envelope, leaf)
            self._take(envelope, data)
        self._note(record, envelope, data)
        self.position += 1

    def named(self, source: str) -> Named:
        """The same, in the order of naming."""
        return tuple(self._delegates.get(source, ()))

    def about(self, position: int) -> str | None:
        """The key, or the source of delegates, that the entry is about; root for entry 0."""
        told = self._trust.get(position)
        return None if told is None else told[1]

    def entries_of(self, keyids: Iterable[str], sources: Iterable[str] = ()) -> dict[int, Record]:
        """The entries about these keys, delegates of these and the root, by offset.

        Another reader applies them in this order, and learns of nothing else.
        """
        wanted, before = {ROOT, *keyids, *sources}, 0
        while len(wanted) > before:
            before = len(wanted)
            wanted |= {signer for _, about, signer in self._trust.values() if about in wanted}
        return {at: one for at, (one, about, _) in self._trust.items() if about in wanted}

    def _note(self, record: Record, envelope: Envelope, data: dict[str, Any]) -> None:
        """Keep the entry under its subject: a key, or the source whose delegates it names."""
        match envelope.type.split(".")[2]:
            case "root_established":
                about = ROOT
            case "key_added" | "key_revoked":
                about = data["keyid"]
            case "delegate_named" | "delegate_withdrawn":
                about = data["source"]
            case _:
                return
        self._trust[self.position] = (record, about, envelope.keyid or "")

    def skip(self) -> None:
        """Count an entry that was not believed, so that positions stay offsets."""
        self.position += 1

    def _establish(self, envelope: Envelope, data: dict[str, Any], leaf: bytes) -> None:
        if leaf.hex() != self.root_digest:
            raise DirectoryError("directory_root_mismatch", "entry 0 is not the pinned root")
        for row in data["keys"]:
            self._add_key(ROOT, row)
        self.agencies[ROOT] = Agency(ROOT, "目录根", BUS, "national", "000000", None, "none")
        try:
            self._require_signed(envelope, leaf)
        except DirectoryError:
            self.keys.clear()
            self.agencies.clear()
            raise

    def _require_signed(self, envelope: Envelope, leaf: bytes) -> None:
        key = self.keys.get(envelope.keyid or "")
        if key is None or key.revoked_at or envelope.agency != ROOT:
            raise DirectoryError("directory_not_root", f"entry {self.position}")
        if not self.may_sign(key.agency, ROOT, envelope.type):
            raise DirectoryError("directory_not_root", f"entry {self.position}")
        if not self._check(leaf, envelope, algorithm=key.algorithm, public=key.public):
            raise DirectoryError("directory_bad_signature", f"entry {self.position}")

    def _take(self, envelope: Envelope, data: dict[str, Any]) -> None:
        match envelope.type.split(".")[2]:
            case "agency_registered":
                self._register(data)
            case "key_added":
                self._add_key(data["agency"], data)
            case "key_revoked":
                self._revoke(data, envelope.time)
            case "delegate_named":
                named = self._delegates.setdefault(data["source"], [])
                named.append((data["delegate"], tuple(data["types"])))
            case "delegate_withdrawn":
                self._withdraw(data["source"], data["delegate"])
            case other:
                raise DirectoryError("directory_unknown_entry", other)

    def _withdraw(self, source: str, delegate: str) -> None:
        kept = [one for one in self._delegates.get(source, ()) if one[0] != delegate]
        self._delegates[source] = kept

    def _register(self, data: dict[str, Any]) -> None:
        self.agencies[data["agency"]] = Agency(
            id=data["agency"],
            name=data["name"],
            sector=data["sector"],
            level=data["level"],
            division=data["division"],
            superior=data["superior"] or None,
            delivery=data["delivery"],
        )

    def _add_key(self, agency: str, row: dict[str, Any]) -> None:
        self.keys[row["keyid"]] = PublicKey(
            keyid=row["keyid"],
            agency=agency,
            algorithm=row["algorithm"],
            public=row["public"],
            valid_from=row["valid_from"],
            valid_to=row.get("valid_to"),
        )

    def _revoke(self, data: dict[str, Any], said_at: datetime) -> None:
        key = self.keys.get(data["keyid"])
        if key is None:
            raise DirectoryError("directory_unknown_key", data["keyid"])
        revoked_at = data.get("revoked_at") or said_at.astimezone(UTC)
        self.keys[key.keyid] = PublicKey(
            key.keyid,
            key.agency,
            key.algorithm,
            key.public,
            key.valid_from,
            key.valid_to,
            revoked_at,
        )
