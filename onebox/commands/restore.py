"""`casebus restore`: a backup into an empty home, or a lost Kafka's journal from the tables."""

from __future__ import annotations

import asyncio
from pathlib import Path

import click
from rich.console import Console

from casebus.cli.output import answer, json_option
from onebox import restore as restoring
from onebox.commands.shared import home_option, new_options, options_of
from operations.backup.chosen import chosen
from operations.backup.restoring import Restored
from operations.commands.progress import counted


@click.command()
@click.argument("folder", required=False, type=click.Path(file_okay=False, path_type=Path))
@home_option
@click.option("--port-base", type=click.IntRange(1024, 32760), help="First of six ports in a row.")
@click.option("--number", type=int, help="This backup of FOLDER; otherwise the newest.")
@click.option(
    "--journal-from-database",
    "from_tables",
    is_flag=True,
    help="Kafka was lost: write its journal back from PostgreSQL. FOLDER gives the directory only.",
)
@json_option
def restore(
    home: Path | None,
    folder: Path | None,
    port_base: int | None,
    number: int | None,
    *,
    from_tables: bool,
    as_json: bool,
) -> None:
    """Bring an installation back from FOLDER into an empty home; `casebus up` then starts it.

    Every file is checked before anything is written. The journal begins a new epoch, casework
    derives every case again, and nothing is announced twice.
    """
    if folder is None and not from_tables:
        raise click.UsageError("name the FOLDER of the backup, or --journal-from-database")
    found = chosen(folder, number) if folder is not None else None
    with counted("records written back", quiet=as_json) as advance:
        if from_tables:
            run = restoring.restore_journal(options_of(home), found, advance)
        elif found is not None:
            run = restoring.restore(new_options(home, port_base, ()), found, advance)
        restored = asyncio.run(run)
    answer(restored.to_json(), as_json=as_json, show=lambda out: _show(out, restored))


def _show(out: Console, restored: Restored) -> None:
    of = f", of {restored.taken_at}" if restored.taken_at else ""
    out.print(
        f"[bold]{restored.records:,} journal records and {restored.directory_entries:,} entries of"
        f" the directory are back{of}[/bold], under epoch {restored.epoch}"
    )
    if restored.sent_again:
        out.print(f"{restored.sent_again:,} records that were sent and not journaled go out again")
    out.print("Next: casebus up, then casebus verify")
