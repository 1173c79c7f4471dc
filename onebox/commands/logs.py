"""`casebus logs`: shows the logs of the services."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import BinaryIO

import click

from casebus.errors import CasebusError
from onebox.commands.shared import home_option, options_of

_LOOK_SECONDS = 0.2


@click.command()
@click.argument("service", required=False)
@click.option("-f", "--follow", is_flag=True, help="Go on as more is written; Ctrl-C ends.")
@click.option("-n", "--lines", default=50, show_default=True, help="Last lines of each log.")
@home_option
def logs(service: str | None, lines: int, home: Path | None, *, follow: bool) -> None:
    """Show the log of SERVICE, or of all."""
    folder = options_of(home).place.logs
    paths = sorted(folder.glob(f"{service or '*'}.log"))
    if not paths:
        known = ", ".join(path.stem for path in sorted(folder.glob("*.log"))) or "none yet"
        raise CasebusError("no_log", f"{service or 'no service'} wrote none; there are: {known}")
    width = max(len(path.stem) for path in paths) if len(paths) > 1 else 0
    handles = [(path.stem.ljust(width) + " | " if width else "", path.open("rb")) for path in paths]
    for prefix, handle in handles:
        for line in deque(handle, maxlen=lines):
            _say(prefix, line)
    if follow:
        for prefix, line in _more(handles):
            _say(prefix, line)


def _more(handles: Sequence[tuple[str, BinaryIO]]) -> Iterator[tuple[str, bytes]]:
    while True:
        quiet = True
        for prefix, handle in handles:
            for line in handle:
                quiet = False
                yield prefix, line
        if quiet:
            time.sleep(_LOOK_SECONDS)


def _say(prefix: str, line: bytes) -> None:
    click.echo(prefix + line.decode(errors="replace").rstrip("\n"))
