"""One supervised process: start, prove ready, start again with back-off, stop."""

from __future__ import annotations

import asyncio
import contextlib
import ctypes
import logging
import os
import signal
import sys
import time
from collections.abc import Awaitable, Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import BinaryIO, Protocol

from casebus.polling import until
from casebus.words import in_words
from onebox.places import UMASK
from onebox.state import ServiceState

log = logging.getLogger(__name__)

Ready = Callable[[], Awaitable[bool]]
#: Called before a start; returns the probe for this very run.
Prober = Callable[[], Awaitable[Ready]]

FIRST_DELAY = 0.25
LONGEST_DELAY = 15.0
#: A run of this length counts as healthy: the next delay is the first one again.
HEALTHY_SECONDS = 20.0
PROBE_INTERVAL = 0.1
HOLD_INTERVAL = 0.1
LARGEST_LOG = 20 * 2**20
_PR_SET_PDEATHSIG = 1


@dataclass(frozen=True, slots=True)
class Program:
    """The command to run, and the check that it is ready."""

    name: str
    command: Callable[[], list[str]]
    prober: Prober
    #: Called before each start, in a thread: makes way, or raises the obstacle.
    before: Callable[[], None] = lambda: None
    environment: Mapping[str, str] = field(default_factory=dict)
    folder: Path = Path("/")
    account: str | None = None
    stop_signal: signal.Signals = signal.SIGTERM
    #: The module that the command runs, if it may be a copy of a process that has loaded it.
    module: str = ""
    stop_seconds: float = 20.0
    #: Ends it at once, for data that are thrown away.
    kill_signal: signal.Signals = signal.SIGKILL


class RunningProcess(Protocol):
    """The interface of asyncio's own."""

    @property
    def pid(self) -> int: ...

    @property
    def returncode(self) -> int | None: ...

    async def wait(self) -> int: ...

    def send_signal(self, signal: int, /) -> None: ...

    def kill(self) -> None: ...


#: Starts a program in another way than by its command; None if that way is closed now.
Starter = Callable[[Program, BinaryIO], Awaitable[RunningProcess | None]]


async def by_command(_program: Program, _output: BinaryIO) -> RunningProcess | None:
    return None


class Service:
    """Keeps one program running until told to stop. `changed` is called at every change."""

    def __init__(
        self,
        program: Program,
        log: Path,
        held: Path,
        changed: Callable[[], None],
        starter: Starter = by_command,
    ) -> None:
        self.program = program
        self.state = ServiceState(program.name)
        self.ready = asyncio.Event()
        #: Held by the supervisor itself, as `held` is by hand.
        self.paused = False
        self._log = log
        self._held = held
        self._changed = changed
        self._starter = starter
        self._process: RunningProcess | None = None
        self._stopping = asyncio.Event()

    async def keep(self) -> None:
        """Run until `stop`, one round for each process.

        After a failure the next round tries again.
        """
        delays = back_off()
        loop = asyncio.get_running_loop()
        while not self._stopping.is_set():
            await self._wait_while_held()
            if self._stopping.is_set():
                break
            began = loop.time()
            try:
                await self._run_once()
            except Exception as error:  # noqa: BLE001 - a task that ended here would end unseen
                await self._not_started(error)
            if self._stopping.is_set() or self._is_held():
                continue
            if loop.time() - began > HEALTHY_SECONDS:
                delays = back_off()
            self._enter("backing_off")
            await self._pause(next(delays))
            self.state.restarts += 1
        self._enter("stopped")

    async def pause(self) -> None:
        """End it, and keep it ended until `resume`; returns when the process is gone."""
        self.paused = True
        await self._end_process()

    def resume(self) -> None:
        self.paused = False

    async def stop(self, *, at_once: bool = False) -> None:
        """Ask, wait `stop_seconds`, then insist; returns when the process is gone."""
        self._stopping.set()
        await self._end_process(self.program.kill_signal if at_once else None)

    async def _run_once(self) -> None:
        await asyncio.to_thread(self.program.before)
        ready = await self.program.prober()
        self._process = process = await self._start()
        self._enter("starting", process.pid)
        probing = asyncio.create_task(self._probe(ready))
        holding = asyncio.create_task(self._watch_hold())
        try:
            code = await process.wait()
        finally:
            for task in (probing, holding):
                task.cancel()
            await asyncio.gather(probing, holding, return_exceptions=True)
            self.ready.clear()
        self.state.pid, self.state.last_exit = None, describe_exit(code)

    async def _not_started(self, error: Exception) -> None:
        """A full disk, a folder in use, a missing program: none of it lasts for ever."""
        log.warning("%s is not started", self.program.name, exc_info=error)
        await self._end_process()
        self.state.pid, self.state.last_exit = None, f"not started: {in_words(error)}"

    async def _start(self) -> RunningProcess:
        if self._log.is_file() and self._log.stat().st_size > LARGEST_LOG:
            self._log.replace(self._log.with_suffix(".log.1"))
        with self._log.open("ab") as output:
            return await self._starter(self.program, output) or await self._executed(output)

    async def _executed(self, output: BinaryIO) -> RunningProcess:
        return await asyncio.create_subprocess_exec(
            *self.program.command(),
            stdin=asyncio.subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            env={**os.environ, **self.program.environment},
            cwd=self.program.folder,
            user=self.program.account,
            umask=UMASK,
            # Ctrl-C is for the supervisor, which stops its processes in order.
            start_new_session=True,
            preexec_fn=end_with(os.getpid(), self.program.stop_signal),
        )

    async def _probe(self, ready: Ready) -> None:
        await until(lambda: self._answers(ready), PROBE_INTERVAL)
        self.ready.set()
        self._enter("ready", self.state.pid)

    async def _answers(self, ready: Ready) -> bool:
        """True if it answers; a question that cannot be asked has no answer."""
        try:
            return await ready()
        except Exception as error:
            # If a probe ended here, the service would be starting for ever.
            log.warning("%s cannot be asked", self.program.name, exc_info=error)
            return False

    def _is_held(self) -> bool:
        return self.paused or self._held.exists()

    async def _watch_hold(self) -> None:
        # A stop that came before the process existed finds the process here.
        await until(lambda: self._is_held() or self._stopping.is_set(), HOLD_INTERVAL)
        await self._end_process()

    async def _end_process(self, with_signal: signal.Signals | None = None) -> None:
        process = self._process
        if process is None or process.returncode is not None:
            return
        self._enter("stopping", process.pid)
        with contextlib.suppress(ProcessLookupError):
            process.send_signal(with_signal or self.program.stop_signal)
        try:
            await asyncio.wait_for(process.wait(), self.program.stop_seconds)
        except TimeoutError:
            with contextlib.suppress(ProcessLookupError):
                process.kill()
            await process.wait()

    async def _wait_while_held(self) -> None:
        while self._is_held() and not self._stopping.is_set():
            self._enter("held")
            await self._pause(HOLD_INTERVAL)

    async def _pause(self, seconds: float) -> None:
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(self._stopping.wait(), seconds)

    def _enter(self, phase: str, pid: int | None = None) -> None:
        if (self.state.phase, self.state.pid) != (phase, pid):
            self.state.phase, self.state.pid, self.state.since = phase, pid, time.time()
            self._changed()


def back_off() -> Iterator[float]:
    """Seconds to wait before each new start, without end."""
    delay = FIRST_DELAY
    while True:
        yield delay
        delay = min(delay * 2, LONGEST_DELAY)


def describe_exit(code: int) -> str:
    return f"ended by {signal.Signals(-code).name}" if code < 0 else f"ended with code {code}"


def end_with(parent: int, with_signal: signal.Signals) -> Callable[[], None] | None:
    """On Linux a process of ours ends when its supervisor is killed: no orphan holds a port."""
    if sys.platform != "linux":
        return None
    libc = ctypes.CDLL(None)

    def ask_the_kernel() -> None:
        libc.prctl(_PR_SET_PDEATHSIG, int(with_signal))
        if os.getppid() != parent:
            os.kill(os.getpid(), with_signal)

    return ask_the_kernel
