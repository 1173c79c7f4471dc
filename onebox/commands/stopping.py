"""Work that Ctrl-C or SIGTERM ends in order: what it began ends before this process does."""

from __future__ import annotations

import asyncio
import signal
import sys
from collections.abc import Coroutine
from typing import Any, TypeVar

import click

T = TypeVar("T")


def run(work: Coroutine[Any, Any, T], says: str) -> T:
    """As asyncio.run; where it is stopped, say so in these words and exit as a shell expects."""
    stopped_by = [signal.SIGINT]

    def stop(number: int, _frame: Any) -> None:
        stopped_by.append(signal.Signals(number))
        # The loop knows how to end by this one: it cancels the work, and waits for it.
        signal.raise_signal(signal.SIGINT)

    before = signal.signal(signal.SIGTERM, stop)
    try:
        return asyncio.run(work)
    except KeyboardInterrupt:
        click.echo(f"\n{says}", err=True)
        sys.exit(128 + stopped_by[-1])
    finally:
        signal.signal(signal.SIGTERM, before)
