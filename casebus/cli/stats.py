"""`casebus stats`: the indicators as a table, CSV or workbook; a report; publishing figures."""

from __future__ import annotations

from datetime import date, datetime
from pathlib import Path
from typing import Any

import click
from rich.console import Console

from casebus.cli.connect import (
    agency_option,
    doors,
    load_schemas,
    open_gateway,
    open_publisher,
    open_store,
    settings_for,
)
from casebus.cli.groups import CommandGroup
from casebus.cli.output import answer, json_option, table
from casebus.events.legaltime import CHINA
from casebus.files import appearing, write_text
from casebus.law.divisions import DIVISIONS, Divisions
from casebus.sdk.event import NewEvent
from casebus.settings import Settings
from casebus.statistics.publishing import events_of
from casebus.statistics.report import CHARTED, PLACED, TITLE, ReportFigures, render
from casebus.statistics.tables import columns, lines, notes, to_csv, to_xlsx

_FILE = click.Path(dir_okay=False, writable=True, path_type=Path)
_DAY = click.DateTime(["%Y-%m-%d"])


def asked_by(command: Any) -> Any:
    """The options that select figures."""
    options = (
        click.option("--indicator", multiple=True, help="An indicator's id; several, or all."),
        click.option("--by", default="", help="month,division|city|province,offence,right,…"),
        click.option("--as-of", default="", help="What was recorded by this moment or day's end."),
        click.option("--from", "since", type=_DAY, help="First legal day."),
        click.option("--to", "until", type=_DAY, help="Last legal day."),
        click.option("--shared", is_flag=True, help="All agencies', small cells left out."),
        click.option("--division", default="", help="Shared figures of a division (six digits)."),
    )
    for option in reversed(options):
        command = option(command)
    return command


@click.group("stats", cls=CommandGroup, invoke_without_command=True)
@asked_by
@click.option("--csv", "csv_file", type=_FILE, help="Write the table as CSV.")
@click.option("--xlsx", "xlsx_file", type=_FILE, help="Write the table as a workbook.")
@agency_option
@json_option
@click.pass_context
def command(
    ctx: click.Context,
    /,
    csv_file: Path | None,
    xlsx_file: Path | None,
    agency: str | None,
    *,
    as_json: bool,
    **given: Any,
) -> None:
    """Show indicators of the cases that your agency sent or was sent, or of all (--shared).

    The period is in legal time, --as-of is recorded time. Events recorded later do not count, so
    you can get a figure of a past day again.
    """
    if ctx.invoked_subcommand is not None:
        return
    with open_gateway(settings_for(agency)) as gateway:
        found = gateway.stats(**query(given))
    if csv_file is not None:
        write_text(csv_file, to_csv(found))
    if xlsx_file is not None:
        with appearing(xlsx_file) as file:
            file.write(to_xlsx(found))
    answer(found, as_json=as_json, show=lambda console: _show(console, found))


def query(given: dict[str, Any]) -> dict[str, Any]:
    """The options as the gateway takes them."""
    return {
        "indicator": ",".join(given["indicator"]),
        "by": given["by"],
        "as_of": moment(given["as_of"]),
        "from": _day(given["since"]),
        "to": _day(given["until"]),
        "view": "shared" if given["shared"] else "own",
        "division": given["division"],
    }


def moment(text: str) -> str:
    """A moment with its zone; a bare day means its end in China, as does a time without a zone."""
    if not text:
        return ""
    try:
        if len(text) == len("2026-03-02"):
            day = date.fromisoformat(text)
            return datetime(day.year, day.month, day.day, 23, 59, 59, 999999, CHINA).isoformat()
        given = datetime.fromisoformat(text)
    except ValueError as error:
        says = f"{text} is neither a day (2026-03-02) nor a time (2026-03-02 15:00+08)"
        raise click.BadParameter(says, param_hint="--as-of") from error
    return (given if given.tzinfo else given.replace(tzinfo=CHINA)).isoformat()


def _day(value: datetime | None) -> str:
    return value.date().isoformat() if value else ""


def _show(console: Console, found: dict[str, Any]) -> None:
    console.print(table(columns(found), lines(found)))
    for name, text in notes(found):
        console.print(f"{name}: {text}")


@command.command("report")
@asked_by
@click.option("--html", "html_file", type=_FILE, required=True, help="Where to write it.")
@click.option("--title", default=TITLE, help="Its heading.")
@agency_option
def report(html_file: Path, title: str, agency: str | None, **given: Any) -> None:
    """Write a periodic report to send up: one HTML file in Chinese, printable on A4."""
    settings = settings_for(agency)
    asked = query(given)
    with open_gateway(settings) as gateway:
        # One moment for all parts, whatever is recorded during the computation.
        whole = gateway.stats(**asked | {"by": ""})
        fixed = asked | {"as_of": whole["as_of"]}
        months = gateway.stats(**fixed | {"by": "month", "indicator": ",".join(CHARTED)})
        places = gateway.stats(**fixed | {"by": "city", "indicator": ",".join(PLACED)})
    text = render(ReportFigures(whole, months, places), title=title, names=_names(settings))
    write_text(html_file, text)


@command.command("publish")
@asked_by
@click.option("--recipient", "to", multiple=True, help="May be given several times.")
@click.option("--sector", help="The agency's sector. Default: what the Kafka account shows.")
@agency_option
@json_option
def publish(
    to: tuple[str, ...], sector: str | None, agency: str | None, *, as_json: bool, **given: Any
) -> None:
    """Publish figures as indicator.computed, for a supervision agency; hidden figures are left out.

    The same figures of the same moment are the same events, so a repeat changes nothing.
    """
    settings = settings_for(agency)
    with open_gateway(settings) as gateway:
        found = gateway.stats(**query(given))
    events = [_event(one, to) for one in events_of(found)]
    schemas = load_schemas(settings)
    with (
        open_store(settings) as store,
        open_publisher(settings, schemas, store, doors(settings, sector)) as publisher,
    ):
        sent = publisher.publish(events)
    told = [{"case": one.stream, "id": one.id, "topic": one.topic} for one in sent]
    answer(told, as_json=as_json, show=lambda console: console.print(f"{len(told)} figures sent"))


def _event(one: dict[str, Any], to: tuple[str, ...]) -> NewEvent:
    return NewEvent(type=one["type"], stream=one["case"], id=one["id"], to=to, data=one["data"])


def _names(settings: Settings) -> dict[str, str]:
    """Names of divisions by code, from the law at hand."""
    text = (settings.policies_dir / "law" / DIVISIONS).read_bytes()
    return {one.code: one.name for one in Divisions(DIVISIONS, text)}
