"""`now` is a port: the machine's clock, or a scenario's own time (design rule 15, the barrier)."""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

from casebus.settings import Settings

#: A source of the current moment, aware and in UTC.
Now = Callable[[], datetime]


def system_now() -> datetime:
    return datetime.now(UTC)


#: A file this young may be rewritten without a new time, because times of files are coarse.
_YOUNG_NANOSECONDS = 100_000_000


class ScenarioNow:
    """Reads the moment from a file. The player of the scenario rewrites the file.

    Until the file exists, the machine's clock counts. An unchanged file is not read again, because
    every event asks for the moment.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        # A text: the file is looked at with every event and every request.
        self._place = str(path)
        self._known: tuple[tuple[int, int], datetime] | None = None

    def __call__(self) -> datetime:
        try:
            found = os.stat(self._place)  # noqa: PTH116 - half the price of `Path.stat`
        except FileNotFoundError:
            return system_now()
        sign = (found.st_ino, found.st_mtime_ns)
        if self._known is None or self._known[0] != sign:
            return self._read(sign)
        return self._known[1]

    def _read(self, sign: tuple[int, int]) -> datetime:
        try:
            moment = datetime.fromisoformat(self._path.read_text().strip()).astimezone(UTC)
        except FileNotFoundError:
            return system_now()
        is_old = time.time_ns() - sign[1] > _YOUNG_NANOSECONDS
        self._known = (sign, moment) if is_old else None
        return moment


def set_scenario_time(path: Path, moment: datetime) -> None:
    """Move a scenario's time; the rename makes the change whole for every reader."""
    fresh = path.with_suffix(".new")
    fresh.write_text(moment.isoformat())
    fresh.replace(path)


def now_from(settings: Settings) -> Now:
    return ScenarioNow(settings.time_file) if settings.time_file else system_now
