"""The folders and ports of one stack: everything that two stacks must not share."""

from __future__ import annotations

import os
import socket
import stat
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from casebus.errors import CasebusError

HOST = "127.0.0.1"
#: Well below 32768, where the system's ports for outgoing connections begin.
DEFAULT_BASE = 18080
EPHEMERAL = 32768
#: The umask of every process that we start: its files belong to its own account.
UMASK = 0o077


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
        """The directory's development root, apart from `keys`, which the services read."""
        return self.path / "root.pem"

    @property
    def processes(self) -> Path:
        """A folder for each process, with the files that only it needs."""
        return self.path / "processes"

    def bus_key(self, process: str) -> Path:
        """The key by which this one process signs as the bus."""
        return self.processes / process / "bus.pem"

    def environment_of(self, service: str) -> Path:
        """The folder that a container of this service gets. No other service reads it."""
        return self.processes / service / "environment.json"

    def only_key_of(self, agency: str) -> Path:
        """A folder with this agency's key and no other, for its shell."""
        return self.path / "agencies" / agency

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
    def tls(self) -> Path:
        return self.path / "tls"

    @property
    def tls_ca(self) -> Path:
        return self.tls / "ca.pem"

    @property
    def tls_certificate(self) -> Path:
        return self.tls / "listener.pem"

    @property
    def tls_key(self) -> Path:
        return self.tls / "listener-key.pem"

    @property
    def tls_keystore(self) -> Path:
        return self.tls / "listener-both.pem"

    @property
    def held(self) -> Path:
        """A file here with the name of a service keeps that service stopped."""
        return self.path / "held"

    @property
    def restoring(self) -> Path:
        """It exists while a restore writes into this home: a half-done home is not started."""
        return self.path / "restoring"

    def log(self, service: str) -> Path:
        return self.logs / f"{service}.log"

    def open_log(self, service: str) -> BinaryIO:
        """A file to append to. With any umask of the caller, it belongs to the account alone."""
        return open(self.log(service), "ab", opener=_open_private)

    def make(self) -> Home:
        """Raises CasebusError `home_not_writable`."""
        try:
            for each in (self.path, self.keys, self.logs, self.held):
                each.mkdir(parents=True, exist_ok=True)
            with tempfile.TemporaryFile(dir=self.path):
                pass
        except OSError as error:
            raise CasebusError("home_not_writable", f"{self.path}: {error.strerror}") from error
        return self

    def close_to_others(self) -> Home:
        """Remove from everything in it the rights of other accounts: this repairs an old home.

        PostgreSQL protects its own folder. It may run under another account, which then passes
        through the home and reads nothing of it.
        """
        _narrow(self.path, 0o711 if os.geteuid() == 0 else 0o700)
        for folder, folders, files in os.walk(self.path):
            if folder == str(self.path):
                folders[:] = [name for name in folders if name != self.postgres.name]
            for name in folders:
                _narrow(Path(folder, name), 0o700)
            for name in files:
                _narrow(Path(folder, name), 0o600)
        return self


def _open_private(path: str, flags: int) -> int:
    return os.open(path, flags, 0o600)


def _narrow(path: Path, most: int) -> None:
    """Reduce the path's mode to `most`; links and missing files are skipped."""
    try:
        mode = path.lstat().st_mode
        if not stat.S_ISLNK(mode) and stat.S_IMODE(mode) & ~most:
            path.chmod(stat.S_IMODE(mode) & most)
    except FileNotFoundError:
        return


def home_at(path: Path) -> Home:
    return Home(path.expanduser().resolve())


def is_free(port: int) -> bool:
    """True if nothing listens there; a port in TIME_WAIT counts as free, as it does for servers."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((HOST, port))
        except OSError:
            return False
    return True
