"""Work that Ctrl-C or SIGTERM ends in order: everything that it began ends before this process."""

from __future__ import annotations

import asyncio
import signal
import sys
from collections.abc import Coroutine
from typing import Any, TypeVar

import click

T = TypeVar("T")


def run(work: Coroutine[Any, Any, T], says: str) -> T:
    """As asyncio.run; if it is stopped, print these words and exit as a shell expects.

    A shell that starts it in the background lets it ignore Ctrl-C; SIGTERM ends it there too.
    """
    stopped_by: list[signal.Signals] = []

    async def stoppable() -> T:
        loop, task = asyncio.get_running_loop(), asyncio.current_task()

        def stop(number: signal.Signals) -> None:
            stopped_by.append(number)
            if task is not None:
                task.cancel()

        for number in (signal.SIGINT, signal.SIGTERM):
            if signal.getsignal(number) is not signal.SIG_IGN:
                loop.add_signal_handler(number, stop, number)
        return await work

    try:
        return asyncio.run(stoppable())
    except asyncio.CancelledError:
        if not stopped_by:
            raise
        click.echo(f"\n{says}", err=True)
        sys.exit(128 + stopped_by[-1])
