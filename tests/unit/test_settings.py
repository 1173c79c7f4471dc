from __future__ import annotations

from pathlib import Path

import pytest
from click.testing import CliRunner

from casebus.cli.main import main
from casebus.errors import CasebusError
from casebus.sdk.gateway import Gateway
from casebus.settings import Settings
from services.transport.worker import WorkerSettings

WRONG = {"CASEBUS_PATIENCE_SECONDS": "soon", "CASEBUS_GATEWAY_CONNECTIONS": "geheim"}


@pytest.mark.parametrize("settings", [Settings, WorkerSettings])
def test_a_variable_of_a_wrong_kind_is_named_without_its_value(
    settings: type[Settings], monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, text in WRONG.items():
        monkeypatch.setenv(name, text)
    with pytest.raises(CasebusError, match="bad_environment") as raised:
        settings()
    assert "CASEBUS_PATIENCE_SECONDS: a number is expected" in raised.value.detail
    assert "CASEBUS_GATEWAY_CONNECTIONS: a whole number is expected" in raised.value.detail
    assert "geheim" not in str(raised.value)


@pytest.mark.parametrize(
    "words", [["work", "list"], ["publish", "--type", "case.noted"], ["cases"]]
)
def test_a_command_says_which_variable_it_cannot_use(words: list[str]) -> None:
    done = CliRunner().invoke(main, words, env=WRONG)
    assert done.exit_code == 1
    assert "CASEBUS_PATIENCE_SECONDS: a number is expected" in done.output


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("CASEBUS_KAFKA_BOOTSTRAP", ""),
        ("CASEBUS_KAFKA_BOOTSTRAP", ":"),
        ("CASEBUS_KAFKA_BOOTSTRAP", "kafka"),
        ("CASEBUS_KAFKA_BOOTSTRAP", "kafka:x"),
        ("CASEBUS_KAFKA_BOOTSTRAP", "kafka:99999"),
        ("CASEBUS_KAFKA_BOOTSTRAP", "http://kafka:9092"),
        ("CASEBUS_KAFKA_BOOTSTRAP", "kafka:9092,b"),
        ("CASEBUS_KAFKA_SECURITY_PROTOCOL", "TLS"),
        ("CASEBUS_KAFKA_SASL_MECHANISM", "SCRAM"),
        ("CASEBUS_API_KEY", "钥匙"),
        ("CASEBUS_API_KEY", "key\n"),
    ],
)
def test_a_variable_that_no_client_can_use_is_named(
    name: str, value: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(name, value)
    settings = Settings()
    with pytest.raises(CasebusError, match="bad_environment") as raised:
        Gateway(settings) if name.endswith("KEY") else settings.kafka_client()
    assert name in raised.value.detail


def test_brokers_may_stand_apart_and_have_addresses_of_six() -> None:
    settings = Settings(kafka_bootstrap="a.example:9092, [::1]:9092,")
    assert settings.kafka_client()["bootstrap_servers"] == ["a.example:9092", "[::1]:9092"]


def test_an_authority_that_is_not_there_names_its_variable(tmp_path: Path) -> None:
    (tmp_path / "empty.pem").write_text("no\n", encoding="utf-8")
    for name in ("none.pem", "empty.pem"):
        with pytest.raises(CasebusError, match=r"bad_environment: CASEBUS_TLS_CA=.*\.pem: "):
            Settings(tls_ca=tmp_path / name).tls_context()
