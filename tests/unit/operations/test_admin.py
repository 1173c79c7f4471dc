"""A command of operations works as the admin whom it is given, and knows of no one machine."""

from __future__ import annotations

import inspect
import re
from collections.abc import Iterator
from pathlib import Path

import click
import pytest
from click.testing import CliRunner

from casebus.settings import Settings
from onebox import credentials
from onebox.places import Home
from operations.commands import admin
from operations.commands.admin import Admin, as_admin
from operations.commands.backup import backup
from operations.doctor.remedies import Remedies

ROOM = Path(admin.__file__).parents[1]
#: What one reads of a machine alone: its commands, its home, the examples of a checkout.
OF_ONE_MACHINE = re.compile(
    r"casebus (up|down|logs|status|reset|env|demo)\b|--home|\.casebus\b|\.home\b|examples\b|a_home"
)


def _told() -> click.Command:
    @click.command()
    @as_admin
    def tell(admin: Admin) -> None:
        click.echo(f"{admin.settings.database_url} {admin.law} {admin.pack_keys is None}")
        admin.note_law("d" * 64)

    return tell


@pytest.fixture
def anew() -> Iterator[None]:
    admin._keeper.cache_clear()
    yield
    admin._keeper.cache_clear()


def test_where_nobody_keeps_the_secrets_they_are_the_environments(
    monkeypatch: pytest.MonkeyPatch, anew: None
) -> None:
    monkeypatch.setattr(admin, "entry_points", lambda **_: ())
    monkeypatch.setenv("CASEBUS_DATABASE_URL", "postgresql://owner@db.example/casebus")
    tell = _told()
    done = CliRunner().invoke(tell, [], catch_exceptions=False)
    assert done.output == "postgresql://owner@db.example/casebus {} True\n"
    assert CliRunner().invoke(tell, ["--home", "."]).exit_code == 2


def test_a_home_gives_its_own_secrets_and_what_was_noted_of_the_law(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, anew: None
) -> None:
    monkeypatch.delenv("CASEBUS_DATABASE_URL", raising=False)
    home = Home(tmp_path).make()
    known = credentials.load(home)
    credentials.save(home, known)
    for stamp, text in (("provisioned", '{"cluster": "c"}'), ("law-adopted", '{"digest": "e"}')):
        (tmp_path / f"{stamp}.json").write_text(text, encoding="utf-8")
    done = CliRunner().invoke(_told(), ["--home", str(tmp_path)], catch_exceptions=False)
    assert known.postgres in done.output
    assert "{'digest': 'e'} False" in done.output
    assert "d" * 64 in (tmp_path / "law-adopted.json").read_text(encoding="utf-8")


def test_no_keys_are_packed_where_none_are_kept(tmp_path: Path) -> None:
    """The command itself, as `as_admin` calls it."""
    assert backup.callback is not None
    itself = inspect.unwrap(backup.callback)
    here = Admin(Settings(root_digest="ab" * 32))
    with pytest.raises(click.UsageError, match="nothing to pack"):
        itself(here, tmp_path / "backups", with_keys=True, as_json=True)
    assert not (tmp_path / "backups").exists()


def test_operations_say_no_word_of_one_machine() -> None:
    files = sorted(ROOM.rglob("*.py"))
    assert len(files) > 40
    said = {
        f"{path.relative_to(ROOM)}: {found[0]}"
        for path in files
        for found in OF_ONE_MACHINE.finditer(path.read_text(encoding="utf-8"))
    }
    assert said == set()


def test_remedies_are_in_the_words_of_the_place() -> None:
    assert Remedies().log_of("router") == "read the log of router"
    assert Remedies("casebus logs {service}").log_of("router") == "casebus logs router"
