"""`casebus history`: shows the events and all known facts of a case."""

from __future__ import annotations

from typing import Any

import click
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from casebus.cli.case_tables import show_parts
from casebus.cli.connect import agency_option, load_schemas, open_gateway, settings_for
from casebus.cli.output import answer, json_option, table
from casebus.cli.wording import EventTitles, local_time
from casebus.errors import CasebusError
from casebus.events.types import all_of, event_name
from casebus.sdk.gateway import Gateway

#: What proves a hand-over is no step of the case.
_DELIVERY = all_of("intake")


@click.command("history")
@click.argument("case")
@click.option("--all", "whole", is_flag=True, help="Records of delivery too, in the table.")
@agency_option
@json_option
def command(case: str, agency: str | None, *, whole: bool, as_json: bool) -> None:
    """Show CASE, named by its id or by any local number (案号, 移送书文号)."""
    settings = settings_for(agency)
    with open_gateway(settings) as gateway:
        found = gateway.resolve(case)
        events = gateway.history(found)
        about, clocks = _case(gateway, found)
    value = {"case": about, "events": events, "clocks": clocks}
    answer(
        value,
        as_json=as_json,
        show=lambda out: _show(out, value, EventTitles(load_schemas(settings)), whole=whole),
    )


def _case(gateway: Gateway, case: str) -> tuple[dict[str, Any], list[dict[str, Any]]]:
    """The case and its clocks; an agency without a part in it sees only its own events."""
    try:
        return gateway.case(case), gateway.clocks(case)
    except CasebusError as error:
        if error.code != "not_found":
            raise
    return {"id": case, "status": "no part in it: your own events"}, []


def _show(console: Console, value: dict[str, Any], titles: EventTitles, *, whole: bool) -> None:
    about = value["case"]
    numbers = "  ".join(one["value"] for one in about.get("numbers", ()))
    console.print(f"[bold]{about['id']}[/]  {escape(_standing(about))}")
    if numbers:
        console.print(escape(numbers))
    events = [one for one in value["events"] if whole or not one["type"].startswith(_DELIVERY)]
    console.print(_events(events, titles))
    if hidden := len(value["events"]) - len(events):
        console.print(f"and {hidden} records of delivery and opening: --all")
    show_parts(console, about, value["clocks"])


def _standing(about: dict[str, Any]) -> str:
    """The case's state in each of its procedures: one ended procedure does not end the others."""
    regions = about.get("regions") or [about]
    return "  ".join(f"{one.get('title') or ''}  {one['status']}" for one in regions)


def _what(event: dict[str, Any], titles: EventTitles) -> str:
    """The event; for a step of another system, its name there."""
    data = event.get("data") or {}
    return ": ".join(filter(None, (titles.of(event["type"]), str(data.get("step") or ""))))


def _events(events: list[dict[str, Any]], titles: EventTitles) -> Table:
    rows = (
        (
            local_time(one["legal_time"]),
            escape(_what(one, titles)),
            event_name(one["type"]),
            one["source"],
            " ".join(one.get("recipients") or ()),
            " ".join(sorted({found["kind"] for found in one.get("findings") or ()})),
        )
        for one in events
    )
    return table(("legal time", "事件", "event", "by", "to", "findings"), rows)
