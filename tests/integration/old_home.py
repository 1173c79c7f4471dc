"""A home written by an earlier commit, unpacked: the state of an installation before an upgrade."""

from __future__ import annotations

import json
import lzma
import shutil
import tarfile
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from onebox import postgres
from onebox.places import Home, Ports

ARCHIVE = Path(__file__).parents[1] / "data/home-192abc2.tar.xz"


@contextmanager
def unpacked(archive: Path = ARCHIVE) -> Iterator[Home]:
    """The home in a directory of its own, which is removed at the end."""
    with tempfile.TemporaryDirectory(prefix="casebus-") as folder:
        with lzma.open(archive) as packed, tarfile.open(fileobj=packed) as tar:
            # `data` would leave out the modes of directories, on which PostgreSQL insists.
            tar.extractall(folder, filter="tar")
        # PostgreSQL does not run as root: its account must get there, and owns its files.
        Path(folder).chmod(0o755)
        home = Home(Path(folder, "home"))
        account = postgres.embedded(home, Ports()).account
        if account is not None:
            for path in (home.postgres, *home.postgres.rglob("*")):
                shutil.chown(path, account)
        yield home


def cases_in(home: Home) -> dict[str, str]:
    """The word of each case, and its stream."""
    return dict(json.loads((home.path / "cases.json").read_text("utf-8")))
