"""What a crash left is no hindrance; a process that lives and holds the data is named."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from casebus.errors import CasebusError
from onebox import holding
from onebox.credentials import load
from onebox.places import Home

LOCKING = """
import fcntl, sys
handle = open(sys.argv[1], "r+b")
fcntl.lockf(handle, fcntl.LOCK_EX)
print("locked", flush=True)
sys.stdin.read()
"""


@pytest.fixture(autouse=True)
def _at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(holding, "ENDING_SECONDS", 0.2)


@contextmanager
def locked(path: Path) -> Iterator[int]:
    """By another process, as a second Kafka would."""
    command = [sys.executable, "-c", LOCKING, str(path)]
    pipe = subprocess.PIPE
    with subprocess.Popen(command, stdin=pipe, stdout=pipe) as process:
        assert process.stdout is not None
        process.stdout.readline()
        yield process.pid
        process.kill()


@contextmanager
def working_in(folder: Path) -> Iterator[int]:
    """A process of PostgreSQL's name whose working directory this is."""
    program = folder.parent / "postgres"
    program.write_bytes(Path("/bin/sleep").read_bytes())
    program.chmod(0o755)
    with subprocess.Popen([str(program), "60"], cwd=folder) as process:
        yield process.pid
        process.kill()


def test_a_pid_file_that_names_another_live_process_is_removed(tmp_path: Path) -> None:
    left = tmp_path / "postmaster.pid"
    left.write_text(f"{os.getpid()}\n{tmp_path}\n1700000000\n5432\n", encoding="utf-8")
    holding.require_unused_cluster(tmp_path)
    assert not left.exists()


@pytest.mark.parametrize("text", ["", "no number\n", "999999999\n"])
def test_a_pid_file_that_names_nobody_is_removed(tmp_path: Path, text: str) -> None:
    left = tmp_path / "postmaster.pid"
    left.write_text(text, encoding="utf-8")
    holding.require_unused_cluster(tmp_path)
    assert not left.exists()


def test_a_server_that_works_in_the_folder_is_named_and_its_file_left(tmp_path: Path) -> None:
    data = tmp_path / "data"
    data.mkdir()
    left = data / "postmaster.pid"
    left.write_text("999999999\n", encoding="utf-8")
    with working_in(data) as pid, pytest.raises(CasebusError, match=rf"data_in_use.*{pid}"):
        holding.require_unused_cluster(data)
    assert left.exists()
    holding.require_unused_cluster(data)


def test_a_server_behind_a_link_is_the_same_server(tmp_path: Path) -> None:
    (tmp_path / "disk").mkdir()
    data = tmp_path / "disk/data"
    data.mkdir()
    linked = tmp_path / "data"
    linked.symlink_to(data)
    left = linked / "postmaster.pid"
    left.write_text("999999999\n", encoding="utf-8")
    with working_in(data) as pid, pytest.raises(CasebusError, match=rf"data_in_use.*{pid}"):
        holding.require_unused_cluster(linked)
    assert left.exists()


def test_a_lock_file_without_its_process_is_no_hindrance_and_with_it_the_process_is_named(
    tmp_path: Path,
) -> None:
    holding.require_unused_log(tmp_path)
    lock = tmp_path / ".lock"
    lock.touch()
    holding.require_unused_log(tmp_path)
    with locked(lock) as pid, pytest.raises(CasebusError, match=rf"data_in_use.*{pid}"):
        holding.require_unused_log(tmp_path)
    holding.require_unused_log(tmp_path)


@pytest.mark.parametrize("text", ["", '{"cluster_id": "a'])
def test_credentials_that_were_cut_off_are_told_and_not_made_anew(
    tmp_path: Path, text: str
) -> None:
    home = Home(tmp_path)
    home.credentials.write_text(text, encoding="utf-8")
    with pytest.raises(CasebusError, match="credentials_unreadable"):
        load(home)
    assert home.credentials.read_text("utf-8") == text
