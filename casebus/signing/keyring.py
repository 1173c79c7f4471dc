"""The private keys with which this machine signs, one PEM file for each agency."""

from __future__ import annotations

from pathlib import Path

from casebus.errors import CasebusError
from casebus.trust.keys import SigningKey

#: The identity of a file's state: its place, its length, and the time of its last write.
_Mark = tuple[int, int, int]


class Keyring:
    """Loads `<agency>.pem` from a folder, and again when the file has changed."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._keys: dict[str, tuple[_Mark, SigningKey]] = {}

    def key(self, agency: str) -> SigningKey:
        """Raises CasebusError `no_key`, which names the missing file."""
        path = self.path(agency)
        try:
            mark = _mark(path)
        except OSError:
            raise CasebusError(
                "no_key",
                f"no key of {agency}: {path} is missing; set CASEBUS_KEYS_DIR, or make one:"
                f" casebus keys new {agency}",
            ) from None
        known = self._keys.get(agency)
        if known is None or known[0] != mark:
            known = self._keys[agency] = mark, SigningKey.load(path)
        return known[1]

    def has(self, agency: str) -> bool:
        return self.path(agency).is_file()

    def path(self, agency: str) -> Path:
        if "/" in agency or agency.startswith("."):
            raise CasebusError("no_key", f"{agency!r} is no agency id")
        return self._folder / f"{agency}.pem"

    def agencies(self) -> list[str]:
        return sorted(path.stem for path in self._folder.glob("*.pem"))


def _mark(path: Path) -> _Mark:
    found = path.stat()
    return found.st_ino, found.st_size, found.st_mtime_ns
