"""`casebus doctor`: what is missing or wrong, in plain words, and what to do about it."""

from __future__ import annotations

import sys
from pathlib import Path

import click
from rich.console import Console

from casebus.cli.output import answer, json_option
from onebox.commands.shared import home_option, new_options, options_of
from onebox.doctor import Check, examine

_MARKS = {"ok": "[green]ok     [/green]", "warning": "[yellow]careful[/yellow]"}
_WRONG = "[red]wrong  [/red]"


@click.command()
@click.option("--port-base", type=click.IntRange(1024, 32760), help="Ports to look at.")
@home_option
@json_option
def doctor(home: Path | None, port_base: int | None, *, as_json: bool) -> None:
    """Say what is missing or wrong on this machine; exit code 1 if anything is wrong."""
    options = new_options(home, port_base, ()) if port_base else options_of(home)
    checks = examine(options)
    answer(checks, as_json=as_json, show=lambda out: _show(out, checks))
    sys.exit(1 if any(check.verdict == "wrong" for check in checks) else 0)


def _show(out: Console, checks: list[Check]) -> None:
    for check in checks:
        out.print(f"{_MARKS.get(check.verdict, _WRONG)} {check.name}: {check.says}")
        if check.remedy:
            out.print(f"        → {check.remedy}")
