"""`casebus receipts`: shows the proofs of an event's hand-over."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from typing import Any

import click
from rich.console import Console

from casebus.cli import ends
from casebus.cli.connect import (
    agency_option,
    load_schemas,
    open_gateway,
    require_agency,
    settings_for,
)
from casebus.cli.output import answer, json_option, table
from casebus.cli.wording import local_time
from casebus.errors import CasebusError
from casebus.events.hand_overs import DELIVERED, RELAYED, RETRIEVED, SUBMITTED
from casebus.settings import Settings
from casebus.trust.receipt import Proven, Receipt, check, directory_of

_STEPS = (SUBMITTED, RELAYED, DELIVERED, RETRIEVED)


@click.command("receipts")
@click.argument("event")
@click.option("--source", help="Who sent it. Default: your agency.")
@click.option(
    "--proof",
    is_flag=True,
    help="With the receipts that prove each step (--json), checked by the pinned root.",
)
@agency_option
@json_option
def command(
    event: str, source: str | None, agency: str | None, *, proof: bool, as_json: bool
) -> None:
    """Show the steps of EVENT's hand-over: submitted, relayed, delivered, retrieved."""
    settings = settings_for(agency)
    with open_gateway(settings) as gateway:
        found = gateway.receipts(source or require_agency(settings), event, proof=proof)
    shown = _checked(settings, found) if proof else {}
    answer(found, as_json=as_json, show=lambda console: _show(console, found, shown))
    unproved = proof and len(shown) < sum(1 for _ in _hand_overs(found))
    sys.exit(ends.PENDING if unproved else ends.DONE)


def _checked(settings: Settings, found: dict[str, Any]) -> dict[int, Proven]:
    """The facts that each receipt proves, by the step's identity; raises if one proves nothing."""
    if not settings.root_digest:
        raise CasebusError("no_root_digest", "set CASEBUS_ROOT_DIGEST to check receipts")
    schemas = load_schemas(settings)
    shown: dict[int, Proven] = {}
    for _, one in _hand_overs(found):
        if one.get("receipt"):
            receipt = Receipt.from_json(one["receipt"])
            directory = directory_of(receipt.entries, settings.root_digest, schemas)
            shown[id(one)] = check(receipt, directory)
    return shown


def _show(console: Console, found: dict[str, Any], shown: dict[int, Proven]) -> None:
    steps = list(_hand_overs(found))
    rows = (
        (step, one.get("agency"), local_time(one.get("at")), _position(one)) for step, one in steps
    )
    console.print(table(("step", "agency", "at", "recorded position"), rows))
    missing = [name for name in found.get("recipients", ()) if name not in _retrievers(found)]
    if missing:
        console.print(f"not retrieved yet: {' '.join(missing)}")
    for step, one in steps if shown else ():
        console.print(f"{step} {one.get('agency') or ''}: {_proved(one, shown.get(id(one)))}")


def _proved(one: dict[str, Any], shown: Proven | None) -> str:
    if shown is None:
        return "no signed head covers it yet: ask again in a moment"
    says = f"proved: index {shown.index} of {shown.size} in {shown.origin}"
    needed = one["receipt"].get("witnesses", {}).get("needed", 0)
    if not needed and not shown.witnesses:
        return says
    seen = ", ".join(shown.witnesses) or "nobody"
    fewer = f"; fewer than the {needed} needed" if len(shown.witnesses) < needed else ""
    return f"{says}, seen by {seen}{fewer}"


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
