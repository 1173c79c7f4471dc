"""The keys that hosted agencies sign with."""

from __future__ import annotations

from pathlib import Path

from casebus.errors import CasebusError
from casebus.trust.directory import BUS, Directory
from casebus.trust.keys import SigningKey


class HostedKeys:
    """Each agency's own key; without one the bus signs, where the directory lets it."""

    def __init__(self, folder: Path, directory: Directory) -> None:
        self._folder, self._directory = folder, directory
        self._known: dict[str, SigningKey] = {}

    def signer(self, agency: str, ce_type: str) -> tuple[SigningKey, str | None]:
        """The key, and the delegate to name; raises CasebusError `no_key`."""
        if (self._folder / f"{agency}.pem").is_file():
            return self._key(agency), None
        if self._directory.may_sign(BUS, agency, ce_type):
            return self._key(BUS), BUS
        raise CasebusError("no_key", f"{agency} is hosted here and has no key")

    def _key(self, name: str) -> SigningKey:
        if name not in self._known:
            self._known[name] = SigningKey.load(self._folder / f"{name}.pem")
        return self._known[name]
