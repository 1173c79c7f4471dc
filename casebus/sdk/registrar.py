"""Entries of the directory: who signs for whom, signed by the root or a registrar that it names."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from casebus.events.envelope import Record
from casebus.events.schemas import Schemas
from casebus.events.topics import DIRECTORY
from casebus.kafka.connection import clear_errors, open_producer
from casebus.settings import Settings
from casebus.trust.directory import ROOT, Directory, PublicKey
from casebus.trust.entries import entry_of
from casebus.trust.keys import ED25519, SigningKey, key_id
from casebus.trust.signing import sign

_SEND_SECONDS = 20


class Registrar:
    """Makes entries and sends them; an entry that readers would not believe is not sent."""

    def __init__(self, settings: Settings, schemas: Schemas, signer: str, key: SigningKey) -> None:
        self._settings = settings
        self._schemas = schemas
        self._signer = signer
        self._key = key

    def add_key(
        self, agency: str, public: bytes, *, valid_from: datetime, now: datetime, note: str = ""
    ) -> Record:
        """The entry that lets `agency` sign with this raw Ed25519 key from `valid_from` on."""
        said = {
            "agency": agency,
            "keyid": key_id(public),
            "algorithm": ED25519,
            "public": public,
            "valid_from": valid_from,
            "note": note,
        }
        return self._entry("key_added", agency, said, now)

    def revoke_key(self, key: PublicKey, *, reason: str, now: datetime) -> Record:
        """The entry after which nothing signed by this key is admitted."""
        said = {"agency": key.agency, "keyid": key.keyid, "revoked_at": now, "reason": reason}
        return self._entry("key_revoked", key.agency, said, now)

    def name_delegate(
        self, source: str, delegate: str, types: Sequence[str], *, now: datetime, note: str = ""
    ) -> Record:
        """The entry that lets `delegate` sign these types for `source`; `*` stands for any text."""
        said = {"source": source, "delegate": delegate, "types": list(types), "note": note}
        return self._entry("delegate_named", source, said, now)

    def withdraw_delegate(
        self, source: str, delegate: str, *, reason: str, now: datetime
    ) -> Record:
        """The entry after which nothing that `delegate` signed for `source` is admitted."""
        said = {"source": source, "delegate": delegate, "reason": reason}
        return self._entry("delegate_withdrawn", source, said, now)

    def send(self, directory: Directory, entry: Record) -> int:
        """Append an entry that `directory` believes; returns its place there."""
        directory.apply(entry)
        producer = open_producer(self._settings)
        try:
            with clear_errors(self._settings, DIRECTORY):
                taken = producer.send(
                    DIRECTORY,
                    key=entry.key,
                    value=entry.value,
                    headers=list(entry.headers),
                    partition=0,
                ).get(timeout=_SEND_SECONDS)
        finally:
            producer.close()
        return int(taken.offset)

    def _entry(self, event: str, about: str, said: dict[str, Any], now: datetime) -> Record:
        draft = entry_of(self._schemas, event, about, said, at=now)
        signedby = None if self._signer == ROOT else self._signer
        return sign([draft], self._key, self._schemas, signedby=signedby)[0]
