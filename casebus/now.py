"""`now` is a port: the machine's clock, or a scenario's own time (design rule 15)."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

from casebus.settings import Settings

#: A source of the current moment, aware and in UTC.
Now = Callable[[], datetime]


def system_now() -> datetime:
    return datetime.now(UTC)


class ScenarioNow:
    """Reads the moment from a file that whoever plays the scenario rewrites.

    Until the file exists the machine's clock stands in.
    """

    def __init__(self, path: Path) -> None:
        self._path = path

    def __call__(self) -> datetime:
        try:
            return datetime.fromisoformat(self._path.read_text().strip()).astimezone(UTC)
        except FileNotFoundError:
            return system_now()


def set_scenario_time(path: Path, moment: datetime) -> None:
    """Move a scenario's time; the rename makes the change whole for every reader."""
    fresh = path.with_suffix(".new")
    fresh.write_text(moment.isoformat())
    fresh.replace(path)


def now_from(settings: Settings) -> Now:
    return ScenarioNow(settings.time_file) if settings.time_file else system_now
