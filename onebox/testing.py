"""A stack for tests: real processes on free ports, in a directory of its own, gone afterwards.

`with Stack(only=("kafka", "postgres")) as stack:` gives `stack.settings("router")`, and faults by
name: `stack.kill("postgres")`, then `stack.wait("postgres")`.
"""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from types import TracebackType
from typing import Self

import psutil

from casebus.settings import Settings
from onebox import credentials, environment, launch, state
from onebox.options import GATEWAY, SERVICES, Options, read_options
from onebox.places import UMASK, Home
from onebox.ports import free_port_base
from onebox.state import ServiceState

WAIT_SECONDS = 60.0
_LOOK_SECONDS = 0.02


class Stack:
    """Use as a context manager. `only` names the services to run; empty means all.

    `follow` gets each change during the start, as a progress display does.
    """

    def __init__(
        self,
        *,
        only: tuple[str, ...] = (),
        home: Path | None = None,
        port_base: int | None = None,
        env: Mapping[str, str] | None = None,
        follow: Callable[[Options], launch.Follow] | None = None,
    ) -> None:
        self._own = home is None
        place = home or Path(tempfile.mkdtemp(prefix="casebus-"))
        if self._own:
            # PostgreSQL does not run as root: the account it runs under must get there.
            place.chmod(0o755)
        self.options: Options = read_options(
            place, port_base or free_port_base(), only or SERVICES, env or {}
        )
        self._follow: launch.Follow = follow(self.options) if follow else _unfollowed
        self._process: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> Self:
        try:
            self.up()
        except BaseException:
            self._remove()
            raise
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.down(at_once=self._own)
        self._remove()

    def _remove(self) -> None:
        if self._own:
            shutil.rmtree(self.options.home, ignore_errors=True)

    def up(self) -> None:
        before, self._process = self._process, launch.start(self.options, owner=os.getpid())
        if before is not None:
            # It was killed, and its place is taken: nobody else asks for its end.
            before.poll()
        try:
            launch.wait_ready(self.options, self._process, self._follow)
        except BaseException:
            self.down()
            raise

    def down(self, *, at_once: bool = False) -> None:
        """Stop in order; `at_once` if its data are thrown away."""
        launch.stop(self.home, at_once=at_once)
        if self._process is not None:
            self._process.wait(launch.STOP_SECONDS)

    @property
    def home(self) -> Home:
        return self.options.place

    @property
    def gateway_url(self) -> str:
        return self.environment(GATEWAY)["CASEBUS_GATEWAY_URL"]

    @property
    def probe_url(self) -> str:
        return self.environment(GATEWAY)["CASEBUS_PROBE_URL"]

    @property
    def database_url(self) -> str:
        """As the owner of the tables."""
        return environment.database_url(self.options, credentials.load(self.home))

    def environment(self, user: str) -> dict[str, str]:
        """The variables of a service, of an agency with its own system, or of `admin`."""
        return environment.of_user(self.options, credentials.load(self.home), user)

    def settings(self, user: str) -> Settings:
        """The same as Settings, for code under test that runs in this process."""
        given = self.environment(user)
        names = {name.lower().removeprefix("casebus_"): text for name, text in given.items()}
        known = Settings.model_fields.keys()
        return Settings.model_validate({name: names[name] for name in names if name in known})

    def api_key(self, agency: str) -> str:
        return credentials.load(self.home).api_keys[agency]

    def state(self, service: str) -> ServiceState:
        now = state.read(self.home.state)
        if now is None or service not in now.services:
            raise LookupError(f"{service} is not part of this stack")
        return now.services[service]

    def pid(self, service: str) -> int:
        pid = self.state(service).pid
        if pid is None:
            raise LookupError(f"{service} does not run now")
        return pid

    def log(self, service: str) -> str:
        return self.home.log(service).read_text(encoding="utf-8", errors="replace")

    def kill(self, service: str, with_signal: signal.Signals = signal.SIGKILL) -> int:
        """Send the signal and wait until that process is gone; returns its pid.

        The supervisor starts the service again by itself: follow with `wait`.
        """
        process = psutil.Process(self.pid(service))
        process.send_signal(with_signal)
        process.wait(WAIT_SECONDS)
        return process.pid

    def wait(self, service: str, not_pid: int | None = None, seconds: float = WAIT_SECONDS) -> None:
        """Wait until the service is ready, with another process than `not_pid`."""

        def there() -> bool:
            now = self.state(service)
            return now.phase == "ready" and now.pid not in (None, not_pid)

        _until(there, seconds, f"{service} is not ready: {self.state(service)}")

    def restart(self, service: str) -> None:
        """End it in order (SIGTERM) and wait until the supervisor's next one is ready."""
        self.wait(service, not_pid=self.kill(service, signal.SIGTERM))

    def stop(self, service: str) -> None:
        """End one service and keep it stopped until `start`."""
        (self.home.held / service).touch()
        _until(lambda: self.state(service).phase == "held", WAIT_SECONDS, f"{service} runs on")

    def start(self, service: str, seconds: float = WAIT_SECONDS) -> None:
        (self.home.held / service).unlink(missing_ok=True)
        self.wait(service, seconds=seconds)

    @contextmanager
    def paused(self, service: str) -> Iterator[int]:
        """SIGSTOP inside the block, SIGCONT after it; yields the pid."""
        process = psutil.Process(self.pid(service))
        process.suspend()
        try:
            yield process.pid
        finally:
            process.resume()

    @contextmanager
    def another(
        self, service: str, env: Mapping[str, str] | None = None
    ) -> Iterator[subprocess.Popen[bytes]]:
        """One more process of a service, beside the supervised one; SIGTERM at the end.

        Its output goes to the log `<service>-another`.
        """
        name = {"CASEBUS_WORKER": f"another-{time.monotonic_ns()}"}
        module = service if service == GATEWAY else f"services.{service}"
        with self.home.open_log(f"{service}-another") as output:
            process = subprocess.Popen(
                [sys.executable, "-m", module],
                env={**os.environ, **self.environment(service), **name, **(env or {})},
                stdout=output,
                stderr=output,
                umask=UMASK,
            )
        try:
            yield process
        finally:
            process.terminate()
            try:
                process.wait(WAIT_SECONDS)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()


def _unfollowed(_now: state.StackState) -> None:
    """Nobody watches the start."""


def _until(holds: Callable[[], bool], seconds: float, otherwise: str) -> None:
    deadline = time.monotonic() + seconds
    while not holds():
        if time.monotonic() > deadline:
            raise TimeoutError(otherwise)
        time.sleep(_LOOK_SECONDS)
