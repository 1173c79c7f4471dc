"""`casebus work`: what your agency still has to do, and doing it."""

from __future__ import annotations

from collections.abc import Container
from typing import Any

import click
from rich.console import Console

from casebus.cli import parsing
from casebus.cli.connect import agency_option, load_schemas, open_gateway, settings_for
from casebus.cli.output import answer, json_option, table
from casebus.cli.wording import PROVISIONAL, local_time, short_type
from casebus.errors import CasebusError
from casebus.events.legaltime import LegalTime
from casebus.now import now_from
from casebus.sdk.gateway import Gateway, is_uuid

#: Actions that most duties offer; an item may offer others, which work the same way.
ACTIONS = {
    "take": "Say that you deal with it.",
    "accept": "Accept what was sent.",
    "ask-supplement": "Ask for what is missing.",
    "refuse": "Refuse it, with reasons.",
    "forward": "Forward it to who is competent.",
    "answer": "Answer what was asked.",
    "hand-over": "Hand goods and material over.",
}
#: Digits of an item's key that a list shows.
_SHORT = 8


class Work(click.Group):
    """`list`, `show`, and every other word is an action that an item may offer."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return [*super().list_commands(ctx), *ACTIONS]

    def get_command(self, ctx: click.Context, name: str) -> click.Command | None:
        known = super().get_command(ctx, name)
        return known or (None if name.startswith("-") else _action(name))


@click.group("work", cls=Work)
def command() -> None:
    """Show work items and act on them.

    An item is named by its key, the beginning of it, or the number of its case where that has one
    such item. Its actions stand in `casebus work list`.
    """


@command.command("list")
@click.option("--status", type=click.Choice(["open", "closed", "all"]), default="open")
@click.option("--case", help="Only of this case: an id or a local number.")
@agency_option
@json_option
def listed(status: str, case: str | None, agency: str | None, *, as_json: bool) -> None:
    """List work items, the first due first."""
    with open_gateway(settings_for(agency)) as gateway:
        items = gateway.work(status)
        wanted = gateway.resolve(case) if case else None
    items = [one for one in items if wanted in (None, one["case"])]
    answer(items, as_json=as_json, show=lambda console: _show_items(console, items))


@command.command("show")
@click.argument("item")
@agency_option
@json_option
def shown(item: str, agency: str | None, *, as_json: bool) -> None:
    """Show one ITEM: its key, the beginning of it, or the number of its case."""
    with open_gateway(settings_for(agency)) as gateway:
        found = gateway.work_item(_key(gateway, item))
    answer(found, as_json=as_json, show=lambda console: _show_item(console, found))


def _action(name: str) -> click.Command:
    @click.command(name, help=ACTIONS.get(name, f"The action `{name}`, where the item offers it."))
    @click.argument("item")
    @click.option("--actor", envvar="CASEBUS_ACTOR", help="Your pseudonym. Or CASEBUS_ACTOR.")
    @click.option("--data", help="The event's body as JSON, or @FILE.")
    @click.option("--set", "sets", multiple=True, help="A field of the body: name=value.")
    @click.option("--number", multiple=True, help="A local number: kind=value.")
    @click.option("--note", help="The body's note.")
    @click.option("--to", multiple=True, help="A recipient; default: who is waiting for it.")
    @click.option("--on", help="The legal date or time; now where it is left out.")
    @click.option("--version", type=int, help="The item's version that you saw. Default: now's.")
    @agency_option
    @json_option
    def act(item: str, *, as_json: bool, **given: Any) -> None:
        outcome = _act(name.replace("-", "_"), item, given)
        answer(outcome, as_json=as_json, show=lambda console: _show_outcome(console, outcome))

    return act


def _act(action: str, item: str, given: dict[str, Any]) -> dict[str, Any]:
    if not given["actor"]:
        raise click.UsageError("say who acts: --actor PSEUDONYM, or set CASEBUS_ACTOR")
    settings = settings_for(given["agency"])
    with open_gateway(settings) as gateway:
        key = _key(gateway, item, action)
        found = gateway.work_item(key)
        version = found["version"] if given["version"] is None else given["version"]
        texts = parsing.texts_of(load_schemas(settings), found["actions"].get(action, ""))
        legal = parsing.happened(given["on"], now_from(settings))
        return gateway.act(key, action, _request(version, given, texts, legal))


def _request(
    version: int, given: dict[str, Any], texts: Container[str], legal: LegalTime | None
) -> dict[str, Any]:
    numbers = parsing.numbers(given["number"])
    request: dict[str, Any] = {
        "version": version,
        "actor": given["actor"],
        "data": parsing.body(
            given["data"], given["sets"], texts, numbers=numbers, note=given["note"]
        ),
    }
    if given["to"]:
        request["to"] = list(given["to"])
    if legal:
        request["legal_time"] = str(legal)
    return request


def _key(gateway: Gateway, item: str, action: str = "") -> str:
    """A whole key, from itself, its beginning, or the number of a case with one such item."""
    if is_uuid(item):
        return item
    items = gateway.work("open")
    found = [str(one["key"]) for one in items if str(one["key"]).startswith(item)]
    if not found:
        case = gateway.resolve(item)
        of_case = [one for one in items if one["case"] == case]
        found = [str(one["key"]) for one in of_case if not action or action in one["actions"]]
    if len(found) != 1:
        raise CasebusError("not_found", f"{len(found)} open items are meant by {item}")
    return found[0]


def _show_items(console: Console, items: list[dict[str, Any]]) -> None:
    rows = (
        (
            # Its beginning is enough for every command here.
            str(one["key"])[:_SHORT],
            one["title"],
            _due(one),
            _case(one),
            " ".join(name.replace("_", "-") for name in one["actions"]),
            one.get("taken_by"),
        )
        for one in items
    )
    console.print(table(("item", "待办", "due", "case", "actions", "taken by"), rows))


def _due(item: dict[str, Any]) -> str:
    return " ".join(
        filter(None, (local_time(item.get("due")), item.get("provisional") and PROVISIONAL))
    )


def _case(item: dict[str, Any]) -> str:
    """As a person names it: its numbers; by its id where it has none."""
    return " ".join(one["value"] for one in item.get("numbers") or ()) or str(item["case"])


def _show_item(console: Console, one: dict[str, Any]) -> None:
    console.print(f"[bold]{one['key']}[/]  {one['title']}")
    numbers = "  ".join(number["value"] for number in one.get("numbers") or ())
    console.print(f"case {one['case']}  {numbers}".rstrip() + f"  version {one['version']}")
    console.print(f"due {_due(one) or '-'}  taken by {one.get('taken_by') or '-'}")
    for name, event_type in one["actions"].items():
        console.print(
            f"  casebus work {name.replace('_', '-')} {one['key']}  → {short_type(event_type)}"
        )


def _show_outcome(console: Console, outcome: dict[str, Any]) -> None:
    event = outcome["event"]
    console.print(f"{outcome['status']}: event {event['id']} of {event['source']}")
    for found in outcome.get("findings") or ():
        console.print(f"  {found['severity']}: {found['kind']}")
    if outcome["status"] == "pending":
        console.print("  It is on its way: look again with `casebus history`.")
