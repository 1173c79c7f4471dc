from __future__ import annotations

import pytest
from click.testing import CliRunner

from casebus.cli.main import main
from casebus.errors import CasebusError
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
