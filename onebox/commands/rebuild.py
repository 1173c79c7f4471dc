"""`casebus rebuild`: derive everything again from the journal, beside, and compare."""

from __future__ import annotations

import asyncio
import sys
from pathlib import Path
from typing import Any

import click
from rich.console import Console
from rich.progress import Progress

from casebus.cli.output import answer, json_option, table
from casebus.errors import CasebusError
from casebus.events.schemas import Schemas
from casebus.law import Law
from casebus.now import now_from
from casebus.sdk.directory import DirectoryFollower
from casebus.settings import Settings
from casebus.trust.directory import BUS
from casebus.trust.keys import SigningKey
from onebox import credentials, environment
from onebox.commands.shared import home_option, options_of
from onebox.rebuilding import Rebuilt
from onebox.rebuilding import rebuild as derive_again
from services.casework.desk import Desk
from services.casework.lawbooks import Lawbooks
from services.casework.streams import Streams

_START_SECONDS = 30
_SHOWN = 40


@click.command()
@home_option
@json_option
def rebuild(home: Path | None, *, as_json: bool) -> None:
    """Derive every case again from the journal, in a database beside, and name what differs.

    Changes nothing and says nothing; exit code 1 where a case comes out otherwise.
    """
    options = options_of(home)
    settings = environment.admin_settings(options, credentials.load(options.place))
    with Progress(console=Console(stderr=True), disable=as_json) as bar:
        task = bar.add_task("records derived again", total=None)
        found = asyncio.run(_rebuilt(settings, lambda count: bar.advance(task, count)))
    answer(found.to_json(), as_json=as_json, show=lambda out: _show(out, found))
    sys.exit(1 if found.differing else 0)


async def _rebuilt(settings: Settings, advance: Any) -> Rebuilt:
    schemas = Schemas.load(settings.schemas_dir)
    follower = DirectoryFollower(settings, schemas).start()
    try:
        if not await asyncio.to_thread(follower.wait, _START_SECONDS):
            raise CasebusError("directory_unread", "the directory did not answer in time")
        desk = Desk(
            schemas=schemas,
            lawbooks=Lawbooks(Law.load(settings.policies_dir / "law")),
            directory=follower.directory,
            key=SigningKey.load(settings.keys_dir / f"{BUS}.pem"),
            now=now_from(settings),
            streams=Streams(schemas),
            epoch=1,
        )
        return await derive_again(settings.database_url, desk, advance)
    finally:
        await asyncio.to_thread(follower.stop)


def _show(out: Console, found: Rebuilt) -> None:
    out.print(f"{found.records:,} records, {found.cases:,} cases derived again")
    if not found.differing:
        out.print("[bold]Every case comes out as it stands.[/bold]")
        return
    rows = list(found.differing.items())
    out.print(table(("case", "what differs"), rows[:_SHOWN]))
    if len(rows) > _SHOWN:
        out.print(f"and {len(rows) - _SHOWN} more: --json has all")
