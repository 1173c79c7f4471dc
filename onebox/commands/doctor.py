"""`casebus doctor`: shows missing or wrong parts in plain words, with the remedy."""

from __future__ import annotations

from pathlib import Path

import click

from casebus.cli.doctor import tell
from casebus.cli.output import json_option
from onebox.commands.shared import home_option, new_options, options_of
from onebox.doctor import examine


@click.command()
@click.option("--port-base", type=click.IntRange(1024, 32760), help="Ports to look at.")
@home_option
@json_option
def doctor(home: Path | None, port_base: int | None, *, as_json: bool) -> None:
    """Find out what is missing or wrong on this machine."""
    options = new_options(home, port_base, ()) if port_base else options_of(home)
    checks = examine(options)
    tell(checks, as_json=as_json)
