"""`casebus witness`: checks that the logs only grow, and cosigns their heads as an agency."""

from __future__ import annotations

import time
from pathlib import Path

import click
from rich.console import Console

from casebus.cli import ends
from casebus.cli.connect import (
    agency_option,
    load_schemas,
    open_gateway,
    require_agency,
    settings_for,
)
from casebus.cli.output import answer, json_option
from casebus.errors import CasebusError
from casebus.now import now_from
from casebus.sdk.witness import Memory, Witness, WitnessRound
from casebus.signing.keyring import Keyring

_FILE = "witness.json"


@click.command("witness")
@click.option("--once", is_flag=True, help="Look once.")
@click.option(
    "--every",
    type=click.FloatRange(min=0.1),
    default=5.0,
    show_default=True,
    help="Seconds between two looks.",
)
@click.option(
    "--memory",
    type=click.Path(path_type=Path, dir_okay=False),
    help=f"What it saw before. Default: {_FILE} in CASEBUS_HOME. Keep it: it is what you swear by.",
)
@click.option(
    "--accept",
    multiple=True,
    metavar="ORIGIN",
    help="A log of a new epoch that may begin anew: you know what a restore could not bring back.",
)
@agency_option
@json_option
def command(
    *,
    once: bool,
    every: float,
    memory: Path | None,
    accept: tuple[str, ...],
    agency: str | None,
    as_json: bool,
) -> None:
    """Look at the logs' heads, and cosign with your agency's key those that only grew.

    A head that does not continue the one seen before is refused and named. Both heads are kept in
    the memory file, as evidence.
    """
    settings = settings_for(agency)
    name = require_agency(settings)
    if not settings.root_digest:
        raise CasebusError("no_root_digest", "set CASEBUS_ROOT_DIGEST to know whose logs these are")
    key = Keyring(settings.keys_dir).key(name)
    with Memory.open(memory or settings.home / _FILE) as kept, open_gateway(settings) as gateway:
        witness = Witness(
            name,
            key,
            settings.root_digest,
            load_schemas(settings),
            now_from(settings),
            kept,
            accept,
        )
        while True:
            try:
                outcome = witness.look(gateway)
            except CasebusError as error:
                # A gateway that is away comes back.
                if once:
                    raise
                click.echo(f"{error.code}: {error.detail}", err=True)
            else:
                _tell(outcome, as_json=as_json)
                if once:
                    raise SystemExit(ends.REFUSED if outcome.refused else ends.DONE)
            time.sleep(every)


def _tell(outcome: WitnessRound, *, as_json: bool) -> None:
    told = {
        "cosigned": [{"origin": one.origin, "size": one.size} for one in outcome.cosigned],
        "refused": [{"code": one.code, "detail": one.detail} for one in outcome.refused],
    }
    if not as_json and not (outcome.cosigned or outcome.refused):
        return

    answer(told, as_json=as_json, show=lambda console: _show(console, outcome))


def _show(console: Console, outcome: WitnessRound) -> None:
    for one in outcome.cosigned:
        console.print(f"cosigned {one.origin} {one.size}", soft_wrap=True)
    for refused in outcome.refused:
        console.print(f"refused {refused.code}: {refused.detail}", soft_wrap=True)
