"""`casebus rejects`: shows rejected records and the reasons, and sends them again.

Shows what waits.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import click

from casebus.cli import ends, reject_tables
from casebus.cli.connect import agency_option, open_gateway, settings_for
from casebus.cli.groups import CommandGroup
from casebus.cli.output import answer, json_option, stderr
from casebus.errors import CasebusError
from casebus.events.types import event_name
from casebus.files import write_text
from casebus.sdk.gateway import JSON, Gateway
from casebus.settings import Settings

_DRAFTED = {
    "source": "source",
    "subject": "case",
    "to": "to",
    "legaltime": "legal_time",
    "causationid": "causation",
    "correlationid": "correlation",
}


@click.group("rejects", cls=CommandGroup)
def command() -> None:
    """Rejected records: an operator's key shows all, an agency's key its own.

    PLACE is where a record is kept, such as 2-17; `list` shows it. An event's id works too.
    """


_filters = (
    click.option("--reason", help="Of this reason, as unknown_key."),
    click.option("--door", help="That came by this topic, as events.police."),
    click.option("--source", help="That bear this agency's name."),
)


def filters(command: Any) -> Any:
    for option in reversed(_filters):
        command = option(command)
    return command


@command.command("list")
@filters
@click.option("--all", "every", is_flag=True, help="Those too that are mended: in the journal now.")
@click.option("--limit", type=click.IntRange(1, 500), default=20, show_default=True)
@agency_option
@json_option
def list_(agency: str | None, limit: int, *, every: bool, as_json: bool, **wanted: Any) -> None:
    """Show the numbers by reason, and the last records."""
    asked = {name: text for name, text in wanted.items() if text}
    with open_gateway(_settings(agency)) as gateway:
        page = gateway.rejected_page(limit, all=str(every).lower(), **asked)
    answer(page, as_json=as_json, show=lambda out: reject_tables.show_page(out, page))


@command.command()
@click.argument("place")
@agency_option
@json_option
def show(place: str, agency: str | None, *, as_json: bool) -> None:
    """Show one record: the reason of its rejection, its headers and its body."""
    with open_gateway(_settings(agency)) as gateway:
        found = gateway.rejected_record(place)
    answer(found, as_json=as_json, show=lambda out: reject_tables.show_record(out, found))


@command.command()
@click.argument("place")
@click.option("--output", type=click.Path(dir_okay=False, path_type=Path), help="A file.")
@agency_option
def draft(place: str, output: Path | None, agency: str | None) -> None:
    """Write a draft of a corrected copy, for its sender to mend and sign: casebus publish FILE."""
    with open_gateway(_settings(agency)) as gateway:
        found = gateway.rejected_record(place)
    if found["draft"] is None:
        raise CasebusError("no_draft", "no type or source can be read of it: nothing to correct")
    text = json.dumps(event_of(found["draft"]), ensure_ascii=False, indent=2)
    if output is None or str(output) == "-":
        click.echo(text)
    else:
        write_text(output, f"{text}\n")
    note = "Not signed, and nobody but its sender signs it."
    if found["data"] is None:
        note += f" Its body could not be read ({found['unreadable']}): fill in data."
    stderr().print(note)


def event_of(drafted: JSON) -> JSON:
    """A CloudEvent of a draft as `casebus publish` reads events."""
    names = {ours: drafted[theirs] for theirs, ours in _DRAFTED.items() if theirs in drafted}
    return {"type": event_name(drafted["type"]), **names, "data": drafted["data"]}


@command.command()
@click.argument("places", nargs=-1)
@filters
@click.option("--most", type=click.IntRange(1, 500), default=100, show_default=True)
@click.option("--why", default="", help="What has changed, for who agrees.")
@click.option("--per-minute", type=click.IntRange(1, 600), default=60, show_default=True)
@click.option("--even-so", is_flag=True, help="Though their reason says that they cannot pass.")
@click.option(
    "--dry-run", is_flag=True, help="Only say what would be sent, and what the door would say."
)
@agency_option
@json_option
def redrive(places: tuple[str, ...], agency: str | None, *, as_json: bool, **request: Any) -> None:
    """Ask that records are sent to their door again, byte for byte.

    Give PLACES, or the first ones of a reason, a door or an agency. Nothing is sent before another
    operator agrees. A record in the journal is not sent, and the same bytes are not sent a fourth
    time.
    """
    if bool(places) == any(request[name] for name in ("reason", "door", "source")):
        raise click.UsageError("give PLACES, or --reason, --door or --source")
    if not request["dry_run"] and not request["why"].strip():
        raise click.UsageError('say what has changed: --why "…"; or look first with --dry-run')
    with open_gateway(_settings(agency)) as gateway:
        named = [_placed(gateway, one) for one in places]
        plan = gateway.ask_redrive(places=named, **request)
    answer(plan, as_json=as_json, show=lambda out: reject_tables.show_plan(out, plan))
    left_out = len(places) > plan["sendable"] if places else False
    sys.exit(ends.REFUSED if left_out else ends.DONE)


def _placed(gateway: Gateway, text: str) -> str:
    """The place of a record that is named by its place or by its event's id."""
    return str(gateway.rejected_record(text)["place"])


@command.command()
@click.argument("number", type=click.IntRange(1), required=False)
@agency_option
@json_option
def redrives(number: int | None, agency: str | None, *, as_json: bool) -> None:
    """List the requested redrives; with NUMBER, show the result for each record."""
    with open_gateway(_settings(agency)) as gateway:
        if number is not None:
            one = gateway.redrive(number)
            answer(one, as_json=as_json, show=lambda out: reject_tables.show_redrive(out, one))
            return
        found = gateway.redrives()
    answer(found, as_json=as_json, show=lambda out: reject_tables.show_redrives(out, found))


@command.command()
@click.argument("number", type=click.IntRange(1))
@json_option
def agree(number: int, *, as_json: bool) -> None:
    """Agree to a redrive, as an operator other than the one who asked for it."""
    _decide(number, agreed=True, as_json=as_json)


@command.command()
@click.argument("number", type=click.IntRange(1))
@json_option
def decline(number: int, *, as_json: bool) -> None:
    """Decline a redrive."""
    _decide(number, agreed=False, as_json=as_json)


def _decide(number: int, *, agreed: bool, as_json: bool) -> None:
    with open_gateway(_settings(None)) as gateway:
        one = gateway.decide_redrive(number, agreed=agreed)
    answer(one, as_json=as_json, show=lambda out: reject_tables.show_redrive(out, one))


@command.command()
@agency_option
@json_option
def suspended(agency: str | None, *, as_json: bool) -> None:
    """Show what waits inside the bus: cases and partitions, the reason, and the remedy."""
    with open_gateway(_settings(agency)) as gateway:
        found = gateway.suspended()
    answer(found, as_json=as_json, show=lambda out: reject_tables.show_suspended(out, found))


def _settings(agency: str | None) -> Settings:
    settings = settings_for(agency)
    if not settings.api_key:
        says = 'no key: eval "$(casebus env ops-1)" as an operator, or your agency\'s'
        raise CasebusError("not_signed_in", says)
    return settings
