"""The common part of the commands of one machine: the stack and its addresses."""

from __future__ import annotations

from pathlib import Path

import click

from casebus.settings import Settings
from onebox import credentials, environment, state
from onebox.options import Options, last_options, read_options
from onebox.state import StackState

home_option = click.option(
    "--home",
    type=click.Path(file_okay=False, path_type=Path),
    default=None,
    help="Where the stack keeps its data (CASEBUS_HOME, or .casebus).",
)


def new_options(home: Path | None, port_base: int | None, only: tuple[str, ...]) -> Options:
    """A stack about to be started: options first, then the environment."""
    return read_options(home or Settings().home, port_base, only)


def options_of(home: Path | None) -> Options:
    """The stack that was last started in this home, or the one that would be started there now."""
    place = home or Settings().home
    return last_options(place) or read_options(place, None, ())


def running(options: Options) -> StackState | None:
    """The state of a stack whose supervisor lives."""
    now = state.read(options.place.state)
    return now if now is not None and now.alive() else None


def addresses(options: Options) -> dict[str, str]:
    """The addresses of the parts; no credentials."""
    shared = environment.shared(options, credentials.load(options.place))
    gateway = shared["CASEBUS_GATEWAY_URL"]
    return {
        "console": f"{gateway}/",
        "gateway": gateway,
        "schema_registry": f"{gateway}/registry",
        "kafka": shared["CASEBUS_KAFKA_BOOTSTRAP"],
        "postgresql": environment.without_password(options),
    }


def sign_in(options: Options) -> str:
    """The way into the console of a stack that signs people in itself; it holds the stack's key."""
    known = credentials.load(options.place)
    given = environment.of_console(known)
    if given["CASEBUS_CONSOLE_ISSUER"] != environment.DEVELOPMENT:
        return ""
    gateway = environment.shared(options, known)["CASEBUS_GATEWAY_URL"]
    return f"{gateway}/console/development/open?key={given['CASEBUS_CONSOLE_KEY']}"
