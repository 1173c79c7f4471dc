"""`casebus status`: which services run, since how many starts, and what is not sent yet."""

from __future__ import annotations

import asyncio
import sys
from dataclasses import asdict
from pathlib import Path
from typing import Any

import asyncpg
import click
from rich.console import Console

from casebus.cli.output import answer, json_option, table
from onebox import credentials, environment, state
from onebox.commands.shared import addresses, home_option, options_of, running
from onebox.options import Options
from storage import rejects, sending, stalling
from storage.sending import Waiting
from storage.stalling import Stalled


@click.command()
@home_option
@json_option
def status(home: Path | None, *, as_json: bool) -> None:
    """Show the services of this machine; exit code 1 unless all is ready and nothing overdue.

    Overdue: a record that is stored signed and has not reached the brokers. Exit code 1 too where
    a partition of the journal waits for a law bundle.
    """
    options = options_of(home)
    now = running(options)
    last = state.read(options.place.state)
    phase = now.phase if now else "down"
    ready = now is not None and all(one.phase == "ready" for one in now.services.values())
    waiting, stalled = _asked_of(options) if now else (None, [])
    overdue = waiting is not None and waiting.is_overdue
    found: dict[str, Any] = {
        "phase": phase,
        "ready": ready and phase == "ready",
        "home": str(options.home),
        "addresses": addresses(options) if now else {},
        "services": list(now.services.values()) if now else [],
        "note": last.note if last else "",
        "unsent": None
        if waiting is None
        else {
            **asdict(waiting),
            "overdue": overdue,
            "says": waiting.in_words(),
        },
        "rejects": _rejects_of(options) if waiting else "",
        "stalled": [one.in_words() for one in stalled],
    }
    answer(found, as_json=as_json, show=lambda out: _show(out, found))
    sys.exit(0 if found["ready"] and not overdue and not stalled else 1)


def _asked_of(options: Options) -> tuple[Waiting | None, list[Stalled]]:
    """What is stored signed and unsent, and the partitions that wait for a person.

    None where the database is away or not migrated.
    """
    if "postgres" not in options.only:
        return None, []
    url = environment.admin_settings(options, credentials.load(options.place)).database_url
    return asyncio.run(_asked(url))


async def _asked(url: str) -> tuple[Waiting | None, list[Stalled]]:
    try:
        connection = await asyncpg.connect(url, timeout=5)
        try:
            return await sending.waiting(connection), await stalling.stalled(connection)
        finally:
            await connection.close()
    except (OSError, TimeoutError, asyncpg.PostgresError):
        return None, []


def _rejects_of(options: Options) -> str:
    """What was refused or waits, and a person decides on."""
    url = environment.admin_settings(options, credentials.load(options.place)).database_url
    return asyncio.run(_counted(url))


async def _counted(url: str) -> str:
    try:
        connection = await asyncpg.connect(url, timeout=5)
        try:
            return (await rejects.figures(connection)).in_words()
        finally:
            await connection.close()
    except (OSError, TimeoutError, asyncpg.PostgresError):
        return ""


def _show(out: Console, found: dict[str, Any]) -> None:
    out.print(f"casebus in {found['home']}: [bold]{found['phase']}[/bold]")
    if found["note"] and not found["ready"]:
        out.print(found["note"])
    rows = [
        (one.name, one.phase, one.pid, one.restarts, one.last_exit) for one in found["services"]
    ]
    if rows:
        out.print(table(("service", "is", "process", "restarts", "last end"), rows))
    if found["unsent"]:
        colour = "red" if found["unsent"]["overdue"] else "green"
        out.print(f"  unsent records   [{colour}]{found['unsent']['says']}[/{colour}]")
    if found["rejects"]:
        out.print(f"  rejects          {found['rejects']}")
    for line in found["stalled"]:
        out.print(f"  [red]{line}[/red]")
    for name, address in found["addresses"].items():
        out.print(f"  {name.replace('_', ' '):16} {address}")
