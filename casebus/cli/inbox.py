"""`casebus inbox`: shows the events that your agency was sent."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import TYPE_CHECKING, Any

import click
from rich.table import Table

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
from casebus.cli.output import answer, json_option, stdout, table
from casebus.cli.wording import EventTitles, local_time
from casebus.errors import CasebusError
from casebus.events.topics import inbox_of
from casebus.events.types import event_name
from casebus.later import later
from casebus.patience import Patience
from casebus.settings import Settings

# Loading Kafka's protocol takes as long as the rest, so only agencies with their own account load
# it.
if TYPE_CHECKING:
    from casebus.sdk import accounts
    from casebus.sdk import inbox as inboxes
    from casebus.sdk.ferry import ferry, office, spool
else:
    accounts = later("casebus.sdk.accounts")
    inboxes = later("casebus.sdk.inbox")
    ferry = later("casebus.sdk.ferry.ferry")
    office = later("casebus.sdk.ferry.office")
    spool = later("casebus.sdk.ferry.spool")

_HEADERS = ("case", "事件", "event", "by", "legal time", "event id")
#: An agency without its own inbox on Kafka; the gateway keeps its inbox.
_NOT_OWN = frozenset({"kafka_sign_in_refused", "topic_denied"})


@click.command("inbox")
@click.option("--from", "kept_by", type=click.Choice(["auto", "kafka", "gateway"]), default="auto")
@click.option("--follow", is_flag=True, help="Go on as more comes (Kafka only).")
@click.option("--ack", is_flag=True, help="Acknowledge each one as retrieved (Kafka only).")
@click.option("--actor", default="", envvar="CASEBUS_ACTOR", help="Pseudonym of who retrieves.")
@click.option("--after", default="", help="Only what came after this position (gateway only).")
@agency_option
@json_option
def command(
    kept_by: str,
    actor: str,
    after: str,
    agency: str | None,
    *,
    follow: bool,
    ack: bool,
    as_json: bool,
) -> None:
    """Show the events your agency was sent: from its ferry, its own inbox on Kafka, or the gateway.

    With --json, each event of an own inbox is printed as one line as soon as it comes.
    """
    settings = settings_for(agency)
    require_agency(settings)
    if kept_by == "auto":
        kept_by = "kafka" if follow or ack or _has_own(settings) else "gateway"
    if kept_by == "gateway":
        _from_gateway(settings, after, as_json=as_json)
    else:
        _from_kafka(settings, actor, follow=follow, ack=ack, as_json=as_json)


def _has_own(settings: Settings) -> bool:
    if settings.ferry:
        return True
    if settings.kafka_username != settings.agency or not settings.kafka_password:
        return False
    patience = Patience(settings.patience_seconds)
    try:
        visible = patience.ask(lambda: accounts.visible_topics(settings))
    except CasebusError as error:
        if error.code not in _NOT_OWN:
            raise
        return False
    return inbox_of(settings.agency) in visible


def _from_gateway(settings: Settings, after: str, *, as_json: bool) -> None:
    with open_gateway(settings) as gateway:
        items = gateway.inbox(after)
    answer(items, as_json=as_json, show=lambda out: out.print(_table(settings, items)))


def _table(settings: Settings, items: Iterable[Mapping[str, Any]]) -> Table:
    titles = EventTitles(load_schemas(settings))
    rows = (
        (
            one["case"],
            titles.of(one["type"]),
            event_name(one["type"]),
            one["source"],
            local_time(one.get("legal_at")),
            one["id"],
        )
        for one in items
    )
    return table(_HEADERS, rows)


def _from_kafka(settings: Settings, actor: str, *, follow: bool, ack: bool, as_json: bool) -> None:
    titles = EventTitles(load_schemas(settings))
    for one in _deliveries(settings, actor, follow=follow, ack=ack):
        answer(one, as_json=as_json, line=True, show=lambda _: None)
        if not as_json:
            stdout().print(
                f"{one['case']}  {titles.of(one['type'])} {event_name(one['type'])}"
                f"  {one['source']}  {local_time(one['legal_time'])}  {one['id']}"
            )


def _feed(settings: Settings) -> inboxes.Feed | None:
    """The events that the ferry brought, in an office behind one."""
    if not settings.ferry:
        return None
    brought = spool.Spool.open(ferry.spool_at(settings.ferry))
    return office.SpoolFeed(brought, inbox_of(require_agency(settings)))


def _deliveries(
    settings: Settings, actor: str, *, follow: bool, ack: bool
) -> Iterator[dict[str, Any]]:
    schemas = load_schemas(settings)
    with (
        open_store(settings) as store,
        open_publisher(settings, schemas, store, doors(settings)) as publisher,
        inboxes.Inbox(
            settings,
            schemas=schemas,
            store=store,
            publisher=publisher,
            actor=actor,
            feed=_feed(settings),
        ) as inbox,
    ):
        for one in inbox.deliveries(idle_seconds=None if follow else 0.0):
            yield {
                "case": one.envelope.subject,
                "type": one.envelope.type,
                "source": one.envelope.source,
                "id": one.envelope.id,
                "legal_time": str(one.envelope.legal),
                "to": list(one.envelope.to),
                "stamps": one.stamps,
                "data": one.data,
                "place": f"{one.topic}/{one.partition}/{one.offset}",
            }
            if ack:
                one.ack()
