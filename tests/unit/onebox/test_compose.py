from __future__ import annotations

import json
import os
import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
import yaml

from casebus.later import later
from onebox import run
from onebox.environment import WITH_AGENCY_KEYS
from onebox.kafka import _CONFIGURATION
from onebox.options import BACKENDS, SERVICES
from onebox.places import Home

# A second and a half, for one test.
if TYPE_CHECKING:
    import jsonschema
else:
    jsonschema = later("jsonschema")

ROOT = Path(__file__).parents[3]
ONCE = "provision"


def compose() -> dict[str, Any]:
    return dict(yaml.safe_load((ROOT / "docker-compose.yml").read_text("utf-8")))


def test_the_compose_file_is_one_by_the_specification() -> None:
    schema = json.loads((ROOT / "tests/data/compose-spec.json").read_text("utf-8"))
    jsonschema.Draft201909Validator(schema).validate(compose())


def test_compose_runs_the_services_of_the_supervisor() -> None:
    assert set(compose()["services"]) - {ONCE} == set(SERVICES)


def test_each_service_runs_as_itself_and_after_provisioning() -> None:
    for name, service in compose()["services"].items():
        if name in (*BACKENDS, ONCE):
            continue
        assert service["command"][0] == name
        assert service["depends_on"][ONCE]["condition"] == "service_completed_successfully"


def test_published_ports_are_bound_to_loopback() -> None:
    ports = [port for each in compose()["services"].values() for port in each.get("ports", ())]
    assert ports
    assert all(port.startswith("127.0.0.1:") for port in ports)


def test_files_that_compose_mounts_exist() -> None:
    for each in compose()["services"].values():
        for volume in each.get("volumes", ()):
            if volume.startswith("./"):
                assert (ROOT / volume.split(":")[0]).is_file(), volume


def test_the_kafka_of_compose_is_set_up_as_the_embedded_one() -> None:
    """Whatever both set, they set alike; addresses and secrets differ."""

    script = (ROOT / "deploy/compose/start-kafka.sh").read_text("utf-8")
    embedded, composed = _settings(_CONFIGURATION), _settings(script)
    same = (
        "process.roles",
        "authorizer.class.name",
        "allow.everyone.if.no.acl.found",
        "super.users",
        "auto.create.topics.enable",
        "log.message.timestamp.type",
        "message.max.bytes",
        "sasl.enabled.mechanisms",
        "inter.broker.listener.name",
    )
    assert {name: composed[name] for name in same} == {name: embedded[name] for name in same}


def _settings(text: str) -> dict[str, str]:
    pairs = (line.partition("=") for line in text.splitlines() if "=" in line)
    return {name: value for name, _, value in pairs}


def test_no_password_has_a_default() -> None:
    text = (ROOT / "docker-compose.yml").read_text("utf-8")
    named = re.findall(r"\$\{(CASEBUS_\w*PASSWORD)(:?.)", text)
    assert {name for name, _ in named} >= {
        "CASEBUS_KAFKA_ADMIN_PASSWORD",
        "CASEBUS_KAFKA_BROKER_PASSWORD",
        "CASEBUS_POSTGRES_PASSWORD",
    }
    assert {how for _, how in named} == {":?"}


def test_only_provision_has_the_owner_s_passwords_and_all_folders() -> None:
    for name, service in compose()["services"].items():
        if name in (*BACKENDS, ONCE):
            continue
        assert not [one for one in service["environment"] if "PASSWORD" in one or "DATABASE" in one]
        folders = {volume.split(":")[1] for volume in service["volumes"]}
        keys = {"/data/keys"} if name in WITH_AGENCY_KEYS else set()
        assert folders == {f"/data/processes/{name}", *keys}
        assert all(volume.endswith(":ro") for volume in service["volumes"])


def test_a_container_becomes_its_service_by_its_own_folder_alone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CASEBUS_HOME", str(tmp_path))
    assert run.main(["router"]) == 1
    own = Home(tmp_path).environment_of("router")
    own.parent.mkdir(parents=True)
    own.write_text(json.dumps({"CASEBUS_KAFKA_USERNAME": "router"}), "utf-8")
    became: list[tuple[list[str], dict[str, str]]] = []
    monkeypatch.setattr(os, "execve", lambda _path, words, env: became.append((words, env)))
    run.main(["router", "--slow"])
    [(words, variables)] = became
    assert words[1:] == ["-m", "services.router", "--slow"]
    assert variables["CASEBUS_KAFKA_USERNAME"] == "router"
