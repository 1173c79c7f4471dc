"""`casebus law`: reads, checks and draws the law files.

Tries and adopts them where the bus runs. Owns the commands that need the files alone. Touches law,
events and trust, with click and YAML.
"""

from __future__ import annotations

from importlib.metadata import entry_points

import click

from casebus.cli.groups import CommandGroup
from casebus.cli.server import from_entry_point, missing
from casebus.later import loaded

#: Commands of this package, each as `command` in its own module.
OWN = {
    "check": "casebus.cli.law.checking",
    "draw": "casebus.cli.law.drawing",
    "docs": "casebus.cli.law.pages",
    "venue": "casebus.cli.law.venue",
    "casebook": "casebus.cli.law.casebook.printing",
}
#: Commands that the server part brings.
SERVER = ("what-if", "adopt", "void", "show", "reinterpret")
ENTRY_POINTS = "casebus.commands.law"


class LawCommands(CommandGroup):
    """The commands of this package, and those that an installed server part adds."""

    def list_commands(self, _: click.Context) -> list[str]:
        return [*OWN, *SERVER]

    def get_command(self, _: click.Context, name: str) -> click.Command | None:
        if name in OWN:
            command: click.Command = loaded(OWN[name]).command
            return command
        if name not in SERVER:
            return None
        added = entry_points(group=ENTRY_POINTS, name=name)
        for entry in added:
            return from_entry_point(name, entry, within="casebus law")
        return missing(name, within="casebus law")


@click.group("law", cls=LawCommands)
def command() -> None:
    """Rules about cases as data: check, draw, try and adopt them."""
