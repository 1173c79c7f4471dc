"""`casebus work`: shows the open work of your agency, and does it."""

from __future__ import annotations

import sys
from collections.abc import Container, Mapping
from difflib import get_close_matches
from functools import lru_cache
from typing import TYPE_CHECKING, Any

import click

from casebus.cli import ends, parsing, work_tables
from casebus.cli.connect import agency_option, load_schemas, open_gateway, settings_for
from casebus.cli.groups import CommandGroup
from casebus.cli.output import answer, code_of, json_option
from casebus.cli.verbs import verbs
from casebus.cli.work_items import meant, unsaid
from casebus.errors import CasebusError
from casebus.events.legaltime import LegalTime
from casebus.later import later
from casebus.now import now_from
from casebus.sdk.gateway import Gateway
from casebus.settings import Settings

if TYPE_CHECKING:
    from casebus.cli import ferry_work
else:
    ferry_work = later("casebus.cli.ferry_work")

#: The most items that fit on a screen.
_PAGE = 20


class WorkGroup(CommandGroup):
    """`list`, `show`; every other word is an action that an item may offer."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return [*super().list_commands(ctx), *_verbs()]

    def get_command(self, ctx: click.Context, name: str) -> click.Command | None:
        known = super().get_command(ctx, name)
        return known or (None if name.startswith("-") else _action(name))


@lru_cache
def _verbs() -> Mapping[str, str]:
    settings = Settings()
    return verbs(settings.policies_dir, settings.schemas_dir)


@click.group("work", cls=WorkGroup)
def command() -> None:
    """Show work items and act on them.

    An item is named by its key, the beginning of its key, or the number of its case if the case has
    one such item. `casebus work list` shows the possible actions. `casebus work show ITEM` shows
    what each action requires.
    """


@command.command("list")
@click.option("--status", type=click.Choice(["open", "closed", "all"]), default="open")
@click.option("--case", help="Only of this case: an id or a local number.")
@click.option("--limit", type=click.IntRange(1, 500), default=_PAGE, help="How many at once.")
@click.option("--cursor", help="Go on where the list before ended; it says so.")
@agency_option
@json_option
def listed(
    status: str,
    case: str | None,
    limit: int,
    cursor: str | None,
    agency: str | None,
    *,
    as_json: bool,
) -> None:
    """List work items, the most urgent first; behind a ferry, from the events that came there."""
    settings = settings_for(agency)
    if settings.ferry:
        begun, home = cursor or "0", settings.ferry
        told = ferry_work.page(settings, home, status=status, case=case, limit=limit, cursor=begun)
        show = ferry_work.show
        answer(told, as_json=as_json, show=lambda console: show(console, told, status))
        return
    with open_gateway(settings) as gateway:
        wanted = gateway.resolve(case) if case else None
        page = gateway.work_page(status=status, case=wanted, limit=limit, cursor=cursor)
    answer(page, as_json=as_json, show=lambda console: work_tables.page(console, page, status))


@command.command("show")
@click.argument("item")
@agency_option
@json_option
def shown(item: str, agency: str | None, *, as_json: bool) -> None:
    """Show one ITEM, and what each of its actions requires."""
    with open_gateway(settings_for(agency)) as gateway:
        found = meant(gateway, item)
    answer(found, as_json=as_json, show=lambda console: work_tables.item(console, found))


class _Act(click.Command):
    """A word that may be unknown to any law. This is checked before a missing item is."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        if not args and self.name not in (known := _verbs()):
            near = get_close_matches(self.name or "", {"list", "show", *known}, 3)
            hint = f"; did you mean {' or '.join(near)}?" if near else ""
            raise click.UsageError(f"no duty offers `{self.name}`{hint}", ctx)
        return super().parse_args(ctx, args)

    def get_short_help_str(self, _: int = 45) -> str:
        return _verbs().get(self.name or "", "")


def _action(name: str) -> click.Command:
    @click.command(name, cls=_Act, help=f"The action `{name}`, where the item offers it.")
    @click.argument("item")
    @click.option("--actor", envvar="CASEBUS_ACTOR", help="Your pseudonym. Or CASEBUS_ACTOR.")
    @click.option("--data", help="The event's body as JSON, or @FILE.")
    @click.option("--set", "sets", multiple=True, help="A field of the body: name=value.")
    @click.option("--number", multiple=True, help="A local number: kind=value.")
    @click.option("--reasons", help="The body's reasons.")
    @click.option("--note", help="The body's note.")
    @click.option("--to", multiple=True, help="A recipient; default: who is waiting for it.")
    @click.option("--on", help="The legal date or time; now where it is left out.")
    @click.option(
        "--wait",
        type=click.FloatRange(0),
        default=10.0,
        show_default=True,
        help="Ask this many seconds what became of it.",
    )
    @click.option("--version", type=int, help="The item's version that you saw. Default: now's.")
    @agency_option
    @json_option
    def act(item: str, *, as_json: bool, **given: Any) -> None:
        outcome = _act(name.replace("-", "_"), item, given)
        show = work_tables.outcome
        answer(outcome, as_json=as_json, show=lambda console: show(console, outcome))
        sys.exit(ends.worst([code_of(one) for one in (outcome, *outcome["alike"])]))

    return act


def _act(action: str, item: str, given: dict[str, Any]) -> dict[str, Any]:
    if not given["actor"]:
        raise click.UsageError("say who acts: --actor PSEUDONYM, or set CASEBUS_ACTOR")
    settings = settings_for(given["agency"])
    with open_gateway(settings) as gateway:
        found = meant(gateway, item, action)
        version = found["version"] if given["version"] is None else given["version"]
        texts = parsing.texts_of(load_schemas(settings), found["actions"].get(action, ""))
        legal = parsing.happened(given["on"], now_from(settings))
        request = _request(version, given, texts, legal)
        if sys.stdin.isatty() and sys.stderr.isatty():
            _ask(found, action, request, texts)
        outcome = gateway.act_until(found["key"], action, request, given["wait"])
        return {**outcome, "alike": _alike(gateway, found, action, request, given["wait"])}


def _alike(
    gateway: Gateway, done: dict[str, Any], action: str, request: dict[str, Any], seconds: float
) -> list[dict[str, Any]]:
    """One answer for several items: the same act for each item that asks the same."""
    outcomes = []
    for key in done.get("alike", ()):
        try:
            item = gateway.work_item(key)
            if action in item["actions"]:
                said = {**request, "version": item["version"]}
                outcomes.append(gateway.act_until(key, action, said, seconds))
        except CasebusError as error:
            says = f"done on {done['key']}, and not on {key}, which asks the same: {error.detail}"
            raise CasebusError(error.code, says) from error
    return outcomes


def _request(
    version: int, given: dict[str, Any], texts: Container[str], legal: LegalTime | None
) -> dict[str, Any]:
    numbers = parsing.numbers(given["number"])
    body = parsing.body(given["data"], given["sets"], texts, numbers=numbers, note=given["note"])
    if given["reasons"] is not None:
        body["reasons"] = given["reasons"]
    request: dict[str, Any] = {"version": version, "actor": given["actor"], "data": body}
    if given["to"]:
        request["to"] = list(given["to"])
    if legal:
        request["legal_time"] = str(legal)
    return request


def _ask(item: dict[str, Any], action: str, request: dict[str, Any], texts: Container[str]) -> None:
    """Ask a person for the required fields that can be typed; the gateway names the others."""
    for need in unsaid(item, action, request):
        where = next((one for one in need["where"] if one == "to" or one in texts), None)
        if where is None:
            continue
        said = click.prompt(f"{need['what']} {need['what_en']}", default="", err=True)
        if where == "to":
            request["to"] = [*request.get("to", ()), *said.split()]
        else:
            request["data"][where] = said
