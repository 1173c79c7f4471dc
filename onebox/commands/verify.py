"""`casebus verify`: whether anything was lost, doubled, reordered or altered."""

from __future__ import annotations

import asyncio
import sys
from pathlib import Path

import click
from rich.console import Console

from casebus.cli.output import answer, json_option, table
from casebus.settings import Settings
from onebox import credentials, environment
from onebox.commands.shared import home_option, options_of
from onebox.verify.checks import verify as compare
from onebox.verify.report import Report


@click.command()
@home_option
@json_option
def verify(home: Path | None, *, as_json: bool) -> None:
    """Prove from Kafka and PostgreSQL that nothing was lost, doubled or altered."""
    report = asyncio.run(compare(_settings(home)))
    answer(report.to_json(), as_json=as_json, show=lambda out: _show(out, report))
    sys.exit(0 if report.ok else 1)


def _settings(home: Path | None) -> Settings:
    """Kafka's admin and the database's owner: they may read everything."""
    options = options_of(home)
    return environment.admin_settings(options, credentials.load(options.place))


def _show(out: Console, report: Report) -> None:
    out.print(table(("compared", "number"), [(w, f"{n:,}") for w, n in report.counts.items()]))
    if report.ok:
        out.print("[bold]Everything agrees: nothing lost, doubled, reordered or altered.[/bold]")
        return
    out.print("[bold red]Kafka and PostgreSQL do not agree.[/bold red]")
    rows = [(one.code, one.count, "\n".join(one.places)) for one in report.problems.values()]
    out.print(table(("problem", "times", "where"), rows))
