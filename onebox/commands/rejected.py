"""`casebus rejected`: all that admission rejected, for operators; an agency is shown its own."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import asyncpg
import click
from rich.console import Console

from casebus.cli.output import answer, json_option, table
from casebus.settings import Settings
from onebox import credentials, environment
from onebox.commands.shared import home_option, options_of
from storage import evidence

_COLUMNS = ("at", "door", "reason", "says it is of", "signed", "id", "detail")


@click.command()
@home_option
@click.option("--limit", type=click.IntRange(1, 10_000), default=50, help="How many, the last.")
@json_option
def rejected(home: Path | None, limit: int, *, as_json: bool) -> None:
    """What was rejected, the last first, whoever sent it."""
    options = options_of(home)
    settings = environment.admin_settings(options, credentials.load(options.place))
    rows = asyncio.run(_rows(settings, limit))
    answer(rows, as_json=as_json, show=lambda out: _show(out, rows))


async def _rows(settings: Settings, limit: int) -> list[dict[str, Any]]:
    connection = await asyncpg.connect(settings.database_url)
    try:
        return [dict(row) for row in await evidence.last_rejected(connection, limit)]
    finally:
        await connection.close()


def _show(out: Console, rows: list[dict[str, Any]]) -> None:
    shown = ("rejected_at", "door", "reason", "source", "verified", "event_id", "detail")
    out.print(table(_COLUMNS, [[_plain(row[name]) for name in shown] for row in rows]))


def _plain(value: Any) -> str:
    """No control sequence of a sender's reaches the terminal."""
    text = "" if value is None else str(value)
    return "".join(one if one.isprintable() else "�" for one in text)
