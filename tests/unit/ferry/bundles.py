"""Shared parts of the tests of a ferry's two sides: bundles in an outbox, and scanners."""

from __future__ import annotations

import sys
from pathlib import Path

from tests.ferrying import Side

KIB = 1024


def sent_by(side: Side, *sizes: int) -> list[Path]:
    """A bundle for each of these items, in the outbox."""
    for size in sizes:
        side.say(size)
        side.round()
    return sorted(side.outbox.glob("*-b*"))


DEEP = b"[" * 100_000


def scanner(text: str) -> tuple[str, ...]:
    return (sys.executable, "-c", text)
