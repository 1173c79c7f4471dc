"""The output of commands: tables for people on stdout, JSON for programs, errors on stderr."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import asdict, is_dataclass
from datetime import date, datetime
from typing import IO, Any

import click
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from casebus.cli.ends import AWAY, DONE, PENDING, REFUSED
from casebus.errors import AwayError, CasebusError

_META = "casebus.json"
_WIDE = 240
#: The forms of an event, and of an action on a work item.
_RECORDED = frozenset({"journaled", "done"})
_IDS = frozenset({"case", "event id", "item", "key"})


def code_of(outcome: Mapping[str, Any]) -> int:
    """The exit code for the result of an event: 0 if journaled without a finding above INFO.

    Flags of admission count too: an event that has opened no case has no findings.
    """
    if outcome["status"] in _RECORDED:
        found = [one for one in outcome.get("findings") or () if one["severity"] != "INFO"]
        return REFUSED if found or outcome.get("flags") else DONE
    return REFUSED if outcome["status"] == "rejected" else PENDING


def _remember(ctx: click.Context, _param: click.Parameter, value: bool) -> bool:
    ctx.meta[_META] = value
    return value


#: Added to every command with an answer; errors are JSON then as well.
json_option = click.option(
    "--json", "as_json", is_flag=True, is_eager=True, callback=_remember, help="Answer as JSON."
)


class ShownError(click.ClickException):
    """A CasebusError as a terminal shows it: code first, then the sentence."""

    def __init__(self, error: CasebusError, ctx: click.Context, exit_code: int = REFUSED) -> None:
        super().__init__(str(error))
        self.error = error
        self.exit_code = exit_code
        if isinstance(error, AwayError):
            self.exit_code = AWAY
        self._as_json = bool(ctx.meta.get(_META))

    def show(self, file: IO[Any] | None = None) -> None:
        out = file or sys.stderr
        if self._as_json:
            body = {"error": {"code": self.error.code, "detail": self.error.detail}}
            click.echo(json.dumps(body, ensure_ascii=False), file=out)
        else:
            text = f": {printable(self.error.detail)}" if self.error.detail else ""
            click.echo(click.style(f"{self.error.code}{text}", fg="red"), file=out)


def stdout() -> Console:
    # If the output is not a terminal, there is no edge at which to fold.
    width = None if sys.stdout.isatty() else _WIDE
    return Console(soft_wrap=False, highlight=False, width=width)


def stderr() -> Console:
    """Progress and remarks, so that stdout holds only the answer."""
    return Console(stderr=True, highlight=False)


def answer(
    value: Any, *, as_json: bool, show: Callable[[Console], None], line: bool = False
) -> None:
    """Print a value as JSON (`line`: one line of many), or let `show` print it for people."""
    if as_json:
        indent = None if line else 2
        click.echo(json.dumps(value, ensure_ascii=False, indent=indent, default=_plain))
    else:
        show(stdout())


def table(
    headers: Sequence[str],
    rows: Iterable[Sequence[Any]],
    *,
    title: str = "",
    whole: Collection[str] = (),
) -> Table:
    """A table. `whole` are headers of columns that are not folded, besides those of ids."""
    made = Table(title=title or None, title_justify="left", header_style="bold")
    for header in headers:
        # Never cut, and ids are not folded either: people copy them.
        made.add_column(header, overflow="fold", no_wrap=header in _IDS or header in whole)
    for row in rows:
        made.add_row(*("" if cell is None else str(cell) for cell in row))
    return made


def foreign(value: Any) -> str:
    """Text that a stranger chose. It becomes harmless: neither control sequences nor markup."""
    return escape(printable("" if value is None else str(value)))


def printable(text: str) -> str:
    """A text without control sequences for a terminal."""
    return "".join(one if one.isprintable() or one == "\n" else "�" for one in text)


def _plain(value: Any) -> Any:
    if is_dataclass(value) and not isinstance(value, type):
        return asdict(value)
    if isinstance(value, (date, datetime)):
        return value.isoformat()
    if isinstance(value, bytes):
        return value.hex()
    if isinstance(value, (set, frozenset, tuple)):
        return list(value)
    return str(value)
