"""Services as copies of one process, tried on small modules."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import psutil
import pytest

from casebus.polling import until
from onebox.copying import Copies, Copy, GoneError

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="Linux ends what is left over")

SPEAKER = """
import os, sys
LOADED_IN = os.getpid()
if __name__ == "__main__":
    print(sys.argv[0], sorted(name for name in os.environ if name.startswith("CB_")), flush=True)
    print("a sentence of its own", file=sys.stderr, flush=True)
    sys.exit(int(os.environ["CB_CODE"]))
"""
SLEEPER = """
import time
if __name__ == "__main__":
    print("asleep", flush=True)
    time.sleep(60)
"""
THREADED = (
    "import threading, time\nthreading.Thread(target=time.sleep, args=(9,), daemon=True).start()"
)


@pytest.fixture
def modules(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    for name, text in (("speaker", SPEAKER), ("sleeper", SLEEPER), ("threaded", THREADED)):
        (tmp_path / name).mkdir()
        (tmp_path / name / "__init__.py").touch()
        (tmp_path / name / "__main__.py").write_text(text, "utf-8")
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    return tmp_path


@asynccontextmanager
async def of(*names: str) -> AsyncIterator[Copies]:
    copies = Copies(names)
    await copies.open()
    try:
        yield copies
    finally:
        await copies.close()


@pytest.mark.slow
async def test_a_copy_is_the_program_with_its_own_environment_output_and_end(modules: Path) -> None:
    outputs = [modules / name for name in ("one.log", "two.log")]
    async with of("speaker") as copies:
        for number, path in enumerate(outputs):
            with path.open("ab") as output:
                wanted = {"CB_CODE": str(number), f"CB_OF_{number}": "secret"}
                copy = await copies.start("speaker", wanted, output.fileno())
            assert await copy.wait() == copy.returncode == number
    for number, path in enumerate(outputs):
        assert path.read_text("utf-8").splitlines() == [
            f"{modules}/speaker/__main__.py ['CB_CODE', 'CB_OF_{number}']",
            "a sentence of its own",
        ]


@pytest.mark.slow
async def test_a_copy_is_called_what_it_runs_and_is_ended_by_signals(modules: Path) -> None:
    async with of("speaker", "sleeper") as copies:
        for number in (signal.SIGTERM, signal.SIGKILL):
            copy = await _asleep(copies, modules)
            assert " ".join(psutil.Process(copy.pid).cmdline()).rstrip() == (
                f"{sys.executable} -m sleeper"
            )
            copy.send_signal(number)
            assert await asyncio.wait_for(copy.wait(), 30) == -number
            with pytest.raises(ProcessLookupError):
                copy.kill()


@pytest.mark.slow
async def test_what_was_copied_takes_its_copies_along(modules: Path) -> None:
    async with of("sleeper") as copies:
        copy = await _asleep(copies, modules)
        parent = psutil.Process(copy.pid).ppid()
        assert parent != os.getpid()
        os.kill(parent, signal.SIGKILL)
        assert await asyncio.wait_for(copy.wait(), 30) == -signal.SIGTERM
        with pytest.raises(GoneError):
            await _asleep(copies, modules)


@pytest.mark.slow
@pytest.mark.parametrize("name", ["threaded", "not_there"])
async def test_what_cannot_be_copied_says_so_to_whoever_waits(modules: Path, name: str) -> None:
    async with of(name) as copies:
        with (modules / "log").open("ab") as output, pytest.raises(GoneError):
            await asyncio.wait_for(copies.start(name, {}, output.fileno()), 30)


async def _asleep(copies: Copies, place: Path) -> Copy:
    log = place / "sleeper.log"
    log.unlink(missing_ok=True)
    with log.open("ab") as output:
        copy = await copies.start("sleeper", {}, output.fileno())
    async with asyncio.timeout(30):
        await until(lambda: bool(log.read_text("utf-8")), 0.01)
    return copy
