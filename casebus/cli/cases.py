"""`casebus cases`: finds, sorts and counts cases by the facts shown of them."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import islice
from typing import Any

import click
from rich.console import Console
from rich.markup import escape

from casebus.cli.connect import agency_option, open_gateway, settings_for
from casebus.cli.output import answer, json_option, table
from casebus.cli.wording import local_time

_DAY = click.DateTime(["%Y-%m-%d"])
_PAGE = 500
_SORTS = ("-changed", "changed", "-opened", "opened", "due")
_GROUPS = ("all", "status", "procedure", "agency", "month")
_STATES = ("overdue", "running", "unconfirmed", "breached", "paused", "met", "met_late")


def _filters(command: Any) -> Any:
    """The options that select cases; all of them must fit."""
    options = (
        click.option("--status", help="A state, of any procedure of the case: filed."),
        click.option("--procedure", help="A procedure that runs in the case: referral."),
        click.option("--of", "of_agency", help="Opened by this agency, or it holds a role."),
        click.option("--division", help="Opened in this division or below it: 330100."),
        click.option("--clock", help="It has this clock: T08."),
        click.option(
            "--clock-state",
            type=click.Choice([*_STATES, "cancelled", "lapsed"]),
            help="The state of that clock, or of any.",
        ),
        click.option("--overdue", is_flag=True, help="As --clock-state overdue: owed and late."),
        click.option("--due-within", "due_within_days", type=int, help="Days until one is due."),
        click.option("--due-to", type=_DAY, help="Last day on which one falls due, from now on."),
        click.option("--finding", help="It has a finding of this kind: gap."),
        click.option("--offence", help="Article that an assessment names: 214."),
        click.option("--opened-from", type=_DAY, help="First day of opening."),
        click.option("--opened-to", type=_DAY, help="Last day of opening."),
        click.option("--changed-from", type=_DAY, help="First day of the last change."),
        click.option("--changed-to", type=_DAY, help="Last day of the last change."),
        click.option("--organisation", help="A party's 统一社会信用代码."),
        click.option("--number", help="A local number: 案号, 移送书文号."),
        click.option("--event", help="The id of one of its events."),
        click.option("--trace", help="A trace id, or a whole traceparent."),
        click.option("--title", help="Words of its title or of its matter's, 案由."),
    )
    for option in reversed(options):
        command = option(command)
    return command


@click.command("cases")
@_filters
@click.option("--sort", type=click.Choice(_SORTS), default="-changed", help="- is latest first.")
@click.option("--limit", type=click.IntRange(1, 100_000), default=50, help="How many to show.")
@click.option("--count", "by", type=click.Choice(_GROUPS), help="Only how many, by what.")
@agency_option
@json_option
def command(
    sort: str, limit: int, by: str | None, agency: str | None, *, as_json: bool, **given: Any
) -> None:
    """List your agency's cases; as `admin` those of all agencies, without the content of bodies.

    You find a case only by facts that you are shown of it.
    """
    wanted = _wanted(given)
    with open_gateway(settings_for(agency)) as gateway:
        counted = gateway.count_cases(**wanted, by=by or "all")
        if by:
            answer(counted, as_json=as_json, show=lambda console: _show_counts(console, counted))
            return
        rows = gateway.cases(**wanted, sort=sort, limit=min(limit, _PAGE))
        items = list(islice(rows, limit))
    value = {"items": items, "total": counted["total"]}
    answer(value, as_json=as_json, show=lambda console: _show(console, items, counted["total"]))


def _wanted(given: dict[str, Any]) -> dict[str, Any]:
    """The options under the gateway's names."""
    wanted = {name: one for name, one in given.items() if one not in (None, "", False)}
    if wanted.pop("overdue", False):
        if wanted.get("clock_state", "overdue") != "overdue":
            raise click.UsageError("--overdue is a --clock-state: give one of them")
        wanted["clock_state"] = "overdue"
    if "of_agency" in wanted:
        wanted["agency"] = wanted.pop("of_agency")
    days = ("opened_from", "opened_to", "changed_from", "changed_to", "due_to")
    return wanted | {name: f"{wanted[name]:%Y-%m-%d}" for name in days if name in wanted}


def _show(console: Console, items: Sequence[dict[str, Any]], total: int) -> None:
    rows = (
        (
            one["id"],
            escape(" ".join(number["value"] for number in one.get("numbers") or ())),
            escape("\n".join(one.get("matter_titles") or ())),
            escape(one.get("title") or ""),
            _states(one),
            one.get("opener"),
            local_time(one.get("opened_at")),
            local_time(one["updated_at"]),
        )
        for one in items
    )
    headers = ("case", "numbers", "案由", "状态", "status", "opened by", "opened", "changed")
    console.print(table(headers, rows))
    more = "; more with --limit" if total > len(items) else ""
    console.print(f"{len(items)} of {total}{more}")


def _states(case: dict[str, Any]) -> str:
    """The state of each procedure that runs in the case."""
    return " ".join(one["status"] for one in case.get("regions") or [case])


def _show_counts(console: Console, counted: dict[str, Any]) -> None:
    rows = ((one["value"], one["count"]) for one in counted["items"])
    if counted["by"] != "all":
        console.print(table((counted["by"], "cases"), rows))
    console.print(f"{counted['total']} in all")
