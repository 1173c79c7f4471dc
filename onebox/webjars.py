"""The libraries that the console's pages load, taken out of the jars that `web.lock` names.

`python -m onebox.webjars FOLDER` leaves the files in a folder, for an image.
"""

from __future__ import annotations

import os
import sys
import zipfile
from pathlib import Path

from onebox import jars

LOCK = Path(__file__).with_name("web.lock")
#: The files of a library that a page needs.
FILES = ("htmx.min.js", "swagger-ui-bundle.js", "swagger-ui.css")


def path() -> Path:
    return jars.cache_dir(LOCK) / "files"


def fetch(progress: jars.Progress) -> None:
    """Leave the files in `path()` if they are not there yet.

    Raises the errors of `jars.class_path`.
    """
    if not all((path() / name).is_file() for name in FILES):
        unpack(jars.class_path(progress, LOCK), path())


def unpack(archives: list[Path], into: Path) -> None:
    into.mkdir(parents=True, exist_ok=True)
    for archive in archives:
        with zipfile.ZipFile(archive) as read:
            for member in read.infolist():
                name = member.filename.rpartition("/")[2]
                if name in FILES:
                    fresh = into / f"{name}.{os.getpid()}"
                    fresh.write_bytes(read.read(member))
                    fresh.replace(into / name)


def main() -> int:
    unpack(jars.class_path(lock=LOCK), Path(sys.argv[1]))
    return 0


if __name__ == "__main__":
    sys.exit(main())
