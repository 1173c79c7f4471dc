from __future__ import annotations

import os
import shutil
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

import psutil
import pytest

from casebus.errors import CasebusError
from onebox import state
from onebox.places import Home
from onebox.testing import Stack
from operations.clients import open_admin

pytestmark = [pytest.mark.connected, pytest.mark.slow]
BACKENDS = ("kafka", "postgres")


def test_two_stacks_stand_side_by_side(brokers: Stack) -> None:
    with Stack(only=BACKENDS) as other:
        assert other.pid("kafka") != brokers.pid("kafka")
        cluster = {_cluster_id(stack) for stack in (brokers, other)}
        assert len(cluster) == 2
    assert brokers.state("kafka").phase == "ready"


def test_a_url_in_the_environment_replaces_the_embedded_part(
    brokers: Stack, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Kafka and PostgreSQL of one stack serve another, as a real cluster would."""
    for name, text in brokers.environment("admin").items():
        monkeypatch.setenv(name, text)
    monkeypatch.delenv("CASEBUS_HOME")
    other = Stack(only=(*BACKENDS, "admission"), env=os.environ)
    with pytest.raises(CasebusError, match="password_unknown"):
        other.up()
    shutil.copy(brokers.home.credentials, other.home.credentials)
    with other:
        assert other.options.embedded == ()
        assert list(_services(other)) == ["admission"]
        assert (
            other.environment("admission")["CASEBUS_KAFKA_BOOTSTRAP"]
            == (brokers.environment("admission")["CASEBUS_KAFKA_BOOTSTRAP"])
        )


def test_everything_ends_in_order_and_starts_again_with_its_data() -> None:
    with Stack(only=BACKENDS) as stack:
        before = _cluster_id(stack)
        pids = [stack.pid(name) for name in BACKENDS]
        stack.down()
        assert not any(psutil.pid_exists(pid) for pid in pids)
        ends = {name: one.last_exit for name, one in _services(stack).items()}
        assert ends == {"kafka": "ended with code 143", "postgres": "ended with code 0"}
        stack.up()
        assert _cluster_id(stack) == before


def test_a_killed_supervisor_leaves_no_orphan() -> None:
    with Stack(only=("postgres",)) as stack:
        now = state.read(stack.home.state)
        assert now is not None
        server = psutil.Process(stack.pid("postgres"))
        os.kill(now.supervisor, signal.SIGKILL)
        server.wait(30)
        stack.up()
        assert stack.state("postgres").phase == "ready"


def test_a_stack_ends_with_the_killed_process_that_owns_it(tmp_path: Path) -> None:
    code = (
        "import pathlib, time\nfrom onebox.testing import Stack\n"
        f"with Stack(only=('postgres',), home=pathlib.Path({str(tmp_path / 'home')!r})):\n"
        "    print('up', flush=True)\n    time.sleep(600)\n"
    )
    tmp_path.chmod(0o755)
    with subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE) as owner:
        assert owner.stdout is not None
        assert owner.stdout.readline() == b"up\n"
        owner.kill()
    now = state.read(Home(tmp_path / "home").state)
    assert now is not None
    deadline = time.monotonic() + 60
    while psutil.pid_exists(now.supervisor):
        assert time.monotonic() < deadline
        time.sleep(0.1)
    assert not any(psutil.pid_exists(one.pid) for one in now.services.values() if one.pid)


def test_a_pid_file_left_by_a_crash_that_names_a_living_process_is_no_hindrance() -> None:
    with Stack(only=("postgres",)) as stack:
        data = stack.home.postgres.resolve() / "data"
        stack.down()
        left = data / "postmaster.pid"
        left.write_text(f"{os.getpid()}\n{data}\n1700000000\n5432\n\n127.0.0.1\n", "utf-8")
        # As after a power cut: it was being written.
        stack.home.state.write_bytes(b"")
        stack.up()
        assert stack.state("postgres").phase == "ready"


def test_a_server_that_runs_on_the_same_folder_is_named() -> None:
    with Stack(only=("postgres",)) as stack:
        pid = stack.pid("postgres")
        other = Stack(only=("postgres",))
        shutil.copytree(stack.home.path, other.home.path, dirs_exist_ok=True, symlinks=True)
        shutil.rmtree(other.home.postgres)
        other.home.postgres.symlink_to(stack.home.postgres.resolve())
        other.home.state.unlink()
        with pytest.raises(CasebusError, match=rf"data_in_use.*{pid}|data_in_use.*postgres"):
            other.up()
        other.down()
        assert stack.pid("postgres") == pid
        shutil.rmtree(other.home.path)


def test_a_taken_port_is_named_before_anything_starts(tmp_path: Path) -> None:
    wanted = Stack(only=("postgres",), home=tmp_path)
    port = wanted.options.ports.postgres
    with (
        socket.create_server(("127.0.0.1", port)),
        pytest.raises(CasebusError, match=str(port)),
    ):
        wanted.up()
    assert not wanted.home.postgres.exists()


def test_a_service_stopped_by_name_stays_stopped() -> None:
    with Stack(only=("postgres",)) as stack:
        stack.stop("postgres")
        stack.start("postgres")
        stack.restart("postgres")
        assert stack.state("postgres").restarts == 1


def _cluster_id(stack: Stack) -> str:
    admin = open_admin(stack.settings("admin"))
    try:
        return str(admin.describe_cluster()["cluster_id"])
    finally:
        admin.close()


def _services(stack: Stack) -> dict[str, state.ServiceState]:
    now = state.read(stack.home.state)
    assert now is not None
    return now.services
