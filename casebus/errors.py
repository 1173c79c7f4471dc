"""Stable codes for faults of a record, a request or a call, one word each.

The codes appear in the `rejected` topic, in HTTP problems and in the CLI's output;
docs/reason-codes.md explains each one to the sender.
"""

from __future__ import annotations


class CasebusError(Exception):
    """An error that a person can act on: a stable `code` and a sentence without case content."""

    def __init__(self, code: str, detail: str = "") -> None:
        super().__init__(f"{code}: {detail}" if detail else code)
        self.code = code
        self.detail = detail


class AwayError(CasebusError):
    """Something needed does not answer now. Nothing was lost, and the caller may ask again."""

    def __init__(self, code: str, detail: str = "", *, after_seconds: float = 0.0) -> None:
        super().__init__(code, detail)
        #: Seconds for which the one that answered asks to be left alone.
        self.after_seconds = after_seconds


class UnfitError(ValueError):
    """A value without its required meaning, in words for the person who wrote it."""
