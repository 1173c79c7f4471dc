"""`casebus rebuild`: derive everything again from the journal, compare, and switch."""

from __future__ import annotations

import asyncio
import sys

import click
from rich.console import Console

from casebus.cli.ends import DONE, REFUSED
from casebus.cli.output import answer, json_option, table
from casebus.settings import Settings
from operations.commands.admin import Admin, as_admin
from operations.commands.progress import counted
from operations.rebuild.context import context_of
from operations.rebuild.rebuilding import Advance, Rebuilt, Switch, drop_old
from operations.rebuild.rebuilding import rebuild as derive_again
from storage.differences import MISSING, NOT_JOURNALED, OTHER, RowDifference

_SHOWN = 40
_SAID = {
    MISSING: "the journal has it, the table has not",
    NOT_JOURNALED: "the table has it, the journal has not",
}


@click.command()
@as_admin
@click.option("--compare-only", is_flag=True, help="Name what differs, and switch in no case.")
@click.option("--switch-anyway", is_flag=True, help="Switch though rows differ.")
@click.option("--drop-old", "drops", is_flag=True, help="Only drop what the last switch kept.")
@json_option
def rebuild(
    admin: Admin, *, compare_only: bool, switch_anyway: bool, drops: bool, as_json: bool
) -> None:
    """Derive every case again from the journal, beside; compare every row; switch if equal.

    The stack may run or not: Kafka and PostgreSQL must. The old tables are kept as schema
    derived_before. Nothing is sent to anybody.
    """
    if sum((compare_only, switch_anyway, drops)) > 1:
        raise click.UsageError("choose one of --compare-only, --switch-anyway and --drop-old")
    settings = admin.settings
    if drops:
        dropped = asyncio.run(drop_old(settings.database_url))
        said = "derived_before is dropped" if dropped else "there was nothing to drop"
        answer({"dropped": dropped}, as_json=as_json, show=lambda out: out.print(said))
        return
    switch = Switch.NEVER if compare_only else Switch.ANYWAY if switch_anyway else Switch.IF_EQUAL
    with counted("records derived again", quiet=as_json) as advance:
        found = asyncio.run(_derived_again(settings, switch, advance))
    answer(found.to_json(), as_json=as_json, show=lambda out: show(out, found))
    sys.exit(REFUSED if found.differing else DONE)


async def _derived_again(settings: Settings, switch: Switch, advance: Advance) -> Rebuilt:
    async with context_of(settings) as desk:
        return await derive_again(settings, desk, advance, switch=switch)


def show(out: Console, found: Rebuilt) -> None:
    """The result, for people."""
    out.print(
        f"{found.records:,} records, {found.cases:,} cases derived again in {found.seconds:.1f} s;"
        f" casework waited {found.fenced_seconds:.1f} s"
    )
    if found.differing:
        _show_differences(out, found)
    else:
        out.print("[bold]Every row comes out as it stands.[/bold]")
    if found.switched:
        out.print(
            f"Switched. What was read until now is kept as schema {found.kept}:"
            " casebus rebuild --drop-old drops it"
        )
    elif found.differing:
        out.print("Not switched: --switch-anyway does, once you know why they differ")


def _show_differences(out: Console, found: Rebuilt) -> None:
    counts = found.differing.counts.items()
    out.print(table(("table", "rows that differ"), [(name, f"{n:,}") for name, n in counts]))
    named = found.differing.named
    out.print(table(("table", "row", "what differs"), map(_cells, named[:_SHOWN])))
    if len(named) > _SHOWN:
        out.print(f"and more: --json names {len(named):,}")


def _cells(one: RowDifference) -> tuple[str, str, str]:
    row = " ".join(f"{name}={value}" for name, value in one.row.items())
    return one.table, row, ", ".join(one.columns) if one.how == OTHER else _SAID[one.how]
