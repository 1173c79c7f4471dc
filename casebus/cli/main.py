"""`casebus`: its own commands, and those that an installed server part adds."""

from __future__ import annotations

import io
import logging
import os
import sys
from collections.abc import Callable
from functools import partial
from importlib.metadata import entry_points
from pathlib import Path
from typing import Any

import click

from casebus.cli import ends, start, streams
from casebus.cli.groups import CommandGroup
from casebus.cli.output import ShownError
from casebus.cli.server import cleared, from_entry_point, missing
from casebus.errors import CasebusError
from casebus.later import loaded
from casebus.words import in_words

#: Commands of this package: name → (module, one line for the list). Loaded when called.
OWN = {
    "publish": ("casebus.cli.publish", "Publish events of your agency, signed."),
    "import": ("casebus.cli.importing", "Import a spreadsheet or JSON Lines as history."),
    "cases": ("casebus.cli.cases", "Find cases by what is shown of them; sort and count them."),
    "penalties": (
        "casebus.cli.penalties",
        "Ask offices about penalties that were published and are not on the bus.",
    ),
    "history": ("casebus.cli.history", "Show a case's life, by id or any local number."),
    "inbox": ("casebus.cli.inbox", "Show, follow and acknowledge what your agency was sent."),
    "receipts": ("casebus.cli.receipts", "Show what is proved of an event's hand-over."),
    "witness": ("casebus.cli.witness", "See that the logs only grow; cosign their heads."),
    "evidence": (
        "casebus.cli.evidence",
        "Write a case's evidence as a file that anyone can check.",
    ),
    "verify": (
        "casebus.cli.verify",
        "Check a bundle of evidence offline, or all that an installation keeps.",
    ),
    "recall": ("casebus.cli.recall", "Take back an event of yours, and see who has read it."),
    "matches": ("casebus.cli.matches", "Show cases that may be one with a case, and why."),
    "keys": ("casebus.cli.keys", "Make keys; list, add and revoke them in the directory."),
    "stats": ("casebus.cli.stats", "Show the indicators, for a past moment too; make a report."),
    "export": ("casebus.cli.export", "Write your agency's cases as a log for process mining."),
    "rejects": ("casebus.cli.rejects", "Show what was rejected, and have it sent again."),
    "work": ("casebus.cli.work", "Show work items and act on them."),
    "ferry": (
        "casebus.cli.ferry",
        "Carry events where files alone pass.",
    ),
    "doctor": ("casebus.cli.doctor", "Say what is missing or wrong, and what to do about it."),
    "law": ("casebus.cli.law", "Check, draw, try and adopt the law files."),
    "schemas": ("casebus.cli.schemas", "Add, check and describe event types."),
}
#: For an error without a foreseen code. It is written out where it is raised, because a test reads
#: there which codes exist.
UNFORESEEN = "unforeseen"
ENTRY_POINTS = "casebus.commands"
#: The commands of the server part. They are named here so that an agency's install can say what is
#: missing, and so that the list of commands loads none of them.
SERVER = {
    "up": "Start Kafka, PostgreSQL, the services and the gateway on this machine.",
    "down": "Stop everything that `casebus up` started; the data stays.",
    "status": "Show the services of this machine, and whether all is ready.",
    "reset": "Stop everything and delete the stack's data, keys and credentials.",
    "env": "Print shell exports for an agency, operator, service, or admin.",
    "logs": "Show the log of a service, or of all.",
    "demo": "Play a counterfeit case from the market regulator to the court.",
    "rebuild": "Derive every case again from the journal, beside; compare; switch.",
    "backup": "Back up what nothing else holds, while the system runs.",
    "restore": "Bring an installation back into an empty home.",
    "year": "Make a synthetic year of one province, with its delays and mistakes.",
}


class _Stderr(logging.Handler):
    def emit(self, record: logging.LogRecord) -> None:
        click.echo(self.format(record), err=True)


class Commands(CommandGroup):
    """Loads a command's module at first use, so that `casebus --help` is quick."""

    def list_commands(self, _: click.Context) -> list[str]:
        return [*OWN, *(name for name in _added() if name not in OWN)]

    def get_command(self, _: click.Context, name: str) -> click.Command | None:
        if name in OWN:
            return _from_module(name)
        added = _added()
        if name in added:
            return from_entry_point(name, added[name])
        return missing(name) if name in SERVER else None

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """The list, made without loading any module of this package."""
        rows = [(name, line) for name, (_, line) in OWN.items()]
        added = (name for name in _added() if name not in OWN)
        rows += [(name, SERVER.get(name) or _short_help(ctx, self, name)) for name in added]
        with formatter.section("Commands"):
            formatter.write_dl(rows)

    def main(self, *given: Any, standalone_mode: bool = True, **more: Any) -> Any:
        run: Callable[..., Any] = super().main
        if not standalone_mode:
            return run(*given, standalone_mode=False, **more)
        sys.exit(streams.ended(partial(run, *given, **more)))

    def make_context(self, *given: Any, **more: Any) -> click.Context:
        try:
            return super().make_context(*given, **more)
        except KeyboardInterrupt:
            raise SystemExit(ends.STOPPED) from None
        except OSError as error:
            if streams.refused():
                raise streams.UnwrittenError from error
            raise

    def invoke(self, ctx: click.Context) -> Any:
        try:
            return super().invoke(ctx)
        except KeyboardInterrupt as error:
            what = "by Ctrl-C; what was not confirmed may have been done"
            raise ShownError(CasebusError("stopped", what), ctx, ends.STOPPED) from error
        except (click.ClickException, click.exceptions.Exit, click.Abort):
            raise
        except Exception as error:
            if streams.refused():
                raise streams.UnwrittenError from error
            shown = error if isinstance(error, CasebusError) else cleared(error) or _said(error)
            if shown.code == UNFORESEEN and ctx.params.get("verbose"):
                raise
            raise ShownError(shown, ctx) from error


@click.group(
    cls=Commands, epilog=ends.every(), context_settings={"help_option_names": ["-h", "--help"]}
)
@click.version_option(package_name="casebus")
@click.option("-v", "--verbose", is_flag=True, help="Show what the libraries log.")
def main(*, verbose: bool) -> None:
    """Refer cases between the agencies that protect intellectual property.

    Settings come from the environment (CASEBUS_*); on a development machine,
    eval "$(casebus env)" sets them all.
    """
    for stream in (sys.stdout, sys.stderr):
        # A terminal that lacks a character shows its code; nothing fails because of it.
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")
    level = logging.INFO if verbose else logging.ERROR
    logging.basicConfig(level=level, format="%(message)s", handlers=[_Stderr()])
    # What is waited for, a person is told.
    logging.getLogger("casebus.patience").setLevel(logging.INFO if verbose else logging.WARNING)
    # Its errors come as exceptions as well, with a sentence of ours.
    logging.getLogger("kafka").setLevel(logging.INFO if verbose else logging.CRITICAL)


def _added() -> dict[str, Any]:
    return {one.name: one for one in sorted(entry_points(group=ENTRY_POINTS))}


def _said(error: Exception) -> CasebusError:
    """The machine's own refusal; else a fault of ours, shown whole to a person who asks for it."""
    if isinstance(error, OSError):
        return CasebusError("machine_refused", in_words(error) + _named_by(error.filename))
    if isinstance(error, UnicodeEncodeError):
        says = f"something that was typed is no text in this terminal's encoding ({error.encoding})"
        return CasebusError("bad_encoding", says)
    detail = f"{in_words(error)}; `casebus -v` and the same command shows where, for a report"
    if "PYTHONPATH" in os.environ:
        detail += "; try it without PYTHONPATH, which may put another module in the place of ours"
    return CasebusError("unforeseen", detail)


def _named_by(place: Any) -> str:
    """Our variable that leads to the path, if one does; among several the most specific one."""
    if not isinstance(place, (str, os.PathLike)):
        return ""
    named = ((name, Path(one)) for name, one in os.environ.items() if name.startswith("CASEBUS_"))
    ours = {name: one.parts for name, one in named if one.parts}
    found = [name for name, one in ours.items() if Path(place).parts[: len(one)] == one]
    return f" (set by {max(found, key=lambda name: len(ours[name]))})" if found else ""


def _from_module(name: str) -> click.Command:
    command: click.Command = loaded(OWN[name][0]).command
    return command


def _short_help(ctx: click.Context, group: Commands, name: str) -> str:
    command = group.get_command(ctx, name)
    return command.get_short_help_str(80) if command else ""


if __name__ == "__main__":
    start.main()
