"""Where one stack keeps its things and which ports it takes: all that two stacks must not share."""

from __future__ import annotations

import socket
from dataclasses import dataclass
from pathlib import Path

HOST = "127.0.0.1"
#: Well below 32768, where the ports begin that the system gives to outgoing connections.
DEFAULT_BASE = 18080
EPHEMERAL = 32768


@dataclass(frozen=True, slots=True)
class Ports:
    """Six ports in a row."""

    base: int = DEFAULT_BASE

    @property
    def gateway(self) -> int:
        return self.base

    @property
    def kafka(self) -> int:
        return self.base + 1

    @property
    def postgres(self) -> int:
        return self.base + 2

    @property
    def kafka_internal(self) -> int:
        return self.base + 3

    @property
    def kafka_controller(self) -> int:
        return self.base + 4

    @property
    def probes(self) -> int:
        return self.base + 5

    def by_part(self) -> dict[str, tuple[int, ...]]:
        return {
            "gateway": (self.gateway, self.probes),
            "kafka": (self.kafka, self.kafka_internal, self.kafka_controller),
            "postgres": (self.postgres,),
        }


@dataclass(frozen=True, slots=True)
class Home:
    """The directory of one stack, `.casebus/` by default; always absolute."""

    path: Path

    @property
    def state(self) -> Path:
        return self.path / "stack.json"

    @property
    def credentials(self) -> Path:
        return self.path / "credentials.json"

    @property
    def keys(self) -> Path:
        return self.path / "keys"

    @property
    def root_key(self) -> Path:
        """The directory's development root; apart from `keys`, which the services read."""
        return self.path / "root.pem"

    @property
    def scenario_time(self) -> Path:
        return self.path / "scenario-time"

    @property
    def logs(self) -> Path:
        return self.path / "logs"

    @property
    def kafka(self) -> Path:
        return self.path / "kafka"

    @property
    def postgres(self) -> Path:
        return self.path / "postgres"

    @property
    def held(self) -> Path:
        """A file here named after a service keeps that service stopped."""
        return self.path / "held"

    def log(self, service: str) -> Path:
        return self.logs / f"{service}.log"

    def make(self) -> Home:
        for each in (self.path, self.keys, self.logs, self.held):
            each.mkdir(parents=True, exist_ok=True)
        self.keys.chmod(0o700)
        return self


def home_at(path: Path) -> Home:
    return Home(path.expanduser().resolve())


def is_free(port: int) -> bool:
    """Whether nothing listens there; a port in TIME_WAIT counts as free, as it does for servers."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((HOST, port))
        except OSError:
            return False
    return True
