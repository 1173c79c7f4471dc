"""`casebus receipts`: what is proved of an event's hand-over."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import click
from rich.console import Console

from casebus.cli.connect import agency_option, open_gateway, require_agency, settings_for
from casebus.cli.output import answer, json_option, table
from casebus.cli.wording import local_time

_STEPS = ("submitted", "relayed", "delivered", "retrieved")


@click.command("receipts")
@click.argument("event")
@click.option("--source", help="Who sent it. Default: your agency.")
@agency_option
@json_option
def command(event: str, source: str | None, agency: str | None, *, as_json: bool) -> None:
    """Show the steps of EVENT's hand-over: submitted, relayed, delivered, retrieved."""
    settings = settings_for(agency)
    with open_gateway(settings) as gateway:
        found = gateway.receipts(source or require_agency(settings), event)
    answer(found, as_json=as_json, show=lambda console: _show(console, found))


def _show(console: Console, found: dict[str, Any]) -> None:
    rows = (
        (step, one.get("agency"), local_time(one.get("at")), _position(one))
        for step, one in _hand_overs(found)
    )
    console.print(table(("step", "agency", "at", "recorded position"), rows))
    missing = [name for name in found.get("recipients", ()) if name not in _retrievers(found)]
    if missing:
        console.print(f"not retrieved yet: {' '.join(missing)}")


def _hand_overs(found: dict[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    for step in _STEPS:
        said = found.get(step)
        for one in said if isinstance(said, list) else [said]:
            if one:
                yield step, one


def _retrievers(found: dict[str, Any]) -> set[str]:
    return {str(one.get("agency")) for one in found.get("retrieved") or ()}


def _position(one: dict[str, Any]) -> str:
    return f"{one.get('epoch')}/{one.get('partition')}/{one.get('index')}"
