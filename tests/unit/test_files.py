"""A file that somebody asked for is there whole, or as it was before; and a refusal names it."""

from __future__ import annotations

import errno
import os
import re
import resource
import signal
import stat
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from casebus.errors import CasebusError
from casebus.files import appearing, write_text
from casebus.sdk.importing.issues import FileError, Issue, IssueCode
from casebus.sdk.importing.report import report_to
from casebus.sdk.store import Store
from casebus.trust.keys import SigningKey

#: Over what every writer here has at once in memory, under what it writes.
ROOM = 4096
LARGE = b"x" * (ROOM * 40)


@pytest.fixture
def little_room() -> Iterator[None]:
    """No file may grow beyond so many bytes: the system refuses as a full disk does."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    ignored = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (ROOM, before[1]))
    yield
    resource.setrlimit(resource.RLIMIT_FSIZE, before)
    signal.signal(signal.SIGXFSZ, ignored)


def refusal(path: Path, raw: bytes = LARGE) -> str:
    with pytest.raises(CasebusError) as refused, appearing(path) as file:
        file.write(raw)
    assert refused.value.code == "file_not_written"
    return refused.value.detail


def test_a_file_that_has_no_room_leaves_what_was_there_and_nothing_beside_it(
    tmp_path: Path, little_room: None
) -> None:
    path = tmp_path / "导出.xes"
    assert str(path) in refusal(path)
    assert list(tmp_path.iterdir()) == []
    path.write_bytes(b"before")
    assert str(path) in refusal(path)
    assert [one.read_bytes() for one in tmp_path.iterdir()] == [b"before"]


def test_an_error_of_what_is_written_leaves_no_half_of_it(tmp_path: Path) -> None:
    def half(error: Exception) -> None:
        with appearing(tmp_path / "log.xes") as file:
            file.write(b"half")
            raise error

    for error in (CasebusError("gateway_unreachable"), ConnectionResetError(), ValueError()):
        with pytest.raises(type(error)) as raised:
            half(error)
        assert raised.value is error
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("name", ["none/file", "file/file", "x" * 300])
def test_a_place_that_cannot_be_is_named(tmp_path: Path, name: str) -> None:
    (tmp_path / "file").write_bytes(b"")
    assert name in refusal(tmp_path / name)


def test_what_is_no_file_is_written_to_and_never_replaced(tmp_path: Path) -> None:
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    with subprocess.Popen(["cat", str(pipe)], stdout=subprocess.PIPE) as reader:
        write_text(pipe, "through")
        assert reader.communicate()[0] == b"through"
    assert stat.S_ISFIFO(pipe.stat().st_mode)
    write_text(Path(os.devnull), "nowhere")
    assert stat.S_ISCHR(Path(os.devnull).stat().st_mode)
    assert "no space left" in refusal(Path("/dev/full"))


def test_a_link_stays_and_its_file_is_replaced_with_the_rights_that_it_had(tmp_path: Path) -> None:
    real, link = tmp_path / "real", tmp_path / "link"
    real.write_bytes(b"before")
    real.chmod(0o640)
    link.symlink_to(real)
    write_text(link, "after")
    assert (link.is_symlink(), real.read_text(encoding="utf-8")) == (True, "after")
    assert stat.S_IMODE(real.stat().st_mode) == 0o640


@pytest.mark.parametrize("umask", [0o000, 0o022, 0o077])
def test_keys_and_stores_are_their_account_s_whatever_the_umask(tmp_path: Path, umask: int) -> None:
    before = os.umask(umask)
    try:
        SigningKey.generate().save(tmp_path / "keys" / "a.pem")
        SigningKey.generate().save(tmp_path / "keys" / "a.pem")
        store = Store.open(tmp_path / "home" / "sdk" / "outgoing.sqlite")
        with store.writing():
            store.db.execute("update made set machine = machine")
        modes = [oct(one.stat().st_mode & 0o077) for one in tmp_path.rglob("*")]
        store.close()
    finally:
        os.umask(before)
    # Three folders; a key; a store with the files beside it.
    assert len(modes) >= 6
    assert set(modes) == {"0o0"}
    shared = tmp_path / "home" / "sdk" / "outgoing.sqlite"
    shared.chmod(0o664)
    Store.open(shared).close()
    # A group that shares it was meant; everybody was not.
    assert shared.stat().st_mode & 0o777 == 0o660


@pytest.mark.parametrize("suffix", [".csv", ".jsonl"])
def test_a_report_that_has_no_room_is_named(tmp_path: Path, little_room: None, suffix: str) -> None:
    def written(path: Path) -> None:
        with report_to(path) as write:
            for row in range(20):
                write(Issue(row, "列", IssueCode.BAD_DATE, "无" * 500))

    with pytest.raises(FileError, match=f"unwritable_report: report{suffix}"):
        written(tmp_path / f"report{suffix}")


def test_every_name_of_the_system_s_refusals_is_said_in_its_words(tmp_path: Path) -> None:
    for number in (errno.ENOSPC, errno.EROFS, errno.EDQUOT, errno.EACCES, errno.EIO):
        with pytest.raises(CasebusError) as refused, appearing(tmp_path / "a"):
            raise OSError(number, os.strerror(number))
        assert refused.value.detail.endswith(os.strerror(number).lower())


def test_a_command_names_the_file_that_it_cannot_write(tmp_path: Path) -> None:
    folder = tmp_path / "没有"
    words = ["-m", "casebus.cli.main", "law", "draw", "referral", "-o", str(folder / "a.svg")]
    done = subprocess.run([sys.executable, *words], check=False, capture_output=True, text=True)
    assert done.returncode == 1
    assert done.stderr == f"file_not_written: {folder / 'a.svg'}: no such file or directory\n"


def test_no_command_writes_a_file_in_another_way() -> None:
    """Backups and the stack have ways of their own, held by their own tests."""
    other = re.compile(r"\.write_(text|bytes)\(|open\([^)]*[\"'][wax]b?t?[\"']|File\([\"'][wax]")
    modules = [*Path("casebus/cli").rglob("*.py"), *Path("casebus/sdk/exporting").rglob("*.py")]
    assert len(modules) > 40
    assert [one for one in modules if other.search(one.read_text(encoding="utf-8"))] == []
