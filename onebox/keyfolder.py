"""The private keys of a home: one file for each agency, and one for each speaker of the bus."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from casebus.events.doors import BUS
from casebus.trust.directory import ROOT
from casebus.trust.keys import SigningKey
from onebox.places import Home
from operations.speakers import OPERATOR, SPEAKERS


@dataclass(frozen=True, slots=True)
class KeyFolder:
    """The place of private keys: one PEM for each agency in `folder`.

    The root's and the bus's apart.
    """

    folder: Path
    home: Home

    def of(self, agency: str) -> SigningKey:
        """The agency's key, made if it has none yet; the operator's for the bus."""
        return _load_or_make(self._path(agency))

    def of_speaker(self, process: str) -> SigningKey:
        """The key by which one process speaks for the bus, made if it has none yet."""
        return _load_or_make(self.home.bus_key(process))

    def has(self, agency: str) -> bool:
        return self._path(agency).is_file()

    def split(self) -> None:
        """Remove the bus's single key that an earlier release kept among the agencies' keys.

        The operator keeps it. If the root is another's, new keys cannot be entered in the
        directory. Then every speaker gets a copy.
        """
        shared = self.folder / f"{BUS}.pem"
        if not shared.is_file():
            return
        key = SigningKey.load(shared)
        for process in (OPERATOR,) if self.has(ROOT) else SPEAKERS:
            if not self.home.bus_key(process).is_file():
                key.save(self.home.bus_key(process))
        if self.folder == self.home.keys:
            shared.unlink()

    def _path(self, agency: str) -> Path:
        if agency == BUS:
            return self.home.bus_key(OPERATOR)
        return self.home.root_key if agency == ROOT else self.folder / f"{agency}.pem"


def _load_or_make(path: Path) -> SigningKey:
    if path.is_file():
        return SigningKey.load(path)
    key = SigningKey.generate()
    key.save(path)
    return key
