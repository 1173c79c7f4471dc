"""Starts a stack's supervisor as a process of its own, follows it until ready, and ends it."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable

import psutil

from casebus.errors import CasebusError
from onebox import room, state
from onebox.options import Options
from onebox.places import UMASK, Home, is_free
from onebox.state import StackState

Follow = Callable[[StackState], object]
READY_SECONDS = 180.0
#: After so many restarts without ever being ready, more waiting is useless.
HOPELESS_RESTARTS = 6
STOP_SECONDS = 90.0
#: Tells a supervisor that its stack's data are thrown away.
END_AT_ONCE = signal.SIGUSR1
_LOOK_SECONDS = 0.05
_SUPERVISOR = "supervisor"


def start(options: Options, *, owner: int | None = None) -> subprocess.Popen[bytes]:
    """Spawn the supervisor, detached; raises as `require_startable` does.

    If there is an `owner` (our own process id), the stack ends when that process ends.
    """
    require_startable(options)
    owned = [] if owner is None else [str(owner)]
    with options.place.open_log(_SUPERVISOR) as output:
        return subprocess.Popen(
            [sys.executable, "-m", "onebox.stack", options.to_json(), *owned],
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            start_new_session=True,
            cwd="/",
            umask=UMASK,
        )


def require_startable(options: Options, *, finishing: bool = False) -> None:
    """Clear the way for a supervisor; `finishing` an interrupted restore, or not.

    Raises CasebusError `already_up`, `port_taken`, `home_not_writable`, `disk_full` or
    `restore_unfinished`.
    """
    place = options.place.make()
    last = state.read(place.state)
    if last is not None and last.alive():
        raise CasebusError("already_up", f"process {last.supervisor} runs {options.home} already")
    if place.restoring.exists() and not finishing:
        raise CasebusError("restore_unfinished", f"a restore into {options.home} did not end")
    if options.embedded and (full := room.lacking(place, room.ENOUGH)):
        raise CasebusError("disk_full", full)
    place.close_to_others()
    end_leftovers(last)
    require_free_ports(options)
    options.place.state.unlink(missing_ok=True)


def wait_ready(
    options: Options,
    process: subprocess.Popen[bytes],
    follow: Follow = lambda _state: None,
    seconds: float = READY_SECONDS,
) -> StackState:
    """Follow the state file until everything is ready.

    Raises CasebusError `not_ready`, with the known reason.
    """
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        now = state.read(options.place.state)
        if now is not None:
            follow(now)
            if now.stands == "ready":
                return now
        if process.poll() is not None or (now is not None and _is_hopeless(now)):
            raise CasebusError("not_ready", _reason(options.place))
        time.sleep(_LOOK_SECONDS)
    raise CasebusError("not_ready", f"after {seconds:.0f} s: {_reason(options.place)}")


def _is_hopeless(now: StackState) -> bool:
    return bool(now.full) or any(
        one.restarts >= HOPELESS_RESTARTS and one.phase != "ready" for one in now.services.values()
    )


def stop(home: Home, seconds: float = STOP_SECONDS, *, at_once: bool = False) -> bool:
    """Ask the supervisor to stop and wait for it; False if none runs.

    `at_once` is for data that are thrown away: nothing is ended in order.
    """
    running = state.read(home.state)
    if running is None or not running.alive():
        end_leftovers(running)
        return False
    supervisor = psutil.Process(running.supervisor)
    supervisor.send_signal(END_AT_ONCE if at_once else signal.SIGTERM)
    try:
        supervisor.wait(seconds)
    except psutil.TimeoutExpired as error:
        raise CasebusError(
            "not_stopped", f"process {running.supervisor} still stops after {seconds:.0f} s"
        ) from error
    return True


def end_leftovers(last: StackState | None) -> None:
    """End processes that a killed supervisor left, if the system has not ended them itself."""
    pids = [service.pid for service in last.services.values() if service.pid] if last else []
    for pid in pids:
        try:
            process = psutil.Process(pid)
            if last and process.create_time() >= last.started and _is_ours(process):
                process.terminate()
                process.wait(STOP_SECONDS)
        except psutil.NoSuchProcess:
            continue


def require_free_ports(options: Options) -> None:
    """Raises CasebusError `port_taken`, which names the port and the remedy."""
    for part, ports in options.ports.by_part().items():
        if part not in options.services:
            continue
        for port in ports:
            if not is_free(port):
                raise CasebusError(
                    "port_taken",
                    f"port {port} ({part}) is taken; choose others with --port-base, "
                    f"or see with `casebus doctor` which program has it",
                )


def _is_ours(process: psutil.Process) -> bool:
    line = " ".join(process.cmdline())
    return any(mark in line for mark in ("kafka.Kafka", "postgres", "services.", "gateway"))


def _reason(home: Home) -> str:
    """The note of the state file, else the last lines of the part that did not get ready."""
    last = state.read(home.state)
    if last is not None and (last.full or last.note):
        return last.full or last.note
    waiting = [one for one in last.services.values() if one.phase != "ready"] if last else []
    for service in sorted(waiting, key=lambda one: -one.restarts):
        return (
            f"{service.name} is {service.phase} ({service.last_exit}): {tail(home, service.name)}"
        )
    return tail(home, _SUPERVISOR)


def tail(home: Home, service: str, most: int = 2000) -> str:
    log = home.log(service)
    if not log.is_file():
        return "it wrote nothing"
    with log.open("rb") as handle:
        handle.seek(max(0, os.fstat(handle.fileno()).st_size - most))
        return handle.read().decode(errors="replace").strip()
