"""`python -m onebox.preloaded SOCKET MODULE ...`: loads the services' modules, and forks for each.

A copy shares the loaded modules, and starts in a tenth of the processor time. The copied process
knows no secret. Each copy reads its environment from its own pipe.
"""

from __future__ import annotations

import ctypes
import gc
import json
import os
import runpy
import selectors
import signal
import socket
import sys
from contextlib import suppress
from pathlib import Path
from typing import NamedTuple

from casebus.errors import CasebusError
from casebus.events.schemas import Schemas
from casebus.later import loaded
from casebus.law import Law
from casebus.settings import Settings
from onebox.service import end_with

_SOME = 4096
#: The fields of /proc/self/stat, after the program's name, with the ends of its arguments.
_BEGIN, _END = 45, 46


class StartRequest(NamedTuple):
    """The handles of a request: the pipe with the environment, and the output."""

    environment: int
    output: int


def main(number: int, modules: list[str]) -> None:
    for module in modules:
        _load(module)
    _warm()
    _require_one_thread()
    gc.collect()
    gc.freeze()
    with socket.socket(fileno=number) as asking:
        given = _serve(asking)
    if given is not None:
        _become(given)


def _load(module: str) -> None:
    loaded(f"{module}.__main__")
    # The copy runs the module as the program.
    del sys.modules[f"{module}.__main__"]


def _warm() -> None:
    """Read schemas and law once: a text that was read is not read again."""
    settings = Settings()
    # The code that needs them reports their faults.
    with suppress(CasebusError, OSError):
        for schema in Schemas.load(settings.schemas_dir):
            _ = schema.parsed
        Law.load(settings.policies_dir / "law")


def _require_one_thread() -> None:
    """With several threads, a copy would hold locks of threads that were not copied."""
    threads = Path("/proc/self/task")
    if threads.is_dir() and len(list(threads.iterdir())) > 1:
        sys.exit("a module starts a thread as it is loaded: services are not copied")


def _serve(asking: socket.socket) -> StartRequest | None:
    """The request of a copy, in the copy. None when nobody asks any more."""
    waking, wake = os.pipe()
    os.set_blocking(wake, False)
    signal.signal(signal.SIGCHLD, lambda *_: None)
    signal.set_wakeup_fd(wake)
    try:
        return _until_copied(asking, waking)
    finally:
        signal.set_wakeup_fd(-1)
        signal.signal(signal.SIGCHLD, signal.SIG_DFL)
        os.close(waking)
        os.close(wake)


def _until_copied(asking: socket.socket, waking: int) -> StartRequest | None:
    own = os.getpid()
    with selectors.DefaultSelector() as waiting:
        waiting.register(asking, selectors.EVENT_READ)
        waiting.register(waking, selectors.EVENT_READ)
        while True:
            ready = {key.fd for key, _ in waiting.select()}
            if waking in ready:
                os.read(waking, _SOME)
                _tell_ended(asking)
            if asking.fileno() in ready:
                given = _copied(asking)
                if given is None or os.getpid() != own:
                    return given


def _copied(asking: socket.socket) -> StartRequest | None:
    asked, fds, _, _ = socket.recv_fds(asking, 1, len(StartRequest._fields))
    if not asked:
        return None
    given, parent = StartRequest(*fds), os.getpid()
    if (pid := os.fork()) == 0:
        if leash := end_with(parent, signal.SIGTERM):
            leash()
        return given
    for each in given:
        os.close(each)
    _tell(asking, started=pid)
    return given


def _tell_ended(asking: socket.socket) -> None:
    with suppress(ChildProcessError):
        while (ended := os.waitpid(-1, os.WNOHANG))[0]:
            _tell(asking, ended=ended[0], code=os.waitstatus_to_exitcode(ended[1]))


def _tell(asking: socket.socket, **what: int) -> None:
    asking.sendall(json.dumps(what).encode() + b"\n")


def _become(given: StartRequest) -> None:
    """Run the service, as if it had been started alone."""
    os.setsid()
    os.dup2(given.output, sys.stdout.fileno())
    os.dup2(given.output, sys.stderr.fileno())
    os.close(given.output)
    with os.fdopen(given.environment, "rb") as pipe:
        wanted = json.load(pipe)
    os.environ.update(wanted["environment"])
    module = wanted["module"]
    _be_called([sys.executable, "-m", module])
    sys.argv = [module]
    runpy.run_module(module, run_name="__main__", alter_sys=True)


def _be_called(words: list[str]) -> None:
    """Let `ps` show the service's name, in place of the copied arguments."""
    try:
        said = Path("/proc/self/stat").read_text("utf-8").rpartition(")")[2].split()
    except OSError:
        return
    begin, size = int(said[_BEGIN]), int(said[_END]) - int(said[_BEGIN])
    text = b"\0".join(map(os.fsencode, words))
    if begin and len(text) < size:
        ctypes.memmove(begin, text.ljust(size, b"\0"), size)


if __name__ == "__main__":
    main(int(sys.argv[1]), sys.argv[2:])
