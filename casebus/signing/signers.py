"""The one key ring of a process that signs for others: the folder's keys, by the directory.

Both are read again at each signature: a revocation or a new key counts from the moment at which the
directory is read. No process needs a restart for it.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from casebus.errors import CasebusError
from casebus.events.doors import BUS
from casebus.now import Now
from casebus.signing.keyring import Keyring
from casebus.trust.directory import Directory
from casebus.trust.keys import SigningKey


def _machine_time() -> datetime:
    return datetime.now(UTC)


class Signers:
    """Signs by a key that the directory trusts; admission judges by the brokers' clock."""

    def __init__(self, folder: Path, directory: Directory, now: Now = _machine_time) -> None:
        self._files, self._directory, self._now = Keyring(folder), directory, now
        #: The key by which each agency signed last. It stays trusted until the folder's new key is.
        self._last: dict[str, SigningKey] = {}

    def trusted(self, agency: str) -> SigningKey | None:
        """The folder's key, or the last one, if the directory has it as a valid key of the agency.

        A key that is unknown, another agency's, not yet valid or revoked signs nothing.
        """
        for key in (self._file(agency), self._last.get(agency)):
            if key is not None and self._trusts(agency, key):
                self._last[agency] = key
                return key
        return None

    def signer(self, agency: str, ce_type: str) -> tuple[SigningKey, str | None]:
        """The agency's key, or the bus's if the directory allows it, with the delegate to name.

        If no key is trusted, it is the key that exists: its records are rejected and sent again
        with the next key (storage.resaying), and nobody else's events wait. Raises CasebusError
        `no_key`.
        """
        if (found := self.entitled(agency, ce_type)) is not None:
            return found
        delegate = self._delegate(agency, ce_type)
        return self._files.key(delegate or agency), delegate

    def entitled(self, agency: str, ce_type: str) -> tuple[SigningKey, str | None] | None:
        """As `signer`; None if the directory trusts no existing key."""
        if (key := self.trusted(agency)) is not None:
            return key, None
        delegate = self._delegate(agency, ce_type)
        key = self.trusted(delegate) if delegate else None
        return (key, delegate) if key else None

    def _delegate(self, agency: str, ce_type: str) -> str | None:
        """The bus, if the agency lets it sign."""
        is_bus = agency != BUS and self._directory.may_sign(BUS, agency, ce_type)
        return BUS if is_bus else None

    def holder(self, agency: str) -> Held:
        """The agency's own key, asked for at each signature."""
        return Held(self, agency)

    def current(self, agency: str) -> SigningKey:
        """Raises CasebusError `no_key`."""
        return self.trusted(agency) or self._files.key(agency)

    def _file(self, agency: str) -> SigningKey | None:
        try:
            return self._files.key(agency)
        except CasebusError:
            return None

    def _trusts(self, agency: str, key: SigningKey) -> bool:
        entry = self._directory.key(key.keyid)
        return (
            entry is not None
            and entry.agency == agency
            and entry.revoked_at is None
            and entry.valid_at(self._now())
        )


@dataclass(frozen=True, slots=True)
class Held:
    """One agency's place in the ring."""

    signers: Signers
    agency: str

    def current(self) -> SigningKey:
        return self.signers.current(self.agency)

    def trusted(self) -> SigningKey | None:
        return self.signers.trusted(self.agency)
