"""Commits offsets without the text table that Faust draws for each commit and shows nobody.

At five commits a second for each worker, the table took 3 % of admission's time.
tests/unit/test_faust_pins.py pins the parts of Faust on which this relies.
"""

from __future__ import annotations

from faust.transport import consumer


class Undrawn:
    """Replaces `faust.utils.terminal` in the logging of commits."""

    @staticmethod
    def logtable(*_: object, **__: object) -> str:
        return ""


def install() -> None:
    """Let every consumer of this process commit this way."""
    consumer.terminal = Undrawn
