"""`casebus up`: starts everything and waits until it is ready."""

from __future__ import annotations

import asyncio
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
from rich.console import Console

from casebus.cli.output import answer, json_option, stderr
from casebus.errors import CasebusError
from casebus.later import later
from onebox import launch
from onebox.commands.shared import addresses, home_option, new_options, running, sign_in
from onebox.options import Options
from onebox.state import StackState

# A detached start does not need it here.
if TYPE_CHECKING:
    from onebox import stack as stacks
else:
    stacks = later("onebox.stack")


@click.command()
@click.option("--foreground", is_flag=True, help="Stay; Ctrl-C stops everything in order.")
@click.option("--port-base", type=click.IntRange(1024, 32760), help="First of six ports in a row.")
@home_option
@click.option("--only", default="", help="Only these services, by commas: kafka,postgres.")
@json_option
def up(
    home: Path | None, port_base: int | None, only: str, *, foreground: bool, as_json: bool
) -> None:
    """Start Kafka, PostgreSQL, the services and the gateway on this machine."""
    names = tuple(name.strip() for name in only.split(",") if name.strip())
    options = new_options(home, port_base, names)
    began = time.monotonic()
    if foreground:
        _stay(options)
        return
    before = running(options)
    if before is None:
        _start(options)
    elif before.stands != "ready":
        raise CasebusError("not_ready", f"it runs already, and is {before.in_words()}")
    result = {**addresses(options), "home": str(options.home), "already_up": before is not None}
    seconds = round(time.monotonic() - began, 1)
    answer(
        {**result, "seconds": seconds},
        as_json=as_json,
        show=lambda out: _show(out, options, result, seconds),
    )


def _start(options: Options) -> None:
    process = launch.start(options)
    try:
        launch.wait_ready(options, process, StackProgress(options))
    except BaseException:
        launch.stop(options.place)
        raise


def _stay(options: Options) -> None:
    """Run in this process: the supervisor handles the terminal's Ctrl-C."""
    launch.require_startable(options)
    stack = stacks.Stack(options, StackProgress(options))
    try:
        asyncio.run(stack.run())
    except CasebusError as error:
        raise CasebusError(error.code, f"{error.detail}; see {options.place.logs}") from error


class StackProgress:
    """Prints each change of a stack once, on stderr."""

    def __init__(self, options: Options) -> None:
        self._console = stderr()
        self._said: set[tuple[str, ...]] = set()
        for name, url in (("Kafka", options.kafka_bootstrap), ("PostgreSQL", options.database_url)):
            if url:
                self._say(f"{name}: not embedded, the environment names another")

    def __call__(self, now: StackState) -> None:
        if now.phase == "preparing" and now.note:
            self._once((now.note,), now.note)
        for service in now.services.values():
            if service.phase == "ready":
                self._once(("ready", service.name, str(service.pid)), f"{service.name} is ready")
            if service.phase == "backing_off":
                key = ("again", service.name, str(service.restarts))
                self._once(key, f"{service.name} {service.last_exit}; it is started again")

    def _once(self, key: tuple[str, ...], line: str) -> None:
        if key not in self._said:
            self._said.add(key)
            self._say(line)

    def _say(self, line: str) -> None:
        self._console.print(f"[dim]{line}[/dim]")


def _show(out: Console, options: Options, result: dict[str, Any], seconds: float) -> None:
    word = "is up already" if result["already_up"] else f"is up, after {seconds} s"
    out.print(f"[bold]casebus {word}[/bold]")
    for name in ("console", "gateway", "schema_registry", "kafka", "postgresql"):
        out.print(f"  {name.replace('_', ' '):16} {result[name]}")
    out.print(f"  {'data':16} {options.home}")
    if way := sign_in(options):
        out.print(f"Sign in as the police's officer, the ops engineer or a supervisor:\n  {way}")
    out.print('Next: eval "$(casebus env)" gives a shell every address and credential.')
