"""The accounts of a command: Kafka's admin and the database's owner.

Their secrets are in the environment, or a room above keeps them and adds options for their place
(entry point `casebus.admin`).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cache, wraps
from importlib.metadata import entry_points
from typing import Any

from casebus.settings import Settings
from operations.backup.files import PackKeys

Command = Callable[..., None]


def _ignore(_digest: str) -> None:
    """Nobody keeps the adopted law."""


@dataclass(frozen=True, slots=True)
class Admin:
    """The settings of a command, and further data from the keeper of the secrets."""

    settings: Settings
    #: The law adopted last, by the keeper's note.
    law: Mapping[str, str] = field(default_factory=dict)
    #: Notes the digest of a law that was adopted.
    note_law: Callable[[str], None] = _ignore
    #: Packs all secrets for a backup.
    pack_keys: PackKeys | None = None


def as_admin(command: Command) -> Command:
    """Call the command with an Admin, as `admin`."""
    return _keeper()(command)


@cache
def _keeper() -> Callable[[Command], Command]:
    for entry in entry_points(group="casebus.admin"):
        keeper: Callable[[Command], Command] = entry.load()
        return keeper
    return _from_environment


def _from_environment(command: Command) -> Command:
    @wraps(command)
    def run(**given: Any) -> None:
        command(admin=Admin(Settings()), **given)

    return run
