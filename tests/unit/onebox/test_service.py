"""Supervision, tried on real processes that only need Python."""

from __future__ import annotations

import asyncio
import errno
import itertools
import signal
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from casebus import polling
from onebox.places import Home
from onebox.service import LONGEST_DELAY, Program, Service, back_off, describe_exit
from onebox.supervisor import Supervisor

SLEEP = "import time; time.sleep(60)"
STUBBORN = (
    "import signal, sys, time; signal.signal(signal.SIGTERM, signal.SIG_IGN);"
    " print('deaf', flush=True); time.sleep(60)"
)


def program(name: str, code: str = SLEEP, **more: Any) -> Program:
    async def always() -> bool:
        return True

    answer = more.pop("ready", always)

    async def prober() -> Any:
        return answer

    return Program(name, lambda: [sys.executable, "-c", code], prober, **more)


def service(place: Path, wanted: Program, changed: Callable[[], None] = lambda: None) -> Service:
    return Service(wanted, place / f"{wanted.name}.log", place / wanted.name, changed)


async def until(holds: Callable[[], bool]) -> None:
    async with asyncio.timeout(30):
        await polling.until(holds, 0.01)


def test_the_back_off_doubles_up_to_its_limit() -> None:
    delays = list(itertools.islice(back_off(), 12))
    assert delays[1] == 2 * delays[0]
    assert delays == sorted(delays)
    assert delays[-1] == LONGEST_DELAY


@pytest.mark.slow
async def test_what_dies_is_started_again_and_counted(tmp_path: Path) -> None:
    phases: list[str] = []
    dying = service(tmp_path, program("dying", "raise SystemExit(3)"))
    ends: set[str] = set()

    def note() -> None:
        phases.append(dying.state.phase)
        ends.add(dying.state.last_exit)

    dying._changed = note
    keeping = asyncio.create_task(dying.keep())
    await until(lambda: dying.state.restarts == 2)
    await dying.stop()
    await keeping
    assert "ended with code 3" in ends
    assert phases.count("backing_off") >= 2
    assert phases[-1] == "stopped"


async def test_a_killed_process_gets_a_new_pid(tmp_path: Path) -> None:
    kept = service(tmp_path, program("kept"))
    keeping = asyncio.create_task(kept.keep())
    await kept.ready.wait()
    first = kept.state.pid
    assert kept._process is not None
    kept._process.kill()
    await until(lambda: kept.state.phase == "ready" and kept.state.pid != first)
    assert kept.state.last_exit == "ended by SIGKILL"
    await kept.stop()
    await keeping


async def test_what_does_not_listen_is_killed_after_its_time(tmp_path: Path) -> None:
    deaf = service(tmp_path, program("deaf", STUBBORN, stop_seconds=0.2))
    keeping = asyncio.create_task(deaf.keep())
    await until(lambda: "deaf" in (tmp_path / "deaf.log").read_text() if deaf.state.pid else False)
    await deaf.stop()
    await keeping
    assert deaf.state.last_exit == "ended by SIGKILL"


async def test_where_data_is_thrown_away_nobody_is_asked(tmp_path: Path) -> None:
    supervisor = Supervisor(Home(tmp_path).make(), lambda: None)
    for floor, name in enumerate(("base", "gate")):
        await supervisor.start([program(name, STUBBORN, stop_seconds=60)], floor=floor)
    async with asyncio.timeout(20):
        await supervisor.stop(at_once=True)
    ends = {one.state.last_exit for one in supervisor.services.values()}
    assert ends == {"ended by SIGKILL"}


async def test_a_held_service_stays_stopped_until_let_go(tmp_path: Path) -> None:
    held = service(tmp_path, program("held"))
    keeping = asyncio.create_task(held.keep())
    await held.ready.wait()
    (tmp_path / "held").touch()
    await until(lambda: held.state.phase == "held")
    assert held.state.pid is None
    (tmp_path / "held").unlink()
    await until(lambda: held.state.phase == "ready")
    await held.stop()
    await keeping


async def test_floors_start_in_order_and_stop_in_the_opposite_one(tmp_path: Path) -> None:
    home = Home(tmp_path).make()
    seen: list[tuple[str, str]] = []

    def note() -> None:
        for each in supervisor.services.values():
            step = (each.state.name, each.state.phase)
            if step not in seen:
                seen.append(step)

    supervisor = Supervisor(home, note)
    for floor, names in enumerate((["base"], ["worker", "other"], ["gate"])):
        await supervisor.start([program(name) for name in names], floor=floor)
    await supervisor.stop()
    ready = [name for name, phase in seen if phase == "ready"]
    stopped = [name for name, phase in seen if phase == "stopped"]
    assert ready[0] == stopped[-1] == "base"
    assert ready[-1] == stopped[0] == "gate"


@pytest.mark.slow
async def test_what_keeps_a_process_from_starting_is_said_and_tried_again(tmp_path: Path) -> None:
    """A full disk, say: the task that keeps the service must not end with it."""
    attempts = 0

    def before() -> None:
        nonlocal attempts
        attempts += 1
        if attempts < 3:
            raise OSError(errno.ENOSPC, "No space left on device")

    said: set[str] = set()
    kept = service(tmp_path, program("kept", before=before))
    kept._changed = lambda: said.add(kept.state.last_exit)
    keeping = asyncio.create_task(kept.keep())
    await kept.ready.wait()
    assert "not started: no space left on device" in said
    await kept.stop()
    await keeping


async def test_a_probe_that_fails_is_asked_again(tmp_path: Path) -> None:
    asked = 0

    async def ready() -> bool:
        nonlocal asked
        asked += 1
        if asked < 3:
            raise ConnectionError
        return True

    kept = service(tmp_path, program("kept", ready=ready))
    keeping = asyncio.create_task(kept.keep())
    await asyncio.wait_for(kept.ready.wait(), 30)
    await kept.stop()
    await keeping


@pytest.mark.slow
async def test_a_service_that_is_kept_no_more_ends_the_watch(tmp_path: Path) -> None:
    """Seen once: a state that could not be written ended the task, and nobody looked."""
    full = False

    def changed() -> None:
        if full:
            raise OSError(errno.ENOSPC, "No space left on device")

    supervisor = Supervisor(Home(tmp_path).make(), changed)
    await supervisor.start([program("kept")], floor=0)
    full = True
    process = supervisor.services["kept"]._process
    assert process is not None
    process.kill()
    with pytest.raises(OSError, match="No space"):
        await asyncio.wait_for(supervisor.watch(), 30)


async def test_what_is_paused_ends_from_the_top_and_goes_on_from_the_bottom(
    tmp_path: Path,
) -> None:
    seen: list[tuple[str, str]] = []

    def note() -> None:
        seen.extend((one.state.name, one.state.phase) for one in supervisor.services.values())

    supervisor = Supervisor(Home(tmp_path).make(), note)
    for floor, name in enumerate(("base", "worker", "door")):
        await supervisor.start([program(name)], floor=floor)
    states = {name: one.state for name, one in supervisor.services.items()}
    seen.clear()
    await supervisor.pause({"base", "worker"})
    await until(lambda: states["base"].phase == states["worker"].phase == "held")
    assert states["door"].phase == "ready"
    assert seen.index(("worker", "stopping")) < seen.index(("base", "stopping"))
    seen.clear()
    await supervisor.resume()
    assert states["base"].phase == states["worker"].phase == "ready"
    assert seen.index(("base", "ready")) < seen.index(("worker", "starting"))
    await supervisor.stop()


def test_an_end_is_said_in_words() -> None:
    assert describe_exit(-signal.SIGKILL) == "ended by SIGKILL"
    assert describe_exit(70) == "ended with code 70"
