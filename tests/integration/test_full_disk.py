"""A disk without room, shown on a small one: recording ends in order, says so, and goes on."""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, BinaryIO, NoReturn
from uuid import uuid4

import asyncpg
import httpx
import psutil
import pytest

from casebus.errors import CasebusError
from onebox import room, state
from onebox.testing import Stack
from storage.handles import Connection

pytestmark = [pytest.mark.connected, pytest.mark.slow]
AMR = "cn-330108-amr"
PATIENCE = 90.0


@contextmanager
def small_disk(megabytes: int) -> Iterator[Path]:
    """A file system of its own, which only root can make; not below pytest's private folder.

    PostgreSQL does not run as root: the account it runs under must get there.
    """
    place = Path(tempfile.mkdtemp(prefix="casebus-disk-"))
    place.chmod(0o755)
    options = f"size={megabytes}m,mode=755"
    command = ["mount", "-t", "tmpfs", "-o", options, "casebus-small", str(place)]
    try:
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        if done.returncode:
            pytest.skip(f"no small file system can be mounted here: {done.stderr.strip()}")
        try:
            yield place
        finally:
            subprocess.run(["umount", "--lazy", str(place)], check=True)
    finally:
        place.rmdir()


@contextmanager
def filled(disk: Path) -> Iterator[None]:
    """Not a byte is left inside the block."""
    hog = disk / "hog"
    with hog.open("wb") as handle, pytest.raises(OSError, match="No space left"):
        _write_for_ever(handle)
    try:
        yield
    finally:
        hog.unlink(missing_ok=True)


def _write_for_ever(handle: BinaryIO) -> NoReturn:
    while True:
        handle.write(bytes(1 << 20))
        handle.flush()


def until(holds: Callable[[], bool], otherwise: Callable[[], object]) -> None:
    deadline = time.monotonic() + PATIENCE
    while not holds():
        if time.monotonic() > deadline:
            raise AssertionError(json.dumps(otherwise(), default=str, ensure_ascii=False, indent=1))
        time.sleep(0.1)


def said(stack: Stack, *arguments: str) -> tuple[int, dict[str, Any]]:
    command = [sys.executable, "-m", "casebus.cli.main", *arguments, "--json"]
    done = subprocess.run(
        [*command, "--home", str(stack.home.path)], capture_output=True, text=True, check=False
    )
    return done.returncode, json.loads(done.stdout)


def stands(stack: Stack) -> str:
    now = state.read(stack.home.state)
    return now.stands if now else "down"


def until_it_stands(stack: Stack, wanted: str) -> None:
    until(lambda: stands(stack) == wanted, lambda: said(stack, "status"))


async def test_on_a_full_disk_the_database_ends_is_said_to_and_comes_back_with_its_rows() -> None:
    with small_disk(400) as disk, Stack(only=("postgres",), home=disk / "home") as stack:
        connection: Connection = await asyncpg.connect(stack.database_url)
        await connection.execute("create table kept (n int)")
        await connection.execute("insert into kept select generate_series(1, 1000)")
        await connection.close()
        with filled(disk):
            until(lambda: said(stack, "status")[1]["phase"] == "full", lambda: stands(stack))
            code, told = said(stack, "status")
            assert (code, told["ready"]) == (1, False)
            assert str(disk) in told["note"]
            until(lambda: _ended(stack), lambda: said(stack, "status"))
        until_it_stands(stack, "ready")
        connection = await asyncpg.connect(stack.database_url)
        assert await connection.fetchval("select count(*) from kept") == 1000
        await connection.close()
        code, told = said(stack, "status")
        assert (code, told["phase"], told["note"]) == (0, "ready", "")


def _ended(stack: Stack) -> bool:
    names = (one.name() for one in psutil.Process(_supervisor(stack)).children(recursive=True))
    return "postgres" not in names


def _supervisor(stack: Stack) -> int:
    now = state.read(stack.home.state)
    assert now is not None
    return now.supervisor


def test_nothing_is_started_on_a_full_disk() -> None:
    with small_disk(room.RESERVE // room.MIB) as disk:
        with pytest.raises(CasebusError, match=r"disk_full.*MiB are free"):
            Stack(only=("postgres",), home=disk / "home").up()
        assert not (disk / "home" / "postgres").exists()


@pytest.mark.long
@pytest.mark.timeout(300)
def test_what_was_taken_before_and_after_a_full_disk_is_recorded_once_each() -> None:
    """On the whole stack: what is handed in meanwhile is refused, never taken and lost."""
    taken: list[str] = []
    with small_disk(800) as disk, Stack(home=disk / "home") as stack:
        headers = {
            "Authorization": f"Bearer {stack.api_key(AMR)}",
            "Content-Type": "application/cloudevents+json",
        }
        with httpx.Client(base_url=stack.gateway_url, headers=headers, timeout=30) as client:
            _hand_in(client, taken, 20)
            with filled(disk):
                until_it_stands_full(client, stack, taken)
            until_it_stands(stack, "ready")
            until(lambda: _hand_in(client, taken, 1), lambda: said(stack, "status"))
            _hand_in(client, taken, 20)
            until(lambda: all(_is_journaled(client, one) for one in taken), lambda: taken)
        code, report = said(stack, "verify")
        assert code == 0, report


def until_it_stands_full(client: httpx.Client, stack: Stack, taken: list[str]) -> None:
    refused: list[str] = []
    until(
        lambda: _hand_in(client, taken, 1, refused) or said(stack, "status")[1]["phase"] == "full",
        lambda: said(stack, "status"),
    )
    until(lambda: not _hand_in(client, taken, 1, refused), lambda: taken)
    assert set(refused) <= {"database_unavailable", "bus_unavailable"}


def _hand_in(
    client: httpx.Client, taken: list[str], count: int, refused: list[str] | None = None
) -> bool:
    """Whether the last one was taken."""
    answer = httpx.Response(503)
    for _ in range(count):
        event = {
            "specversion": "1.0",
            "id": str(uuid4()),
            "type": "casebus.case.noted.v1",
            "source": AMR,
            "subject": str(uuid4()),
            "data": {"note": "备注" * 200},
        }
        answer = client.post("/v1/events", content=json.dumps(event))
        if answer.status_code == 202:
            taken.append(str(event["id"]))
        else:
            assert answer.status_code == 503, answer.text
            (refused if refused is not None else []).append(answer.json()["code"])
    return answer.status_code == 202


def _is_journaled(client: httpx.Client, event: str) -> bool:
    answer = client.get(f"/v1/events/{AMR}/{event}")
    return answer.status_code == 200 and answer.json()["status"] == "journaled"
