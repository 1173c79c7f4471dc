"""Where `casebus` begins: Ctrl-C ends it in silence while its parts are still being loaded."""

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
        # Nothing was begun; what is half loaded has nothing to say at its end.
        os._exit(STOPPED)
    command()
