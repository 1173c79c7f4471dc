"""`casebus verify`: whether anything was lost, doubled, reordered or altered."""

from __future__ import annotations

import asyncio
import json
import sys
from pathlib import Path

import click

from casebus.settings import Settings
from onebox import credentials, environment
from onebox.options import SERVICES, read_options
from onebox.verify.checks import verify as compare
from onebox.verify.report import Report


@click.command()
@click.option("--home", type=click.Path(path_type=Path), default=None, help="The stack's data.")
@click.option("--json", "as_json", is_flag=True, help="Answer in JSON.")
def verify(home: Path | None, *, as_json: bool) -> None:
    """Prove from Kafka and PostgreSQL that nothing was lost, doubled or altered."""
    report = asyncio.run(compare(_settings(home)))
    if as_json:
        click.echo(json.dumps(report.to_json(), ensure_ascii=False, indent=1))
    else:
        _say(report)
    sys.exit(0 if report.ok else 1)


def _settings(home: Path | None) -> Settings:
    place = home or Settings().home
    options = read_options(place, None, SERVICES, {})
    return environment.admin_settings(options, credentials.load(options.place))


def _say(report: Report) -> None:
    for what, count in report.counts.items():
        click.echo(f"{count:>10,}  {what}")
    for problem in report.problems.values():
        click.secho(f"{problem.count:>10,}  {problem.code}", fg="red")
        for place in problem.places:
            click.echo(f"            {place}")
    good = "Everything agrees: nothing lost, doubled, reordered or altered."
    click.secho(good if report.ok else "Kafka and PostgreSQL do not agree.", bold=True)
