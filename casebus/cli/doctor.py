"""`casebus doctor`: checks an agency's own system, or the installation where the server part is."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from importlib.metadata import entry_points
from typing import Any

import click
from rich.console import Console

from casebus.cli import ends
from casebus.cli.connect import agency_option, open_gateway, require_agency, settings_for
from casebus.cli.output import answer, json_option
from casebus.sdk.doctor import Check, examine

_MARKS = {"ok": "[green]ok     [/green]", "warning": "[yellow]careful[/yellow]"}
_WRONG = "[red]wrong  [/red]"


class Doctor(click.Command):
    """Checks an agency's system if one is named, or if there is no server part."""

    def make_context(
        self,
        info_name: str | None,
        args: list[str],
        parent: click.Context | None = None,
        **extra: Any,
    ) -> click.Context:
        names_agency = any(one.partition("=")[0] == "--agency" for one in args)
        installation = None if names_agency else _installation()
        if installation is None:
            return super().make_context(info_name, args, parent, **extra)
        more = "casebus doctor --agency AGENCY looks at that agency's own system."
        installation.epilog = f"{ends.told(('doctor',))} {more}"
        return installation.make_context(info_name, args, parent, **extra)


def _installation() -> click.Command | None:
    """The server part's command, if there is a server part."""
    for entry in entry_points(group="casebus.commands", name="doctor"):
        try:
            command: click.Command = entry.load()
        except ImportError:
            return None
        return command
    return None


@click.command("doctor", cls=Doctor)
@agency_option
@json_option
def command(agency: str | None, *, as_json: bool) -> None:
    """Find out what is missing or wrong with your agency's system."""
    settings = settings_for(agency)
    require_agency(settings)
    with open_gateway(settings) as gateway:
        tell(list(examine(settings, gateway)), as_json=as_json)


def tell(checks: Sequence[Check], *, as_json: bool) -> None:
    """Show the checks and end the process."""
    answer(checks, as_json=as_json, show=lambda out: _show(out, checks))
    sys.exit(ends.REFUSED if any(one.verdict == "wrong" for one in checks) else ends.DONE)


def _show(out: Console, checks: Sequence[Check]) -> None:
    for check in checks:
        out.print(f"{_MARKS.get(check.verdict, _WRONG)} {check.name}: {check.says}")
        if check.remedy:
            out.print(f"        → {check.remedy}")
