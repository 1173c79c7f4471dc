"""Commands of the server part. Entry points bring them; if they are missing, a command says why."""

from __future__ import annotations

from importlib.metadata import entry_points
from typing import Any

import click

from casebus.errors import CasebusError

#: The modules that an install without the server part lacks.
SERVER_ROOMS = ("rehearsal", "onebox", "operations", "gateway", "services", "storage")


def from_entry_point(name: str, entry: Any, *, within: str = "casebus") -> click.Command:
    """The command that an entry point names, or one that reports what is missing."""
    try:
        loaded: click.Command = entry.load()
    except ImportError as error:
        return missing(name, error.name or "", within=within)
    return loaded


def cleared(error: Exception) -> CasebusError | None:
    """The meaning of an error of brokers or database that a command of the server part raised."""
    for entry in entry_points(group="casebus.errors"):
        try:
            meaning = entry.load()
        except ImportError:
            return None
        found: CasebusError | None = meaning(error)
        if found is not None:
            return found
    return None


def missing(name: str, module: str = "", *, within: str = "casebus") -> click.Command:
    """A command that says why it cannot run, whatever its arguments."""
    if module.split(".", maxsplit=1)[0] in SERVER_ROOMS or not module:
        sentence = (
            f"`{within} {name}` needs the server part, which this install does not have:"
            " run it in a checkout of casebus (make up) or from its image"
        )
    else:
        sentence = (
            f"`{within} {name}` needs the Python module {module}, which this environment lacks:"
            " scripts/bootstrap brings all of them"
        )

    @click.command(
        name,
        short_help="(needs the server part)",
        context_settings={"ignore_unknown_options": True, "allow_extra_args": True},
    )
    def command() -> None:
        raise CasebusError("server_not_installed", sentence)

    return command
