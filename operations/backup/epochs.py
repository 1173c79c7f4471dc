"""The epoch that a restored journal begins: no other restore begins the same (ADR 67)."""

from __future__ import annotations

import os
import re
import secrets
from pathlib import Path

#: The number of epochs in facts' revisions (casebus/cases/facts.py), and the largest step.
MOST = (1 << 19) - 1
_STEP = 1 << 12
#: The remaining room is enough for so many restores, whatever is drawn.
_RESTORES = 1 << 6
_NAME = re.compile(r"epoch-(\d{6})\.begun")


def following(epoch: int) -> int:
    """A later epoch, drawn so that two restores of copies do not begin the same."""
    return epoch + 1 + secrets.randbelow(max(1, min(_STEP, (MOST - epoch) // _RESTORES)))


def begin(folder: Path, newest: int) -> int:
    """A later epoch that was not begun from this folder; it is noted there if possible."""
    begun = [int(found[1]) for path in folder.iterdir() if (found := _NAME.fullmatch(path.name))]
    while True:
        epoch = following(max(newest, *begun)) if begun else following(newest)
        try:
            _note(folder / f"epoch-{epoch:06}.begun")
        except FileExistsError:
            begun.append(epoch)
        except OSError:
            # The medium is read-only, so the drawn number has to do.
            return epoch
        else:
            return epoch


def _note(path: Path) -> None:
    os.close(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600))
