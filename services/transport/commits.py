"""Commits offsets without the table of text that Faust draws of each commit and shows nobody.

Five times a second and worker, it took 3 % of what admission spends. What this relies on inside
Faust is pinned by tests/unit/test_faust_pins.py.
"""

from __future__ import annotations

from faust.transport import consumer


class Undrawn:
    """Stands in for `faust.utils.terminal` where commits are logged."""

    @staticmethod
    def logtable(*_: object, **__: object) -> str:
        return ""


def install() -> None:
    """Let every consumer of this process commit this way."""
    consumer.terminal = Undrawn
