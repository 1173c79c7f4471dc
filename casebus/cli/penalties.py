"""`casebus penalties`: asks the deciding offices about published penalties that the bus lacks."""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import click
from rich.console import Console

from casebus.cli import ends
from casebus.cli.connect import (
    agency_option,
    doors,
    load_schemas,
    open_gateway,
    open_publisher,
    open_store,
    require_agency,
    settings_for,
)
from casebus.cli.groups import CommandGroup
from casebus.cli.output import answer, json_option, table
from casebus.cli.wording import local_time
from casebus.errors import CasebusError
from casebus.events.legaltime import CHINA
from casebus.now import now_from
from casebus.sdk.event import NewEvent
from casebus.sdk.gateway import Gateway
from casebus.sdk.importing.files import inspect
from casebus.sdk.importing.listed import HEADINGS, ListedRows, Meant
from casebus.sdk.penalties import Asker, PenaltySummary, PublishedList
from casebus.settings import Settings
from casebus.signing.keyring import Keyring

_FILE = click.Path(path_type=Path, exists=True, dir_okay=False)
#: The most rows on the terminal; --json has all of them.
_SHOWN = 20
_WORDS = {
    "entered": "are on the bus",
    "asked_now": "are not: their offices {would_be}asked",
    "asked": "were asked about before and wait for an answer",
    "explained": "are not, for a reason that their office gave",
    "withdrawn": "are not, and you took the question back",
    "unidentified": "say too little: a number (without a year: and its date), or date and party",
    "not_yours": "are of offices that you may not ask",
    "unknown_office": "are of offices that the directory does not know",
}
#: Results for which there is nobody to ask.
_REFUSED = ("unknown_office", "not_yours", "unidentified")
_TO_LOOK_AT = (*_REFUSED, "asked_now", "explained")


@click.group("penalties", cls=CommandGroup)
def command() -> None:
    """有案不录: ask offices about penalties that were published and are not on the bus."""


@command.command("ask")
@click.argument("file", type=_FILE)
@click.option("--office", default="", help="Whose list it is, where no column says it: id or name.")
@click.option("--sheet", default="", help="Of a workbook with several sheets.")
@click.option(
    "--column",
    "columns",
    multiple=True,
    help=f"A column that is called otherwise: {'|'.join(HEADINGS)}=HEADING.",
)
@click.option("--title", default="", help="What the list is called. Default: the file's name.")
@click.option("--encoding", default="auto", help="Of a CSV, where it is not found out.")
@click.option("--actor", envvar="CASEBUS_ACTOR", default="", help="Your pseudonym.")
@click.option("--dry-run", is_flag=True, help="Compare, and ask nobody.")
@agency_option
@json_option
def ask(file: Path, *, agency: str | None, dry_run: bool, as_json: bool, **given: Any) -> None:
    """Compare the list in FILE (CSV, XLSX, JSON Lines) with the bus, and ask about what it lacks.

    Each office gets a work item. If it enters the case, the question closes by itself; otherwise it
    says why not. The same list again asks nothing twice. Columns: office, number, date,
    organisation.
    """
    settings = settings_for(agency)
    who = require_agency(settings)
    source = inspect(file, given["encoding"])
    meant = Meant(_named(given["columns"]), given["office"], given["sheet"])
    rows = ListedRows(source, meant, now_from(settings)().astimezone(CHINA).date())
    published = PublishedList(given["title"] or file.name, source.digest)
    with ExitStack() as stack:
        gateway = stack.enter_context(open_gateway(settings))
        publish = None if dry_run else _publishing(stack, settings, gateway)
        done = Asker(who, gateway, publish, given["actor"]).run(rows, published)
    answer(done.as_json(), as_json=as_json, show=lambda console: _show(console, done))
    unasked = done.rows_refused + sum(done.outcomes[one] for one in _REFUSED)
    sys.exit(ends.REFUSED if unasked else ends.DONE)


@command.command("list")
@click.option("--status", type=click.Choice(["asked", "explained", "entered", "withdrawn"]))
@click.option("--office", default="", help="The office's id.")
@agency_option
@json_option
def listed(status: str | None, office: str, agency: str | None, *, as_json: bool) -> None:
    """List your questions, the newest first."""
    with open_gateway(settings_for(agency)) as gateway:
        items = gateway.penalty_questions(status=status or "", office=office)
    answer(items, as_json=as_json, show=lambda console: _show_questions(console, items))


@command.command("offices")
@agency_option
@json_option
def offices(agency: str | None, *, as_json: bool) -> None:
    """Count your questions by the office that was asked, with the days until the answer."""
    with open_gateway(settings_for(agency)) as gateway:
        items = gateway.penalty_offices()
    answer(items, as_json=as_json, show=lambda console: _show_offices(console, items))


def _named(columns: Sequence[str]) -> dict[str, str]:
    named = {}
    for one in columns:
        what, _, name = one.partition("=")
        if what not in HEADINGS or not name:
            raise click.UsageError(f"--column {'|'.join(HEADINGS)}=HEADING, not {one}")
        named[what] = name
    return named


def _publishing(
    stack: ExitStack, settings: Settings, gateway: Gateway
) -> Callable[[Sequence[NewEvent]], None]:
    """By the agency's own system if this is it; else the gateway signs for the agency."""
    if not (settings.kafka_username and Keyring(settings.keys_dir).has(settings.agency)):
        return lambda events: _submit(gateway, settings.agency, events)
    schemas = load_schemas(settings)
    store = stack.enter_context(open_store(settings))
    publisher = stack.enter_context(open_publisher(settings, schemas, store, doors(settings)))

    def publish(events: Sequence[NewEvent]) -> None:
        # Kept from an earlier run and on its way: the bus has not shown it yet.
        fresh = [
            one
            for one in events
            if store.find(settings.agency, one.stream or "", one.id or "") is None
        ]
        publisher.publish(fresh)

    return publish


def _submit(gateway: Gateway, agency: str, events: Sequence[NewEvent]) -> None:
    for one in events:
        try:
            gateway.submit_new(agency, one)
        except CasebusError as error:
            # Asked before with other words, and on its way.
            if error.code != "id_conflict":
                raise


def _show(console: Console, done: PenaltySummary) -> None:
    console.print(f"{done.rows_read} rows read, {done.rows_refused} refused.")
    would_be = "would be " if done.dry_run else "were "
    for outcome, words in _WORDS.items():
        if count := done.outcomes[outcome]:
            console.print(f"{count} {words.format(would_be=would_be)}.")
    shown = [one for one in done.rows if one.outcome in _TO_LOOK_AT]
    shown.sort(key=lambda one: _TO_LOOK_AT.index(one.outcome))
    rows = [(one.row, one.outcome, one.office, one.number or one.question) for one in shown]
    if rows:
        console.print(table(("row", "outcome", "office", "number"), rows[:_SHOWN]))
    issues = sorted(done.issues, key=lambda one: not one.refused)
    found = [(f"{one.sheet} {one.row}".strip(), one.column, one.code, one.detail) for one in issues]
    if found:
        console.print(table(("row", "column", "code", "detail"), found[:_SHOWN]))
    if len(rows) > _SHOWN or len(found) > _SHOWN:
        console.print("… and more: all of them with --json.")


def _show_questions(console: Console, items: list[dict[str, Any]]) -> None:
    rows = (
        (
            " ".join(number["value"] for number in one["numbers"]),
            one["status"],
            local_time(one["asked_at"]),
            local_time(one["due"]),
            one["case"],
        )
        for one in items
    )
    console.print(table(("question", "status", "asked", "due", "case"), rows))


def _show_offices(console: Console, items: list[dict[str, Any]]) -> None:
    names = ("office", "asked", "open", "overdue", "explained", "entered", "withdrawn")
    days = {"median_days": "days to answer", "oldest_open_days": "oldest open, days"}
    rows = (
        [one[name] for name in names] + ["" if one[day] is None else one[day] for day in days]
        for one in items
    )
    console.print(table((*names, *days.values()), rows))
