"""Starts `casebus`: Ctrl-C ends it silently while its parts are still loading."""

from __future__ import annotations

import os

from casebus.cli import streams
from casebus.cli.ends import STOPPED
from casebus.later import loaded


def main() -> None:
    """Run the command of this process's arguments."""
    streams.hold()
    try:
        command = loaded("casebus.cli.main").main
    except KeyboardInterrupt:
        # Nothing has begun; half-loaded modules must print nothing at the end.
        os._exit(STOPPED)
    command()
