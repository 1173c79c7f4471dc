"""The supervisor's report to the world: `stack.json`, rewritten whole at every change."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import psutil

from onebox.credentials import write_private

#: Phases in which nothing of a stack runs any more, whatever the state of the supervisor's process.
_ENDED = frozenset({"stopped", "failed"})


@dataclass(slots=True)
class ServiceState:
    """One process: its phase, and its number of restarts."""

    name: str
    #: waiting, starting, ready, backing_off, held, stopping or stopped; gone if its process ended
    #: and the supervisor has not reported it
    phase: str = "waiting"
    pid: int | None = None
    restarts: int = 0
    #: How the last run ended, in words.
    last_exit: str = ""
    #: Seconds since the epoch, of its last change of phase; 0 if an older supervisor runs.
    since: float = 0.0


@dataclass(slots=True)
class StackState:
    """One stack: its supervisor, its parts, its addresses."""

    #: preparing, starting, provisioning, ready, stopping, stopped or failed
    phase: str
    supervisor: int
    #: Seconds since the epoch, of the supervisor's start; tells it from a later process of its pid.
    started: float
    #: The options of its start.
    options: dict[str, Any]
    services: dict[str, ServiceState] = field(default_factory=dict)
    #: The present work (a download) or the fault, in words.
    note: str = ""
    #: The place without room, in words, while recording stops because of it. Otherwise empty.
    full: str = ""

    @property
    def stands(self) -> str:
        """The phase of the whole: after it was once ready, by the present phases of its services.

        `full` while the disk is full, `degraded` while any service is not ready.
        """
        if self.phase != "ready":
            return self.phase
        if self.full:
            return "full"
        return (
            "ready" if all(one.phase == "ready" for one in self.services.values()) else "degraded"
        )

    def in_words(self) -> str:
        """The phase, and the services that are not ready."""
        missing = [
            f"{one.name} {one.phase}" for one in self.services.values() if one.phase != "ready"
        ]
        return self.stands + (
            f" ({self.full or ', '.join(missing)})" if self.full or missing else ""
        )

    def alive(self) -> bool:
        if self.phase in _ENDED:
            return False
        try:
            process = psutil.Process(self.supervisor)
            same = abs(process.create_time() - self.started) < 1
            return same and process.status() != psutil.STATUS_ZOMBIE
        except psutil.NoSuchProcess:
            return False

    def to_json(self) -> dict[str, Any]:
        return asdict(self)


def read(path: Path) -> StackState | None:
    """None if there is no file, or only the rest of one after a power cut.

    A full disk may keep the supervisor from writing, so a process that is gone is reported as gone.
    """
    try:
        stored = json.loads(path.read_text("utf-8"))
    except (FileNotFoundError, ValueError):
        return None
    services = {name: ServiceState(**each) for name, each in stored.pop("services").items()}
    for one in services.values():
        if one.pid is not None and not psutil.pid_exists(one.pid):
            one.phase, one.pid = "gone", None
    return StackState(**stored, services=services)


def write(path: Path, state: StackState) -> None:
    """Not forced to the disk: after a power cut no process runs that it could describe."""
    content = json.dumps(state.to_json(), indent=1).encode()
    write_private(path, content, durable=False)
