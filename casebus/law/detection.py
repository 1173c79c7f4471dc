"""The meaning of an event for figures, by its name: it restates, adds or punishes; mostly none."""

from __future__ import annotations

from collections.abc import Container, Mapping
from fnmatch import fnmatchcase

from casebus.law.loader import LawError
from casebus.law.threshold_models import Detection, ThresholdFile

#: Strangers may ask for any name, and the memory must stay small.
_KEPT = 20_000
_SAYS = (
    "restates",
    "adds",
    "alleges",
    "watched",
    "transfers",
    "punishes",
    "annuls",
    "convicts",
    "finalises",
    "settles",
)


class EventDetection:
    """Reads names of events by the one file that gives them a meaning."""

    def __init__(self, files: Mapping[str, ThresholdFile], clocks: Container[str]) -> None:
        """Raises LawError for two such files, and for a clock that is not among `clocks`."""
        self._file = _only_one(files)
        #: Clocks that start together when a transfer is owed.
        self.clocks = self._file.clocks
        for clock in self.clocks:
            if clock not in clocks:
                raise LawError("law_invalid", f"thresholds: detection: unknown clock {clock}")
        #: The sectors whose agencies may owe a transfer.
        self.sectors = self._file.sectors
        self._known: dict[str, frozenset[str]] = {}

    def says(self, name: str) -> frozenset[str]:
        """The meaning of an event with this name: `restates`, `punishes`, ..."""
        known = self._known.get(name)
        if known is None:
            known = frozenset(word for word in _SAYS if self._has(word, name))
            if len(self._known) < _KEPT:
                self._known[name] = known
        return known

    def _has(self, word: str, name: str) -> bool:
        return any(fnmatchcase(name, glob) for glob in getattr(self._file, word))


def _only_one(files: Mapping[str, ThresholdFile]) -> Detection:
    found = [(name, file.detection) for name, file in files.items() if file.detection is not None]
    if len(found) > 1:
        raise LawError("law_invalid", f"{found[1][0]}: detection stands in {found[0][0]} already")
    return found[0][1] if found else Detection()
