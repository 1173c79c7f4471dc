from __future__ import annotations

import json
import os
import socket
from collections.abc import Iterator
from pathlib import Path

import pytest
from click.testing import CliRunner

from onebox.commands.doctor import doctor
from onebox.ports import free_port_base


@pytest.fixture
def taken() -> Iterator[int]:
    """The base of five ports whose first one is in use."""
    base = free_port_base()
    with socket.create_server(("127.0.0.1", base)):
        yield base


def test_the_doctor_names_a_taken_port_its_holder_and_the_way_out(
    taken: int, tmp_path: Path
) -> None:
    args = ["--home", str(tmp_path / "home"), "--port-base", str(taken), "--json"]
    result = CliRunner().invoke(doctor, args)
    checks = {check["name"]: check for check in json.loads(result.stdout)}
    assert result.exit_code == 1
    assert checks[f"port {taken}"]["verdict"] == "wrong"
    assert f"process {os.getpid()}" in checks[f"port {taken}"]["says"]
    assert "--port-base" in checks[f"port {taken}"]["remedy"]
    assert checks[f"port {taken + 1}"]["verdict"] == "ok"


def test_the_doctor_changes_nothing(tmp_path: Path) -> None:
    CliRunner().invoke(doctor, ["--home", str(tmp_path / "home"), "--json"])
    assert not (tmp_path / "home").exists()
