"""`casebus backup`: journal, directory and schema `own` in files, while the system runs."""

from __future__ import annotations

import asyncio
from pathlib import Path

import click
from rich.console import Console

from casebus.cli.output import answer, json_option
from casebus.errors import CasebusError
from operations.backup.taking import Source, TakenBackup
from operations.backup.taking import backup as take
from operations.commands.admin import Admin, as_admin
from operations.commands.progress import counted


@click.command()
@click.argument("folder", type=click.Path(file_okay=False, path_type=Path))
@as_admin
@click.option(
    "--with-keys",
    is_flag=True,
    help="Keep private keys, passwords and API keys too: they can sign as anybody here.",
)
@json_option
def backup(admin: Admin, folder: Path, *, with_keys: bool, as_json: bool) -> None:
    """Back up the data that nothing else holds into FOLDER, while the system runs.

    These are the journal and the directory from Kafka, schema own from PostgreSQL, and the schemas.
    A later backup into the same FOLDER adds only new data; each can be restored.
    """
    settings = admin.settings
    if not settings.root_digest:
        why = "CASEBUS_ROOT_DIGEST is empty: name the installation's root, or provision it first"
        raise CasebusError("no_installation", why)
    if with_keys and admin.pack_keys is None:
        raise click.UsageError("no keys are kept here: --with-keys has nothing to pack")
    pack_keys = admin.pack_keys if with_keys else None
    source = Source(settings, settings.root_digest, dict(admin.law), pack_keys)
    with counted("records written", quiet=as_json) as advance:
        taken = asyncio.run(take(source, folder, advance))
    made = taken.manifest
    said = {
        "backup": made.number,
        "sha256": taken.sha256,
        "records": made.records(),
        "new_records": taken.new_records,
        "keys": made.keys is not None,
    }
    answer(said, as_json=as_json, show=lambda out: _show(out, taken, folder))


def _show(out: Console, taken: TakenBackup, folder: Path) -> None:
    made = taken.manifest
    out.print(
        f"[bold]Backup {made.number}[/bold] in {folder}: {made.records():,} journal records,"
        f" {taken.new_records:,} records new; sha256 {taken.sha256}"
    )
    if made.keys is None:
        out.print("Keys and passwords are not in it: --with-keys, or keep them elsewhere")
