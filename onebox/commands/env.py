"""`casebus env`: prints the addresses and secrets of one user as shell exports."""

from __future__ import annotations

import shlex
import sys
from pathlib import Path

import click

from casebus.cli.output import answer, json_option
from casebus.errors import CasebusError
from casebus.events.topics import ADMIN
from onebox import credentials, environment
from onebox.commands.shared import home_option, options_of
from onebox.credentials import write_private

#: The one agency of the example directory that has a system of its own on Kafka.
EXAMPLE_AGENCY = "cn-330106-amr"
_WARNING = (
    "casebus: these are the operator's secrets: with them one can sign for every agency and for"
    " the bus, and change every table. For one agency's work: casebus env AGENCY"
)


@click.command()
@click.argument("user", default=EXAMPLE_AGENCY)
@home_option
@json_option
def env(user: str, home: Path | None, *, as_json: bool) -> None:
    """Print shell exports for USER: an agency, operator, service, or admin; with its secrets only.

    Use as: eval "$(casebus env)". Without USER it takes the example agency on Kafka. `admin` is a
    special user: the database's owner, Kafka's admin, and the keys of every agency and of the bus.
    """
    options = options_of(home)
    if not options.place.credentials.is_file():
        raise CasebusError("never_up", f"no stack was ever started in {options.home}: casebus up")
    known = credentials.load(options.place)
    if user not in _users(known):
        raise CasebusError("unknown_user", f"{user}; there are {', '.join(_users(known))}")
    properties = options.place.path / f"kafka-{user}.properties"
    exports = environment.exports(options, known, user, properties)
    if user in known.kafka:
        write_private(properties, environment.client_properties(exports).encode())
    if user == ADMIN and is_terminal():
        click.echo(_WARNING, err=True)
    answer(exports, as_json=as_json, show=lambda _out: click.echo(_lines(exports)))


def is_terminal() -> bool:
    return sys.stderr.isatty()


def _lines(exports: dict[str, str]) -> str:
    """Shell text that switches from any user to this one."""
    unset = [f"unset {name}" for name in environment.left_over(exports)]
    return "\n".join([*unset, *(f"export {name}={shlex.quote(exports[name])}" for name in exports)])


def _users(known: credentials.Credentials) -> list[str]:
    return sorted({*known.kafka, *known.api_keys, *known.operators} - {"broker"})
