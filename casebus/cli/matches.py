"""`casebus matches`: shows cases that may be the same as a case, with the reasons."""

from __future__ import annotations

from typing import Any

import click
from rich.console import Console

from casebus.cli.connect import agency_option, open_gateway, settings_for
from casebus.cli.output import answer, json_option, table
from casebus.cli.wording import local_time


@click.command("matches")
@click.argument("case")
@agency_option
@json_option
def command(case: str, agency: str | None, *, as_json: bool) -> None:
    """Show cases about the same seller and right as CASE (an id or any local number).

    The bus proposes; you decide, by `case.linked` or `case.merged`. For cases in which your agency
    has no part, you see whom to ask.
    """
    with open_gateway(settings_for(agency)) as gateway:
        found = gateway.matches(gateway.resolve(case))
    answer({"items": found}, as_json=as_json, show=lambda console: _show(console, found))


def _show(console: Console, found: list[dict[str, Any]]) -> None:
    rows = (
        (
            f"{one['score']:.2f}",
            one["case"] or "",
            one["opener"],
            local_time(one["opened_at"]),
            "; ".join(f"{why['kind']} {why['value']}" for why in one["reasons"]),
        )
        for one in found
    )
    console.print(table(("score", "case", "opened by", "opened", "why"), rows))
