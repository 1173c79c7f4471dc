"""The supervisor's side of `onebox.preloaded`: services are copies of one process."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import socket
import sys
from collections import deque
from collections.abc import Mapping, Sequence
from contextlib import suppress

import psutil

from casebus.polling import until
from onebox.places import UMASK
from onebox.service import end_with

_LOOK_SECONDS = 0.05


class GoneError(Exception):
    """There is nothing to copy, so the service must be started alone."""


class Copy:
    """One process, with the interface of asyncio's own."""

    def __init__(self, pid: int) -> None:
        self.pid = pid
        self._code: asyncio.Future[int] = asyncio.get_running_loop().create_future()

    @property
    def returncode(self) -> int | None:
        return self._code.result() if self._code.done() else None

    async def wait(self) -> int:
        return await asyncio.shield(self._code)

    def send_signal(self, number: int) -> None:
        if self._code.done():
            raise ProcessLookupError
        os.kill(self.pid, number)

    def kill(self) -> None:
        self.send_signal(signal.SIGKILL)

    def ended(self, code: int) -> None:
        if not self._code.done():
            self._code.set_result(code)


class Copies:
    """Copies of one process that has loaded these modules."""

    def __init__(self, modules: Sequence[str]) -> None:
        self._modules = modules
        self._process: asyncio.subprocess.Process | None = None
        self._socket: socket.socket | None = None
        self._copies: dict[int, Copy] = {}
        #: The callers that wait for a copy. Copies come in the order of the requests.
        self._asked: deque[asyncio.Future[Copy]] = deque()
        self._hearing: asyncio.Task[None] | None = None

    async def open(self) -> None:
        """Begin to load; callers that ask for a copy wait until it is done."""
        if not self._modules:
            return
        ours, theirs = socket.socketpair()
        with theirs:
            self._process = await asyncio.create_subprocess_exec(
                *(sys.executable, "-m", "onebox.preloaded", str(theirs.fileno()), *self._modules),
                stdin=asyncio.subprocess.DEVNULL,
                pass_fds=(theirs.fileno(),),
                env={**os.environ, "PYTHONUNBUFFERED": "1"},
                cwd="/",
                umask=UMASK,
                start_new_session=True,
                preexec_fn=end_with(os.getpid(), signal.SIGTERM),
            )
        ours.setblocking(False)
        self._socket = ours
        self._hearing = asyncio.create_task(self._hear(ours))

    async def start(self, module: str, environment: Mapping[str, str], output: int) -> Copy:
        """A copy that runs this module; raises GoneError."""
        if self._socket is None or module not in self._modules:
            raise GoneError
        wanted = json.dumps({"module": module, "environment": dict(environment)}).encode()
        self._ask(self._socket, wanted, output)
        started: asyncio.Future[Copy] = asyncio.get_running_loop().create_future()
        self._asked.append(started)
        return await started

    @staticmethod
    def _ask(asked: socket.socket, wanted: bytes, output: int) -> None:
        read, write = os.pipe()
        with os.fdopen(write, "wb", buffering=0) as pipe:
            try:
                # Closed here before anything is written. So an unreadable service ends, and does
                # not wait for us.
                with os.fdopen(read, "rb"):
                    socket.send_fds(asked, [b"c"], [read, output])
                pipe.write(wanted)
            except OSError as error:
                raise GoneError from error

    async def close(self) -> None:
        """End the copied process after its copies have ended."""
        if self._process is None:
            return
        with suppress(ProcessLookupError):
            self._process.kill()
        await self._process.wait()
        if self._hearing is not None:
            await self._hearing

    async def _hear(self, told: socket.socket) -> None:
        """Note which copies began and ended, until the first process is gone."""
        reader, writer = await asyncio.open_connection(sock=told)
        with suppress(OSError):
            while line := await reader.readline():
                self._note(json.loads(line))
        self._socket = None
        writer.close()
        for one in self._asked:
            if not one.done():
                one.set_exception(GoneError())
        await asyncio.gather(*map(_gone, self._copies.values()))

    def _note(self, told: dict[str, int]) -> None:
        if "ended" in told:
            self._copies.pop(told["ended"]).ended(told["code"])
            return
        copy = self._copies[told["started"]] = Copy(told["started"])
        started = self._asked.popleft()
        if started.done():
            # Nobody waits for it any more.
            copy.kill()
        else:
            started.set_result(copy)


async def _gone(copy: Copy) -> None:
    """The kernel ends it too, but nobody is told how it ended."""
    await until(lambda: not _runs(copy.pid), _LOOK_SECONDS)
    copy.ended(-signal.SIGTERM)


def _runs(pid: int) -> bool:
    try:
        return bool(psutil.Process(pid).status() != psutil.STATUS_ZOMBIE)
    except psutil.NoSuchProcess:
        return False
