"""`casebus ferry`: carries events through two folders between an office and the bus."""

from __future__ import annotations

import shlex
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
from rich.console import Console

from casebus.cli.connect import (
    case_named,
    load_schemas,
    office_config,
    open_store,
    settings_for,
)
from casebus.cli.ends import DONE, REFUSED
from casebus.cli.groups import CommandGroup
from casebus.cli.output import answer, foreign, json_option, table
from casebus.cli.wording import EventTitles, local_time
from casebus.errors import CasebusError
from casebus.events.types import event_name
from casebus.files import naming
from casebus.later import later
from casebus.sdk.ferry.config import Config, carrier_key, config_of, read_config, write_config
from casebus.sdk.ferry.ferry import Ferry, FerryEnd, spool_at
from casebus.sdk.ferry.spool import Spool
from casebus.sdk.gateway import is_uuid
from casebus.sdk.store import Store, path_in
from casebus.settings import Settings

# Loaded late: they load Kafka's protocol, or the log's proofs.
if TYPE_CHECKING:
    from casebus.sdk.ferry import brokers, folder_office, office
else:
    brokers = later("casebus.sdk.ferry.brokers")
    folder_office = later("casebus.sdk.ferry.folder_office")
    office = later("casebus.sdk.ferry.office")

_home = click.option(
    "--home",
    type=click.Path(path_type=Path, file_okay=False),
    envvar="CASEBUS_FERRY",
    required=True,
    help="The ferry's folder. Or CASEBUS_FERRY.",
)


@click.group("ferry", cls=CommandGroup)
def command() -> None:
    """Carry an agency's events over a border that only files may pass (网闸).

    One side is the office's, the other the bus's. Each side writes numbered, signed files into its
    outbox and reads the files that any carrier puts into its inbox. See docs/ferry.md.
    """


@command.command("init")
@_home
@click.option("--side", type=click.Choice(["office", "bus"]), required=True)
@click.option("--agency", required=True, help="The agency behind the border.")
@click.option("--sector", default="", help="The agency's sector; the office's side needs it.")
@click.option("--outbox", type=click.Path(path_type=Path), default=Path("outbox"))
@click.option("--inbox", type=click.Path(path_type=Path), default=Path("inbox"))
@click.option("--limit", type=int, default=8 * 1024 * 1024, help="Largest file, in bytes.")
@click.option("--scanner", default="", help="A command that looks at each file; 0 clean, 1 not.")
@click.option("--patience", type=float, default=600.0, help="Seconds until a file goes out again.")
@json_option
def init(
    *,
    home: Path,
    side: str,
    agency: str,
    sector: str,
    outbox: Path,
    inbox: Path,
    limit: int,
    scanner: str,
    patience: float,
    as_json: bool,
) -> None:
    """Set up one side and print its key, which the other side must know."""
    if (home / "ferry.yaml").exists():
        raise CasebusError("ferry_exists", f"{home} has a ferry already: edit its ferry.yaml")
    if side == "office" and not sector:
        raise click.UsageError("say the agency's sector: --sector police")
    given = {
        "agency": agency,
        "side": side,
        "sector": sector,
        "outbox": outbox,
        "inbox": inbox,
        "limit_bytes": limit,
        "scanner": shlex.split(scanner),
        "patience_seconds": patience,
    }
    config = config_of(given)
    write_config(home, config)
    for folder in (config.outbox, config.inbox):
        with naming(home / folder):
            (home / folder).mkdir(parents=True, exist_ok=True)
    _tell_key(home, as_json=as_json)


@command.command("key")
@_home
@json_option
def key(home: Path, *, as_json: bool) -> None:
    """Show this side's public key, to be read to the other side's operator."""
    read_config(home)
    _tell_key(home, as_json=as_json)


@command.command("peer")
@click.argument("public")
@_home
@click.option("--only", is_flag=True, help="Forget the keys known before.")
def peer(public: str, home: Path, *, only: bool) -> None:
    """Trust PUBLIC, the other side's key in hex, for the signatures of its files."""
    config = read_config(home)
    known = () if only else config.peers
    changed = config.model_copy(update={"peers": tuple(dict.fromkeys((*known, public)))})
    write_config(home, config_of(changed.model_dump()))


@command.command("run")
@_home
@click.option("--once", is_flag=True, help="One round.")
@click.option("--every", type=click.FloatRange(min=0.1), default=5.0, show_default=True)
def run(home: Path, *, once: bool, every: float) -> None:
    """Run this side: take in arrived files and put out new ones, again and again."""
    with _open(home) as ferry:
        noted = ferry.spool.count("incident")
        while True:
            try:
                ferry.round()
            except CasebusError as error:
                # A scanner, broker or disk that is away comes back; everything is kept meanwhile.
                if once:
                    raise
                click.echo(f"{error.code}: {error.detail}", err=True)
            if once:
                sys.exit(REFUSED if _is_needed(ferry.spool, noted) else DONE)
            time.sleep(every)


@command.command("status")
@_home
@json_option
def status(home: Path, *, as_json: bool) -> None:
    """Show what waits, what is missing and what went wrong."""
    config = read_config(home)
    with Spool.open(spool_at(home)) as spool:
        told, needed = _status(config, spool), _is_needed(spool)
    answer(told, as_json=as_json, show=lambda console: _show_status(console, told))
    sys.exit(REFUSED if needed else DONE)


def _is_needed(spool: Spool, noted: int | None = None) -> bool:
    """True if a person is needed: something is refused, or there are new incidents."""
    refused = any(why is not None for why in spool.held().values())
    went_wrong = noted is not None and spool.count("incident") > noted
    return refused or went_wrong or bool(spool.rows("barred", 1)) or bool(spool.fact("broken"))


@command.command("begin-again")
@_home
@click.confirmation_option(prompt="Send again all that was not seen to arrive?")
def begin_again(home: Path) -> None:
    """Begin again after the other side lost its spool: new counts for both lanes.

    Stop `run` before.
    """
    with _open(home) as ferry:
        ferry.begin_again()


@command.command("release")
@_home
@click.option("--forget", is_flag=True, help="Let it lie: nothing of it is sent again.")
def release(home: Path, *, forget: bool) -> None:
    """Send refused items again, once the other side's operator says that they may pass.

    These are the items that its scanner refused and, in the office, events that the brokers do not
    take. Stop `run` before.
    """
    with _open(home) as ferry:
        count = ferry.release(forget=forget)
    click.echo(f"{count} items {'are let lie' if forget else 'go out again'}")


@command.command("sent")
@_home
@json_option
def sent(home: Path, *, as_json: bool) -> None:
    """Show the state of the office's last events, as far as the ferry has brought answers."""
    with desk_at(home) as of_office:
        told = list(of_office.sent())
    rows = ((one["case"], one["id"], one["status"], foreign(one["detail"])) for one in told)
    headers = ("case", "event id", "status", "detail")
    answer(told, as_json=as_json, show=lambda console: console.print(table(headers, rows)))


@command.command("case")
@click.argument("case")
@_home
@json_option
def case(case: str, home: Path, *, as_json: bool) -> None:
    """Show the events of CASE that came to the office or left it."""
    with desk_at(home) as of_office:
        settings = settings_for().model_copy(update={"ferry": home})
        told = of_office.case(case if is_uuid(case) else case_named(settings, case))
        titles = EventTitles(of_office.schemas)
    rows = (
        (
            local_time(one["legal_time"]),
            titles.of(one["type"]),
            event_name(one["type"]),
            one["source"],
            one["id"],
        )
        for one in told
    )
    headers = ("legal time", "事件", "event", "by", "event id")
    answer(told, as_json=as_json, show=lambda console: console.print(table(headers, rows)))


@command.command("receipts")
@click.argument("event")
@click.option("--source", help="Who sent it. Default: the office's agency.")
@_home
@json_option
def receipts(event: str, source: str | None, home: Path, *, as_json: bool) -> None:
    """Show the proofs of EVENT's hand-over: each receipt is checked by the pinned root."""
    with desk_at(home) as of_office:
        found = of_office.receipts(source or of_office.agency, event)
    told = [
        {"step": said["step"], "agency": said["of"].get("agency"), "receipt": said}
        | {"log": str(shown.origin), "index": shown.index, "size": shown.size}
        for said, shown in found
    ]
    rows = ((one["step"], one["agency"], f"{one['index']} of {one['size']}") for one in told)
    headers = ("step", "agency", "proved at index")
    answer(told, as_json=as_json, show=lambda console: console.print(table(headers, rows)))


def _tell_key(home: Path, *, as_json: bool) -> None:
    own = carrier_key(home)
    told = {"home": str(home), "keyid": own.keyid, "public": own.public.hex()}
    line = f"casebus ferry peer {told['public']}"
    answer(told, as_json=as_json, show=lambda console: console.print(line, soft_wrap=True))


def _open(home: Path) -> Ferry:
    config = read_config(home)
    if not config.peers:
        raise CasebusError("no_peer", "tell it the other side's key: casebus ferry peer KEY")
    return Ferry(home, config, _end(config, Settings()))


def _end(config: Config, settings: Settings) -> Callable[[Spool], FerryEnd]:
    if config.side == "office":
        schemas = load_schemas(settings)
        return lambda spool: office.OfficeEnd(spool, Store.open(path_in(settings.home)), schemas)
    return lambda spool: brokers.BrokersEnd(spool, settings, config.agency)


@contextmanager
def desk_at(home: Path) -> Iterator[folder_office.FerryOffice]:
    agency, settings = office_config(home).agency, Settings()
    with Spool.open(spool_at(home)) as spool, open_store(settings) as store:
        yield folder_office.FerryOffice(
            spool, store, load_schemas(settings), agency, settings.root_digest
        )


def _status(config: Config, spool: Spool) -> dict[str, Any]:
    taken, held = spool.taken(), spool.held()
    return {
        "agency": config.agency,
        "side": config.side,
        "sent": int(spool.fact("out_number", "0")),
        "acknowledged": int(spool.fact("acknowledged", "0")),
        "under_way": len(spool.under_way()),
        "queued": spool.count("queued"),
        "taken": taken.through,
        "came_early": sorted(number for number, why in held.items() if why is None),
        "refused_here": {number: why for number, why in held.items() if why is not None},
        "to_deal_with": spool.to_deal_with(),
        "broken_chain": spool.fact("broken"),
        "barred": [_plain(one) for one in spool.rows("barred")],
        "incidents": [dict(one) for one in spool.rows("incident")],
        "scanned": [dict(one) for one in spool.rows("scanned", 5)],
    }


def _plain(row: Any) -> dict[str, Any]:
    return {"said": row["said"], "at": row["barred_at"], "bytes": len(row["line"])}


def _show_status(console: Console, told: dict[str, Any]) -> None:
    console.print(
        f"{told['agency']}, the {told['side']}'s side: sent {told['sent']}, acknowledged"
        f" {told['acknowledged']}, under way {told['under_way']}, queued {told['queued']};"
        f" taken {told['taken']}, to deal with {told['to_deal_with']}"
    )
    if told["came_early"]:
        console.print(f"waits for what is missing: {told['came_early']}")
    if told["broken_chain"]:
        console.print(
            f"the chain is broken: {foreign(told['broken_chain'])} (casebus ferry begin-again)"
        )
    for number, why in told["refused_here"].items():
        console.print(f"refused here: number {number}: {foreign(why)}")
    for one in told["barred"]:
        said = foreign(one["said"])
        console.print(f"refused by the other side: {said} (casebus ferry release)")
    rows = (
        (one["noted_at"], one["code"], foreign(one["file"]), foreign(one["detail"]))
        for one in told["incidents"]
    )
    if told["incidents"]:
        console.print(table(("at", "code", "file", "detail"), rows))
