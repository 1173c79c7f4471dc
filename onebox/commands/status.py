"""`casebus status`: which services run, and since how many starts."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import click
from rich.console import Console

from casebus.cli.output import answer, json_option, table
from onebox import state
from onebox.commands.shared import addresses, home_option, options_of, running


@click.command()
@home_option
@json_option
def status(home: Path | None, *, as_json: bool) -> None:
    """Show the services of this machine; exit code 1 unless all are ready."""
    options = options_of(home)
    now = running(options)
    last = state.read(options.place.state)
    phase = now.phase if now else "down"
    ready = now is not None and all(one.phase == "ready" for one in now.services.values())
    found: dict[str, Any] = {
        "phase": phase,
        "ready": ready and phase == "ready",
        "home": str(options.home),
        "addresses": addresses(options) if now else {},
        "services": list(now.services.values()) if now else [],
        "note": last.note if last else "",
    }
    answer(found, as_json=as_json, show=lambda out: _show(out, found))
    sys.exit(0 if found["ready"] else 1)


def _show(out: Console, found: dict[str, Any]) -> None:
    out.print(f"casebus in {found['home']}: [bold]{found['phase']}[/bold]")
    if found["note"] and not found["ready"]:
        out.print(found["note"])
    rows = [
        (one.name, one.phase, one.pid, one.restarts, one.last_exit) for one in found["services"]
    ]
    if rows:
        out.print(table(("service", "is", "process", "restarts", "last end"), rows))
    for name, address in found["addresses"].items():
        out.print(f"  {name.replace('_', ' '):16} {address}")
