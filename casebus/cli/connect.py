"""The parts of commands: settings, schemas, the local store, a publisher, a gateway."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import click

from casebus.errors import CasebusError
from casebus.events.doors import door_of as sector_door
from casebus.events.schemas import Schemas
from casebus.later import later
from casebus.sdk.doors import DoorOf, asked_once, one_door
from casebus.sdk.gateway import Gateway, is_uuid
from casebus.sdk.store import Store, path_in
from casebus.settings import Settings

# Loading Kafka's protocol takes a third of a second, so only commands that need it load it.
if TYPE_CHECKING:
    from casebus.sdk import accounts, publisher
    from casebus.sdk.ferry import config, ferry, office, spool
else:
    accounts = later("casebus.sdk.accounts")
    publisher = later("casebus.sdk.publisher")
    config = later("casebus.sdk.ferry.config")
    ferry = later("casebus.sdk.ferry.ferry")
    office = later("casebus.sdk.ferry.office")
    spool = later("casebus.sdk.ferry.spool")

#: Beginnings of error codes that keep records from being sent.
_OF_SENDING = ("kafka", "topic", "sector")
#: Added to commands that act for an agency.
agency_option = click.option("--agency", help="For which agency. Default: CASEBUS_AGENCY.")
#: For long tasks, which must not end because something is away for a minute.
patience_option = click.option(
    "--patience",
    type=click.FloatRange(0),
    default=600.0,
    show_default=True,
    envvar="CASEBUS_PATIENCE_SECONDS",
    help="Seconds for which what is away (gateway, Kafka, database) is waited for.",
)


def settings_for(agency: str | None = None) -> Settings:
    """The environment's settings; for another agency, with its API key if there is one.

    `casebus env admin` exports the development keys of all agencies as CASEBUS_API_KEY_<AGENCY>.
    """
    settings = Settings()
    if not agency or agency == settings.agency:
        return settings
    key = os.environ.get(f"CASEBUS_API_KEY_{agency.upper().replace('-', '_')}", settings.api_key)
    return settings.model_copy(update={"agency": agency, "api_key": key})


def load_schemas(settings: Settings) -> Schemas:
    return Schemas.load(settings.schemas_dir)


@contextmanager
def open_store(settings: Settings) -> Iterator[Store]:
    store = Store.open(path_in(settings.home))
    try:
        yield store
    finally:
        store.close()


@contextmanager
def open_gateway(settings: Settings) -> Iterator[Gateway]:
    if settings.ferry:
        raise CasebusError(
            "no_gateway",
            "an office behind a ferry has none: casebus work list, casebus ferry case, ferry sent",
        )
    with Gateway(settings) as gateway:
        yield gateway


@contextmanager
def open_publisher(
    settings: Settings, schemas: Schemas, store: Store, door_of: DoorOf
) -> Iterator[publisher.Publisher]:
    """Open a publisher. Events that it could not send stay in the store, and its error says so."""
    sink = office.KeptSink() if settings.ferry else None
    with ExitStack() as stack:
        opened = publisher.Publisher(
            settings, schemas=schemas, store=store, door_of=door_of, sink=sink
        )
        stack.callback(opened.close)
        try:
            yield opened
        except CasebusError as error:
            kept = opened.waiting() if error.code.startswith(_OF_SENDING) else 0
            if not kept:
                raise
            says = f"{error.detail}; {kept} signed events are kept: casebus publish --resend"
            raise type(error)(error.code, says) from error


def doors(settings: Settings, sector: str | None = None) -> DoorOf:
    """The door of an agency's events: of the named sector, of the ferry, or the one that it sees.

    An agency's account sees one `events.*` topic. An account that sees several (the installation's
    admin) may read the directory, which gives every agency's sector.
    """
    if settings.ferry:
        return one_door(sector_door(sector or office_config(settings.ferry).sector))
    return asked_once(partial(_finder, settings, sector))


def _finder(settings: Settings, sector: str | None) -> DoorOf:
    """Finds doors by a question to Kafka."""
    if sector:
        return accounts.doors_seen(settings, lambda _agency: sector)
    return accounts.door_finder(settings, load_schemas(settings))


def office_config(home: Path) -> config.Config:
    """The ferry's settings; raises CasebusError `not_an_office` for the bus's side of a ferry."""
    found = config.read_config(home)
    if found.side != "office":
        raise CasebusError("not_an_office", f"{home} is the bus's side: unset CASEBUS_FERRY")
    return found


def case_named(settings: Settings, case: str) -> str:
    """A case id from a case id or any local number, by the gateway or by the ferry's spool.

    Raises CasebusError `not_found` or `number_ambiguous`.
    """
    if not settings.ferry:
        with open_gateway(settings) as gateway:
            return gateway.resolve(case)
    if is_uuid(case):
        return case
    with spool.Spool.open(ferry.spool_at(settings.ferry)) as brought:
        return office.case_of(brought, case)


def require_agency(settings: Settings) -> str:
    if not settings.agency:
        raise CasebusError("no_source", "say which agency you are: --agency or CASEBUS_AGENCY")
    return settings.agency
