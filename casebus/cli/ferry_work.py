"""`casebus work list` in an office behind a ferry: from arrived events, without a gateway."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click
from rich.console import Console

from casebus.cli import work_tables
from casebus.cli.connect import case_named
from casebus.cli.ferry import desk_at
from casebus.cli.work_items import SHORT
from casebus.events.types import event_name
from casebus.law import Law
from casebus.now import now_from
from casebus.sdk.ferry.config import read_config
from casebus.sdk.ferry.duties import Duties
from casebus.settings import Settings

JSON = dict[str, Any]


def page(
    settings: Settings, home: Path, *, status: str, case: str | None, limit: int, cursor: str
) -> JSON:
    if not (cursor.isascii() and cursor.isdigit()):
        raise click.UsageError("--cursor is what the list before ended with")
    stream = case_named(settings, case) if case else None
    law, sector = Law.load(settings.policies_dir / "law"), read_config(home).sector
    now = now_from(settings)()
    with desk_at(home) as desk:
        duties = Duties(desk, law, sector)
        return duties.page(now, status=status, stream=stream, limit=limit, first=int(cursor))


def show(console: Console, found: JSON, status: str) -> None:
    work_tables.page(console, found, status)
    for one in found["items"]:
        acts = "  ".join(
            f"{name.replace('_', '-')} → {event_name(ce_type)}"
            for name, ce_type in one["actions"].items()
        )
        console.print(f"{one['key'][:SHORT]}  {acts}", markup=False)
    console.print("By what came here. Act: casebus publish --type TYPE --case CASE", markup=False)
