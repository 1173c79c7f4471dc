from __future__ import annotations

import json
from pathlib import Path

import pytest

from casebus.errors import CasebusError
from onebox import state
from onebox.options import Options, read_options
from onebox.state import StackState


def started(home: Path, port_base: int) -> None:
    """Leave the state file of a stack that was up once."""
    options = Options(home, port_base)
    home.mkdir(parents=True)

    last = StackState("stopped", 1, 0.0, json.loads(options.to_json()))
    state.write(options.place.state, last)


def test_everything_is_embedded_without_urls(tmp_path: Path) -> None:
    options = read_options(tmp_path, 20000, (), {})
    assert options.embedded == ("kafka", "postgres")
    assert options.services[-1] == "gateway"


def test_a_url_in_the_environment_replaces_its_embedded_part(tmp_path: Path) -> None:
    environment = {"CASEBUS_DATABASE_URL": "postgresql://u:p@db.example:5432/x"}
    options = read_options(tmp_path, 20000, (), environment)
    assert options.embedded == ("kafka",)
    assert "postgres" not in options.services
    assert "postgres" in options.only


def test_the_address_of_an_embedded_part_replaces_nothing(tmp_path: Path) -> None:
    environment = {
        "CASEBUS_KAFKA_BOOTSTRAP": "127.0.0.1:20001",
        "CASEBUS_DATABASE_URL": "postgresql://casebus:p@127.0.0.1:20002/casebus",
    }
    assert read_options(tmp_path, 20000, (), environment).embedded == ("kafka", "postgres")


def test_a_shell_with_the_exports_of_one_stack_starts_another_whole(tmp_path: Path) -> None:
    started(tmp_path / "first", 20000)
    environment = {
        "CASEBUS_HOME": str(tmp_path / "first"),
        "CASEBUS_KAFKA_BOOTSTRAP": "127.0.0.1:20001",
    }
    options = read_options(tmp_path / "second", 20100, (), environment)
    assert options.embedded == ("kafka", "postgres")


def test_a_home_keeps_its_ports(tmp_path: Path) -> None:
    started(tmp_path / "home", 21230)
    assert read_options(tmp_path / "home", None, (), {}).port_base == 21230


def test_an_unknown_service_is_named(tmp_path: Path) -> None:
    with pytest.raises(CasebusError, match="zookeeper"):
        read_options(tmp_path, None, ("zookeeper",), {})


def test_options_survive_the_way_to_the_supervisor(tmp_path: Path) -> None:
    options = read_options(tmp_path, 20000, ("kafka",), {})
    assert Options.from_json(options.to_json()) == options
