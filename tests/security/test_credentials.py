"""Each user has its own secrets and nobody else's; files are their one account's."""

from __future__ import annotations

import os
import stat
import sys
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path

import asyncpg
import httpx
import pytest
from click.testing import CliRunner

from casebus.cli.main import main
from casebus.errors import CasebusError
from casebus.events.doors import BUS
from casebus.trust.keys import SigningKey
from gateway.identity import keys
from onebox import credentials
from onebox.keyfolder import KeyFolder
from onebox.options import WORKERS
from onebox.places import Home
from onebox.testing import Stack
from operations.speakers import SPEAKERS
from storage import roles
from storage.handles import Connection

OWN, HOSTED, OTHER = "cn-330106-amr", "cn-330106-psb", "cn-330108-amr"


def exported(stack: Stack, user: str) -> str:
    words = ["env", user, "--home", str(stack.options.home)]
    done = CliRunner().invoke(main, words, catch_exceptions=False)
    assert done.exit_code == 0, done.output
    return done.output


def secrets_of_others(stack: Stack, user: str) -> dict[str, str]:
    known = credentials.load(stack.home)
    return {
        "owner": known.postgres,
        **{f"role {name}": text for name, text in known.roles.items() if name != user},
        **{f"kafka {name}": text for name, text in known.kafka.items() if name != user},
        **{f"api {name}": text for name, text in known.api_keys.items() if name != user},
        **{f"operator {name}": text for name, text in known.operators.items() if name != user},
        "all keys": f"{stack.home.keys}'",
        "bus keys": str(stack.home.processes),
    }


@pytest.mark.connected
def test_a_shell_of_an_operator_has_one_key_and_no_agency_s(brokers: Stack) -> None:
    known = credentials.load(brokers.home)
    for user, key in known.operators.items():
        lines = [one for one in exported(brokers, user).splitlines() if one.startswith("export ")]
        said = "\n".join(lines) + "\n"
        assert f"CASEBUS_API_KEY={key}" in said
        others = secrets_of_others(brokers, user)
        assert [name for name, one in others.items() if one in said] == []
        for name in ("DATABASE_URL", "PGPASSWORD", "KAFKA_PASSWORD", "CASEBUS_AGENCY="):
            assert name not in said


@pytest.mark.connected
@pytest.mark.parametrize("user", [OWN, HOSTED])
def test_a_shell_of_an_agency_has_its_own_secrets_only(brokers: Stack, user: str) -> None:
    text = exported(brokers, user)
    assert f"CASEBUS_API_KEY={brokers.api_key(user)}" in text
    lines = [line for line in text.splitlines() if line.startswith("export ")]
    said = "\n".join(lines) + "\n"
    assert [name for name, one in secrets_of_others(brokers, user).items() if one in said] == []
    assert "DATABASE_URL" not in said
    assert "PGPASSWORD" not in said
    folder = Path(brokers.environment(user)["CASEBUS_KEYS_DIR"])
    assert [path.name for path in folder.iterdir()] == [f"{user}.pem"]
    key = SigningKey.load(folder / f"{user}.pem")
    assert key.keyid == SigningKey.load(brokers.home.keys / f"{user}.pem").keyid


@pytest.mark.connected
def test_only_admin_is_given_all_and_a_terminal_is_told(
    brokers: Stack, monkeypatch: pytest.MonkeyPatch
) -> None:
    words = ["env", "admin", "--home", str(brokers.options.home)]
    assert "operator's secrets" not in CliRunner().invoke(main, words).stderr
    monkeypatch.setattr("onebox.commands.env.is_terminal", lambda: True)
    done = CliRunner().invoke(main, words)
    assert "operator's secrets" in done.stderr
    assert brokers.database_url in done.stdout


@pytest.mark.connected
def test_nobody_is_given_the_broker_or_the_bus(brokers: Stack) -> None:
    for user in ("broker", BUS):
        done = CliRunner().invoke(main, ["env", user, "--home", str(brokers.options.home)])
        assert done.exit_code
        assert "unknown_user" in done.output


@pytest.mark.connected
def test_each_service_is_given_what_it_needs_and_no_more(brokers: Stack) -> None:
    for service in (*WORKERS, "gateway"):
        given = brokers.environment(service)
        text = "\n".join(given.values()) + "'"
        others = secrets_of_others(brokers, service)
        mine = {"bus keys"} if service in SPEAKERS else set()
        assert [name for name in others if others[name] in text and name not in mine] == []
        assert ("CASEBUS_DATABASE_URL" in given) == (service in roles.SERVICES)
        assert ("CASEBUS_BUS_KEY" in given) == (service in SPEAKERS)
        assert Path(given.get("CASEBUS_BUS_KEY", "/")).is_file() == (service in SPEAKERS)


@pytest.mark.connected
def test_each_process_signs_as_the_bus_by_a_key_of_its_own(brokers: Stack) -> None:
    known = {SigningKey.load(brokers.home.bus_key(one)).keyid for one in SPEAKERS}
    assert len(known) == len(SPEAKERS)
    assert not (brokers.home.keys / "bus.pem").exists()


@pytest.mark.connected
def test_nothing_of_a_home_is_another_account_s() -> None:
    """Every service at work, and nobody but them in the home: what tests put into one is theirs."""
    with Stack() as stack:
        assert stack.home.log("gateway").is_file()
        assert wide(stack.home) == []
        assert stat.S_IMODE(stack.home.postgres.resolve().stat().st_mode) == 0o700


def wide(home: Home) -> list[str]:
    """Whatever of the home other accounts may read, write or enter; they may pass through it."""
    found = [] if not home.path.stat().st_mode & 0o066 else [str(home.path)]
    for folder, folders, files in os.walk(home.path):
        if Path(folder) == home.path:
            folders[:] = [name for name in folders if name != home.postgres.name]
        found += [str(one) for name in (*folders, *files) if _is_open(one := Path(folder, name))]
    return found


def _is_open(path: Path) -> bool:
    try:
        return not path.is_symlink() and bool(path.stat().st_mode & 0o077)
    except FileNotFoundError:
        # Kafka writes a file beside and renames it: it was there when the folder was listed.
        return False


def test_an_old_home_is_repaired(tmp_path: Path) -> None:
    home = Home(tmp_path / "home").make()
    for name in ("kafka/data/a/0.log", "logs/kafka.log", "keys/x.pem"):
        path = home.path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(b"x")
        path.chmod(0o666)
        path.parent.chmod(0o777)
    assert wide(home)
    home.close_to_others()
    assert wide(home) == []


def test_the_one_key_of_the_bus_becomes_the_operator_s(tmp_path: Path) -> None:
    home = Home(tmp_path).make()
    shared = SigningKey.generate()
    shared.save(home.keys / "bus.pem")
    SigningKey.generate().save(home.root_key)
    KeyFolder(home.keys, home).split()
    assert not (home.keys / "bus.pem").exists()
    assert SigningKey.load(home.bus_key("operator")).keyid == shared.keyid
    assert not home.bus_key("router").exists()


def test_without_the_root_each_speaker_keeps_the_one_key(tmp_path: Path) -> None:
    home = Home(tmp_path).make()
    shared = SigningKey.generate()
    shared.save(home.keys / "bus.pem")
    KeyFolder(home.keys, home).split()
    assert {SigningKey.load(home.bus_key(one)).keyid for one in SPEAKERS} == {shared.keyid}


async def test_no_api_key_is_made_for_the_bus() -> None:
    with pytest.raises(CasebusError, match="foreign_source"):
        await keys.register("postgresql://127.0.0.1:1/none", {BUS: "a key"})


@pytest.mark.connected
async def test_an_api_key_of_the_bus_opens_no_door(stack: Stack) -> None:
    connection: Connection = await asyncpg.connect(stack.database_url)
    try:
        statement = "insert into own.api_key (digest, agency, label) values ($1, 'bus', 'old')"
        await connection.execute(statement, keys.digest("left by an old release"))
    finally:
        await connection.close()
    body = {
        "specversion": "1.0",
        "type": "casebus.law.adopted.v1",
        "source": BUS,
        "id": "1",
        "subject": "5e0b9f6a-6a3c-4b1d-8f0e-0c7c5f6f2a11",
        "data": {"digest": "00" * 32, "previous": "", "partition": 0, "author": "", "reasons": ""},
    }
    url, content = f"{stack.gateway_url}/v1/events", "application/cloudevents+json"
    async with httpx.AsyncClient() as client:
        for key, status in (("left by an old release", 401), (stack.api_key(OTHER), 403)):
            head = {"Authorization": f"Bearer {key}", "Content-Type": content}
            assert (await client.post(url, json=body, headers=head)).status_code == status
    assert BUS not in credentials.load(stack.home).api_keys
    assert await keys.revoke_all(stack.database_url, BUS) == 1


if sys.platform == "linux":

    @pytest.mark.connected
    @pytest.mark.parametrize(
        "service", ["gateway", *(pytest.param(one, marks=pytest.mark.long) for one in WORKERS)]
    )
    def test_no_process_has_a_secret_that_is_another_s(stack: Stack, service: str) -> None:
        """What the kernel shows of the running processes, not what we meant to give them."""
        known = credentials.load(stack.home)
        secrets = {name: known.kafka[name] for name in (*WORKERS, "gateway")}
        assert in_memory(stack.pid(service), {**secrets, "owner": known.postgres}) == {service}


def in_memory(pid: int, secrets: Mapping[str, str]) -> set[str]:
    """Which of these stand in what the process has written or was started with."""
    found = set[str]()
    with Path(f"/proc/{pid}/mem").open("rb", buffering=0) as memory:
        for line in Path(f"/proc/{pid}/maps").read_text("utf-8").splitlines():
            place, mode, *_ = line.split()
            if not mode.startswith("rw") or ".so" in line:
                continue
            begin, end = (int(each, 16) for each in place.split("-"))
            memory.seek(begin)
            with suppress(OSError):
                text = memory.read(end - begin)
                found |= {name for name, one in secrets.items() if one.encode() in text}
    return found
