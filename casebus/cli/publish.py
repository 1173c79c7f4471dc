"""`casebus publish`: signs, keeps and sends events of your agency."""

from __future__ import annotations

import sys
import time
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any, BinaryIO

import click
from rich.console import Console

from casebus.cli import ends, parsing
from casebus.cli.connect import (
    agency_option,
    case_named,
    doors,
    load_schemas,
    open_gateway,
    open_publisher,
    open_store,
    settings_for,
)
from casebus.cli.output import answer, code_of, json_option, stderr, table
from casebus.errors import CasebusError
from casebus.events.legaltime import refuse_ahead
from casebus.now import now_from
from casebus.sdk.event import NewEvent, Published
from casebus.sdk.gateway import is_uuid
from casebus.settings import Settings

#: The gateway's answer about an event, in addition to the result of sending.
_KNOWN = ("status", "reason", "detail", "flags", "findings")


@click.command("publish")
@click.argument("file", type=click.File("rb"), required=False)
@click.option("--type", "event_type", help="One event of this type, as referral.sent.")
@click.option("--case", help="Its case: an id or a local number. Without it a new case opens.")
@click.option("--to", multiple=True, help="A recipient; may be given several times.")
@click.option("--on", help="Its legal date or time; now where it is left out.")
@click.option("--cause", multiple=True, help="Id of an event that led to it.")
@click.option("--data", help="Its body as JSON, or @FILE.")
@click.option("--set", "sets", multiple=True, help="A field of the body: name=value.")
@click.option("--number", multiple=True, help="A local number: kind=value.")
@click.option("--note", help="The body's note.")
@click.option("--id", "event_id", help="Its id: the same id again is the same event.")
@agency_option
@click.option("--sector", help="The agency's sector. Default: what the Kafka account shows.")
@click.option(
    "--wait",
    type=click.FloatRange(0),
    default=10.0,
    show_default=True,
    help="Ask the gateway this many seconds what became of them.",
)
@click.option("--resend", is_flag=True, help="Only send what was kept and never sent.")
@click.option(
    "--since",
    help="With --resend: what was sent since this moment too, for a bus that was restored.",
)
@json_option
def command(
    file: BinaryIO | None,
    agency: str | None,
    sector: str | None,
    wait: float,
    *,
    resend: bool,
    since: str | None,
    as_json: bool,
    **one: Any,
) -> None:
    """Publish the events in FILE (JSON, or JSON Lines; - is stdin), or one given by options.

    In a file an event has: type, case, to, legal_time, causation, id, data.

    If Kafka is away, signed events are kept, and --resend sends them. In an office behind a ferry,
    `casebus ferry sent` shows what became of them.
    """
    settings = settings_for(agency)
    if since and not resend:
        raise click.UsageError("--since says what --resend sends")
    events = [] if resend else _events(settings, file, one)
    rows = _publish(settings, sector, None if resend else events, parsing.moment(since))
    told = [_told(row) for row in rows]
    if settings.ferry:
        told = [row | {"status": "kept"} for row in told]
    else:
        _wait(settings, told, wait)
    answer(told, as_json=as_json, show=lambda console: _show(console, told))
    sys.exit(ends.worst([code_of(one) for one in told]))


def _events(settings: Settings, file: BinaryIO | None, one: dict[str, Any]) -> list[NewEvent]:
    if (file is None) == (one["event_type"] is None):
        raise click.UsageError("give a FILE of events, or one event by --type")
    events = list(parsing.events(file)) if file else [_single(settings, one)]
    now = now_from(settings)()
    for event in events:
        if event.legal is not None:
            refuse_ahead(event.legal, now)
    return _with_cases(settings, events)


def _single(settings: Settings, one: dict[str, Any]) -> NewEvent:
    numbers = parsing.numbers(one["number"])
    texts = parsing.texts_of(load_schemas(settings), NewEvent(type=one["event_type"]).ce_type)
    return NewEvent(
        type=one["event_type"],
        stream=one["case"],
        to=tuple(one["to"]),
        legal=parsing.legal_time(one["on"]),
        causation=tuple(one["cause"]),
        id=one["event_id"],
        data=parsing.body(one["data"], one["sets"], texts, numbers=numbers, note=one["note"]),
    )


def _with_cases(settings: Settings, events: list[NewEvent]) -> list[NewEvent]:
    """The events with case ids in place of local numbers, each number asked for once."""
    numbers = {one.stream for one in events if one.stream and not is_uuid(one.stream)}
    if not numbers:
        return events
    cases = {number: case_named(settings, number) for number in numbers}
    return [replace(one, stream=cases.get(one.stream or "", one.stream)) for one in events]


def _publish(
    settings: Settings,
    sector: str | None,
    events: Sequence[NewEvent] | None,
    since: datetime | None,
) -> Sequence[Published]:
    schemas = load_schemas(settings)
    with (
        open_store(settings) as store,
        open_publisher(settings, schemas, store, doors(settings, sector)) as publisher,
    ):
        if events is not None:
            return publisher.publish(events)
        return publisher.send_again(since) if since else publisher.send_waiting()


def _told(row: Published) -> dict[str, Any]:
    return {
        "source": row.source,
        "id": row.id,
        "case": row.stream,
        "sequence": row.sequence,
        "topic": row.topic,
        "partition": row.partition,
        "offset": row.offset,
        "status": "sent",
    }


def _wait(settings: Settings, told: list[dict[str, Any]], seconds: float) -> None:
    """Ask for each until the common time is up; if the gateway cannot answer, they stay `sent`."""
    deadline = time.monotonic() + seconds
    try:
        with open_gateway(settings) as gateway:
            for row in told:
                if (left := deadline - time.monotonic()) <= 0:
                    return
                known = gateway.await_event(row["source"], row["id"], left)
                row |= {name: known[name] for name in _KNOWN if known.get(name)}
    except CasebusError as error:
        stderr().print(f"sent; what became of it is not known: {error}")


def _show(console: Console, told: list[dict[str, Any]]) -> None:
    rows = ((one["case"], one["id"], one["sequence"], one["topic"], _status(one)) for one in told)
    console.print(table(("case", "event id", "sequence", "topic", "status"), rows))
    for row in told:
        if flags := row.get("flags"):
            console.print(f"{row['id']}: {', '.join(flags)}")
        for one in row.get("findings", ()):
            detail = ", ".join(f"{name}={value}" for name, value in one["detail"].items())
            console.print(f"{row['id']}: {one['severity']} {one['kind']} ({detail})")


def _status(row: dict[str, Any]) -> str:
    reason = row.get("reason")
    return f"{row['status']} ({reason})" if reason else str(row["status"])
