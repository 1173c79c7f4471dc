"""`casebus reset`: stops this machine's stack and removes all its data."""

from __future__ import annotations

import shutil
from pathlib import Path

import click

from casebus.cli.output import answer, json_option
from casebus.errors import CasebusError
from onebox import launch
from onebox.commands.shared import home_option, options_of


@click.command()
@home_option
@click.option("--yes", is_flag=True, help="Do not ask.")
@json_option
def reset(home: Path | None, *, yes: bool, as_json: bool) -> None:
    """Stop everything and delete the stack's data, keys and credentials."""
    place = options_of(home).place
    if place.path.exists() and not place.credentials.is_file():
        raise CasebusError("not_a_home", f"{place.path} is no stack's directory; nothing removed")
    if place.path.exists() and not yes:
        click.confirm(f"Delete all cases, keys and credentials in {place.path}?", abort=True)
    launch.stop(place)
    existed = place.path.exists()
    if place.postgres.is_symlink():
        shutil.rmtree(place.postgres.resolve(), ignore_errors=True)
    if existed:
        shutil.rmtree(place.path)
    word = f"removed {place.path}" if existed else "there was nothing to remove"
    answer({"removed": existed}, as_json=as_json, show=lambda out: out.print(word))
