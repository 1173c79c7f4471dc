"""`casebus status`: shows the running services, their restarts, and the unsent records."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path
from typing import Any

import asyncpg
import click
from rich.console import Console

from casebus.cli.ends import DONE, REFUSED
from casebus.cli.output import answer, json_option, table
from onebox import credentials, environment, probes, room, state
from onebox.commands.shared import addresses, home_option, options_of, running
from onebox.options import GATEWAY, Options
from onebox.state import StackState
from storage import rejects, sending, stalling
from storage.heartbeats import BeatDetail
from storage.sending import WaitingCount
from storage.stalling import Stalled


@click.command()
@home_option
@json_option
def status(home: Path | None, *, as_json: bool) -> None:
    """Show the services of this machine, and whether all is ready and nothing overdue.

    `degraded`: a service is not ready, or a part of their common work stands still. `full`: the
    disk is full, and nothing is recorded until there is room. Overdue: a signed record that is
    stored and has not reached the brokers.
    """
    options = options_of(home)
    now = running(options)
    last = state.read(options.place.state)
    waiting, stalled = _asked_of(options) if now else (None, [])
    full = _full(options, now) if now else ""
    failing = [] if now is None or full else list(_failing(options, now))
    if now and waiting is None and "postgres" in options.only and not failing:
        failing = [_MEANS["database"]]
    overdue = waiting is not None and waiting.is_overdue
    phase = _phase(now, full, failing) if now else "down"
    found: dict[str, Any] = {
        "phase": phase,
        "ready": phase == "ready",
        "home": str(options.home),
        "addresses": addresses(options) if now else {},
        "services": list(now.services.values()) if now else [],
        "note": full or (last.note if last else ""),
        "unsent": None
        if waiting is None
        else {
            **asdict(waiting),
            "overdue": overdue,
            "says": waiting.in_words(),
        },
        "rejects": _rejects_of(options) if waiting else "",
        "stalled": [one.in_words() for one in stalled],
        "failing": failing,
    }
    answer(found, as_json=as_json, show=lambda out: _show(out, found))
    sys.exit(DONE if found["ready"] and not overdue and not stalled else REFUSED)


def _phase(now: StackState, full: str, failing: list[str]) -> str:
    if now.stands in {"ready", "degraded"}:
        return "full" if full else "degraded" if failing else now.stands
    return now.stands


def _full(options: Options, now: StackState) -> str:
    """Checked here too: a full disk may keep the supervisor from reporting it."""
    full = now.full or (room.lacking(options.place) if options.embedded else "")
    return full and f"the disk is full, and nothing is recorded until there is room: {full}"


def _failing(options: Options, now: StackState) -> Iterator[str]:
    """The faults in the gateway's words, with the places that stand still."""
    gateway = now.services.get(GATEWAY)
    if gateway is None or gateway.phase != "ready":
        return
    given = environment.shared(options, credentials.load(options.place))
    ca = options.place.tls_ca if options.tls else None
    found = probes.health(given["CASEBUS_PROBE_URL"], ca)
    if found is None or "checks" not in found:
        yield "the gateway does not say how it is"
        return
    still = [
        place
        for one in found.get("services", ())
        for place in BeatDetail.from_json(one["detail"]).stalled
    ]
    failing = [name for name, says in found.get("checks", {}).items() if says != "ok"]
    if "database" in failing:
        # A caller that cannot ask it knows nothing of the rest.
        failing = [name for name in failing if name not in _ASKED_OF_THE_DATABASE]
    for name in failing:
        places = f": {', '.join(still)}" if name == "moving" and still else ""
        yield f"{_MEANS.get(name, name)}{places}"


#: The failing checks of `/healthz`, in words.
_MEANS = {
    "database": "the database does not answer",
    "broker": "no broker answers",
    "directory": "the directory is not read",
    "watched": "the scheduler says nothing: nobody sees what stands still, and no clock is kept",
    "moving": "records wait, and nobody takes them",
    "derived": "a partition waits for a law bundle",
    "sent": "a record that is stored signed is not sent",
}
_ASKED_OF_THE_DATABASE = frozenset({"watched", "moving", "derived", "sent"})


def _asked_of(options: Options) -> tuple[WaitingCount | None, list[Stalled]]:
    """The unsent signed records, and the partitions that wait for a person.

    None if the database is away or not migrated.
    """
    if "postgres" not in options.only:
        return None, []
    url = environment.admin_settings(options, credentials.load(options.place)).database_url
    return asyncio.run(_asked(url))


async def _asked(url: str) -> tuple[WaitingCount | None, list[Stalled]]:
    try:
        connection = await asyncpg.connect(url, timeout=5)
        try:
            return await sending.waiting(connection), await stalling.stalled(connection)
        finally:
            await connection.close()
    except (OSError, TimeoutError, asyncpg.PostgresError):
        return None, []


def _rejects_of(options: Options) -> str:
    """Records that were refused or wait, on which a person must decide."""
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
        out.print(f"[red]{found['note']}[/red]")
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
    for line in (*found["failing"], *found["stalled"]):
        out.print(f"  [red]{line}[/red]")
    for name, address in found["addresses"].items():
        out.print(f"  {name.replace('_', ' '):16} {address}")
