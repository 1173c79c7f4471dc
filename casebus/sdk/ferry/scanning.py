"""Runs the command that looks at each file before it is taken, as a virus scanner does."""

from __future__ import annotations

import subprocess
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from casebus.errors import CasebusError

_LONGEST = 500
_SECONDS = 120.0
#: The codes of clamscan: 0 nothing found, 1 found. Any other code means that it could not look.
_CLEAN, _FOUND = 0, 1


@dataclass(frozen=True, slots=True)
class ScanVerdict:
    exit_code: int
    #: The command's output, shortened.
    said: str

    @property
    def clean(self) -> bool:
        return self.exit_code == _CLEAN


def scan(command: Sequence[str], path: Path) -> ScanVerdict:
    """Run the command with the file after its words, or in place of `{}`.

    Raises CasebusError `ferry_scanner_failed` if the command could not look. Then the file is
    neither taken nor refused.
    """
    words = [str(path) if word == "{}" else word for word in command]
    if "{}" not in command:
        words.append(str(path))
    try:
        done = subprocess.run(
            words, capture_output=True, timeout=_SECONDS, check=False, stdin=subprocess.DEVNULL
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        raise CasebusError("ferry_scanner_failed", f"{words[0]}: {type(error).__name__}") from error
    said = " ".join((done.stdout + done.stderr).decode(errors="replace").split())[:_LONGEST]
    if done.returncode not in (_CLEAN, _FOUND):
        raise CasebusError(
            "ferry_scanner_failed", f"{words[0]} ended with {done.returncode}: {said}"
        )
    return ScanVerdict(done.returncode, said)
