"""`casebus recall`: takes back an event of your own, and shows who has read it."""

from __future__ import annotations

import sys
import uuid
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
    require_agency,
    settings_for,
)
from casebus.cli.ends import DONE
from casebus.cli.output import answer, code_of, json_option, table
from casebus.cli.wording import local_time
from casebus.sdk.event import NewEvent
from casebus.sdk.gateway import JSON, Gateway
from casebus.sdk.recalling import recall_of
from casebus.settings import Settings

_WAIT_SECONDS = 10.0


@click.command("recall")
@click.argument("event")
@click.option("--reason", help="Take the event back, for this reason; its recipients read it.")
@click.option("--status", "asked", is_flag=True, help="Only show what is known of a recall.")
@click.option("--source", help="Your system that sent it. Default: your agency.")
@click.option("--actor", default="", envvar="CASEBUS_ACTOR", help="Your pseudonym.")
@agency_option
@json_option
def command(
    event: str,
    reason: str | None,
    source: str | None,
    actor: str,
    agency: str | None,
    *,
    asked: bool,
    as_json: bool,
) -> None:
    """Take back EVENT, by its id: only you see its content from then on; its effects stay.

    Then, and with --status, show who has read it, who has not, and of whom nobody can know.
    """
    if asked == (reason is not None):
        raise click.UsageError("give --reason to recall the event, or --status")
    settings = settings_for(agency)
    source, code = source or require_agency(settings), DONE
    with open_gateway(settings) as gateway:
        if reason is not None:
            recall = recall_of(gateway, source, event, reasons=reason, actor=actor)
            said = gateway.await_event(*_send(settings, gateway, recall), _WAIT_SECONDS)
            code = code_of(said)
            if said["status"] != "journaled":
                answer(said, as_json=as_json, show=lambda console: _show_unsaid(console, said))
                sys.exit(code)
        found = gateway.recall(source, event)
    answer(found, as_json=as_json, show=lambda console: _show(console, found))
    sys.exit(code)


def _send(settings: Settings, gateway: Gateway, recall: NewEvent) -> tuple[str, str]:
    """Send it with the key at hand if the agency has a system of its own, else by the gateway."""
    if settings.kafka_username == settings.agency and settings.kafka_password:
        schemas = load_schemas(settings)
        with (
            open_store(settings) as store,
            open_publisher(settings, schemas, store, doors(settings)) as publisher,
        ):
            [sent] = publisher.publish([recall])
        return sent.source, sent.id
    accepted = gateway.submit(_structured(recall))
    return str(accepted["source"]), str(accepted["id"])


def _structured(recall: NewEvent) -> JSON:
    return {
        "specversion": "1.0",
        "id": str(uuid.uuid4()),
        "type": recall.ce_type,
        "source": recall.source,
        "subject": recall.stream,
        "to": " ".join(recall.to),
        "causationid": " ".join(recall.causation),
        "data": dict(recall.data),
    }


def _show(console: Console, found: JSON) -> None:
    erased = {one["agency"]: one["at"] for one in found["erased"]}
    rows = [
        *((one["agency"], _how(one), local_time(one["at"])) for one in found["read"]),
        *((name, "not read", "") for name in found["unread"]),
        *((name, "unknown: reads on Kafka", "") for name in found["unknown"]),
    ]
    shown = ((*row, local_time(erased.get(row[0]))) for row in rows)
    console.print(f"recalled {local_time(found['recalled_at'])}")
    console.print(table(("agency", "read", "at", "erased"), shown))


def _show_unsaid(console: Console, said: JSON) -> None:
    """The recall is rejected, or nobody knows yet."""
    reason = f": {said['reason']}" if said.get("reason") else ""
    console.print(f"{said['status']}{reason}: the recall {said['id']} of {said['source']}")
    if said["status"] != "rejected":
        console.print("  It is on its way: look again with --status.")


def _how(one: dict[str, Any]) -> str:
    how = "opened" if one["by"] == "opened" else "shown by the gateway"
    return how if one["recipient"] else f"{how}, not a recipient"
