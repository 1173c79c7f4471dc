"""`casebus down`: stops everything in order."""

from __future__ import annotations

from pathlib import Path

import click

from casebus.cli.output import answer, json_option
from onebox import launch
from onebox.commands.shared import home_option, options_of


@click.command()
@home_option
@json_option
def down(home: Path | None, *, as_json: bool) -> None:
    """Stop everything that `casebus up` started; the data stays."""
    stopped = launch.stop(options_of(home).place)
    word = "casebus is down" if stopped else "casebus was not up"
    answer({"stopped": stopped}, as_json=as_json, show=lambda out: out.print(word))
