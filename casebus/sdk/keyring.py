"""The private keys that this machine signs with, one PEM file an agency."""

from __future__ import annotations

from pathlib import Path

from casebus.errors import CasebusError
from casebus.trust.keys import SigningKey


class Keyring:
    """Loads `<agency>.pem` from a folder at first use."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._keys: dict[str, SigningKey] = {}

    def key(self, agency: str) -> SigningKey:
        """Raises CasebusError `no_key`, naming the file that is missing."""
        if agency not in self._keys:
            path = self.path(agency)
            if not path.is_file():
                raise CasebusError(
                    "no_key",
                    f"no key of {agency}: {path} is missing; set CASEBUS_KEYS_DIR, or make one:"
                    f" casebus keys new {agency}",
                )
            self._keys[agency] = SigningKey.load(path)
        return self._keys[agency]

    def has(self, agency: str) -> bool:
        return agency in self._keys or self.path(agency).is_file()

    def path(self, agency: str) -> Path:
        if "/" in agency or agency.startswith("."):
            raise CasebusError("no_key", f"{agency!r} is no agency id")
        return self._folder / f"{agency}.pem"

    def agencies(self) -> list[str]:
        return sorted(path.stem for path in self._folder.glob("*.pem"))
