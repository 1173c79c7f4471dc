"""Every command while nothing answers: one clear error each, and no traceback.

What each needs is taken away one by one, on real brokers, in tests/integration/test_away.py.
"""

from __future__ import annotations

import socket
from collections.abc import Iterator
from pathlib import Path

import asyncpg
import pytest
from aiokafka import errors as aiokafka_errors
from click.testing import CliRunner
from kafka import errors as kafka_errors

from casebus.cli.ends import AWAY
from casebus.cli.main import main
from casebus.errors import AwayError, CasebusError
from casebus.kafka import connection, directory
from casebus.settings import Settings
from casebus.trust.keys import SigningKey
from onebox import environment
from operations.away import cleared
from tests import commands

#: kafka-python leaves the sockets of a client that nobody answers, and click a file that it opened
#: for a command whose other options it refuses.
pytestmark = pytest.mark.filterwarnings("default:unclosed:ResourceWarning")
AGENCY = "cn-330106-amr"
#: They start all that they need, or write the repository's own files.
LEFT_OUT = {("up",), ("demo",), ("law", "docs"), ("schemas", "docs"), ("schemas", "new")}
#: They read files for some seconds, and are tested with them.
LEFT_OUT |= {("law", "check"), ("law", "casebook"), ("schemas", "check")}
EVERY = sorted(set(commands.every()) - LEFT_OUT)
#: What would else follow for ever.
MORE: dict[tuple[str, ...], list[str]] = {
    ("witness",): ["--once"],
    ("recall",): ["--status"],
    ("publish",): ["--type", "case.noted", "--note", "x"],
    ("backup",): ["--home", "{folder}"],
    ("year",): ["--load"],
}


@pytest.fixture(scope="module")
def nobody() -> Iterator[int]:
    """A port on which nobody listens, and nobody else will: it is bound."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        yield taken.getsockname()[1]


@pytest.fixture
def alone(nobody: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A shell in which each address is one where nobody is."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(connection, "_BOOTSTRAP_MS", 300)
    monkeypatch.setattr(directory, "_START_SECONDS", 0.3)
    SigningKey.generate().save(tmp_path / "keys" / f"{AGENCY}.pem")
    named = {
        "HOME": str(tmp_path),
        "KEYS_DIR": str(tmp_path / "keys"),
        "AGENCY": AGENCY,
        "ACTOR": "officer-1",
        "GATEWAY_URL": f"http://127.0.0.1:{nobody}",
        "KAFKA_BOOTSTRAP": f"127.0.0.1:{nobody}",
        "KAFKA_USERNAME": AGENCY,
        "KAFKA_PASSWORD": "x",
        "ROOT_DIGEST": "0" * 64,
        "PATIENCE_SECONDS": "0",
    }
    for name, value in named.items():
        monkeypatch.setenv(f"CASEBUS_{name}", value)
    real = environment.admin_settings

    def admin_settings(*of: object) -> Settings:
        database = f"postgresql://owner:x@127.0.0.1:{nobody}/casebus"
        away = {"kafka_bootstrap": f"127.0.0.1:{nobody}", "database_url": database}
        return real(*of).model_copy(update=away)  # type: ignore[arg-type]

    monkeypatch.setattr(environment, "admin_settings", admin_settings)
    return tmp_path


@pytest.mark.slow
@pytest.mark.parametrize("words", EVERY, ids=" ".join)
def test_a_command_to_which_nothing_answers_ends_in_one_clear_error(
    words: tuple[str, ...], alone: Path
) -> None:
    more = [one.format(folder=alone) for one in MORE.get(words, [])]
    commands.assert_clear(CliRunner().invoke(main, [*commands.given(words, alone), *more]), words)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("words", "code"),
    [
        (("history",), "gateway_unreachable"),
        (("work", "list"), "gateway_unreachable"),
        (("publish",), "kafka_unreachable"),
        (("inbox",), "kafka_unreachable"),
        (("keys", "list"), "kafka_unreachable"),
        (("verify",), "database_unavailable"),
        (("rebuild",), "directory_unread"),
        (("law", "show"), "database_unavailable"),
        (("law", "void"), "database_unavailable"),
    ],
)
def test_what_is_away_has_its_code_and_an_exit_code_of_its_own(
    words: tuple[str, ...], code: str, alone: Path
) -> None:
    said = [*commands.given(words, alone), *MORE.get(words, []), "--json"]
    assert commands.assert_clear(CliRunner().invoke(main, said), words, AWAY)["code"] == code


def test_a_store_that_cannot_be_read_is_said_by_each_command_that_needs_it(alone: Path) -> None:
    (alone / "sdk").mkdir()
    (alone / "sdk" / "outgoing.sqlite").write_bytes(b"no database" * 100)
    for words in (("publish",), ("inbox",), ("doctor",)):
        more = [*MORE.get(words, []), *(["--ack"] if words == ("inbox",) else [])]
        more += ["--agency", AGENCY] if words == ("doctor",) else []
        done = CliRunner().invoke(main, [*commands.given(words, alone), *more, "--json"])
        assert commands.assert_clear(done, words, 1)["code"] == "store_unusable"


def test_a_file_of_the_home_that_the_machine_refuses_is_one_clear_error(alone: Path) -> None:
    (alone / "sdk").write_text("a file in the place of a folder")
    done = CliRunner().invoke(main, ["publish", "--type", "case.noted", "--json"])
    assert commands.assert_clear(done, ["publish"], 1)["code"] == "store_unusable"
    (alone / "credentials.json").mkdir()
    (alone / "stack.json").mkdir()
    done = CliRunner().invoke(main, ["status", "--json"])
    assert commands.assert_clear(done, ["status"], 1)["code"] == "machine_refused"


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (
            ConnectionRefusedError(111, "Connect call failed ('127.0.0.1', 1)"),
            "database_unavailable",
        ),
        (OSError("Multiple exceptions: [Errno 111] …"), "database_unavailable"),
        (TimeoutError(), "database_unavailable"),
        (socket.gaierror(-2, "Name or service not known"), "database_unavailable"),
        (asyncpg.ConnectionDoesNotExistError("closed in the middle"), "database_unavailable"),
        (asyncpg.CannotConnectNowError("starting up"), "database_unavailable"),
        (asyncpg.TooManyConnectionsError(), "database_unavailable"),
        (asyncpg.InterfaceError("connection is closed"), "database_unavailable"),
        (aiokafka_errors.KafkaConnectionError("x"), "kafka_unreachable"),
        (aiokafka_errors.KafkaTimeoutError(), "kafka_unreachable"),
        (aiokafka_errors.RequestTimedOutError(), "kafka_unreachable"),
        (kafka_errors.KafkaTimeoutError(), "kafka_unreachable"),
        (kafka_errors.BrokerNotAvailableError(), "kafka_unreachable"),
    ],
    ids=repr,
)
def test_what_a_client_raises_where_nobody_answers_may_be_asked_again(
    error: Exception, code: str
) -> None:
    found = cleared(error)
    assert isinstance(found, AwayError)
    assert found.code == code


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (asyncpg.InvalidPasswordError("no"), "database_sign_in_refused"),
        (asyncpg.UndefinedTableError("own.outbox"), "migrations_pending"),
        (asyncpg.UniqueViolationError("x"), "database_failed"),
        (aiokafka_errors.TopicAuthorizationFailedError("x"), "kafka_failed"),
        (aiokafka_errors.SaslAuthenticationFailed("x"), "kafka_sign_in_refused"),
    ],
    ids=repr,
)
def test_what_no_waiting_makes_better_is_not_away(error: Exception, code: str) -> None:
    found = cleared(error)
    assert isinstance(found, CasebusError)
    assert not isinstance(found, AwayError)
    assert found.code == code


@pytest.mark.parametrize(
    "error",
    [FileNotFoundError(2, "No such file", "x"), OSError(28, "No space left"), KeyError("x")],
    ids=repr,
)
def test_what_is_neither_of_brokers_nor_of_the_database_is_not_said_to_be(error: Exception) -> None:
    assert cleared(error) is None
