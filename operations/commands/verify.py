"""`casebus verify`: finds out whether anything was lost, doubled, reordered or altered."""

from __future__ import annotations

import asyncio
import sys
from datetime import datetime
from typing import NamedTuple

import asyncpg
import click
from rich.console import Console
from rich.progress import Progress

from casebus.cli.ends import DONE, REFUSED
from casebus.cli.output import answer, json_option, table
from casebus.now import system_now
from casebus.settings import Settings
from casebus.words import in_words
from operations.commands.admin import Admin, as_admin
from operations.commands.progress import bar
from operations.commands.stopping import run
from operations.verify.checks import Advance
from operations.verify.checks import verify as compare
from operations.verify.jobs import collect_seldom
from operations.verify.report import Disagreement, VerifyReport, WorkPart
from operations.verify.signatures import SIGNATURES
from storage import proofs
from storage.pool import open_pool
from storage.proofs import Run
from storage.sampling import Sample

_WHOLE = 100.0
_STOPPED = "Stopped before the end: nothing is proved, and nothing of it runs any more."


@click.command()
@as_admin
@click.option(
    "--sample",
    "percent",
    type=click.FloatRange(0, _WHOLE),
    default=_WHOLE,
    metavar="PERCENT",
    help="Derive so many of a hundred cases again, drawn again each time; all bytes are read.",
)
@click.option(
    "--jobs",
    type=click.IntRange(min=1),
    metavar="NUMBER",
    help="Read the journal by so many processes; if not given, by one a core where it is long.",
)
@click.option(
    "--signatures/--no-signatures",
    default=True,
    help="Check each journaled event's signature again, by the keys that its admission knew.",
)
@json_option
def verify(
    admin: Admin, *, percent: float, jobs: int | None, signatures: bool, as_json: bool
) -> None:
    """Prove from Kafka and PostgreSQL that nothing was lost, doubled or altered.

    Reads every record of every topic, hashes it again and compares it with PostgreSQL's copy.
    Checks the journal's signatures. Then derives the cases again from the journal and compares
    every row.
    """
    collect_seldom()
    sample = Sample.drawn(percent / _WHOLE)
    how, began = _How(sample, jobs, signatures), system_now()
    settings = admin.settings
    report = _with_progress(settings, how, quiet=as_json)
    asyncio.run(_keep(settings.database_url, _run_of(report, began, percent, signatures)))
    answer(report.to_json(), as_json=as_json, show=lambda out: show(out, report, percent))
    sys.exit(DONE if report.ok else REFUSED)


def _run_of(report: VerifyReport, began: datetime, percent: float, signatures: bool) -> Run:
    """The kept part of the result. Places may reveal a case's subject, so they are only printed."""
    said = {
        "counts": report.counts,
        "problems": [{"code": one.code, "count": one.count} for one in report.problems.values()],
        "notices": [{"code": one.code, "count": one.count} for one in report.notices.values()],
    }
    return Run(began, system_now(), report.ok, percent, signatures, said)


async def _keep(url: str, run: Run) -> None:
    """For the ops desk; if it cannot be kept, the result stays the same."""
    try:
        pool = await open_pool(url, application="verify", most=1)
        async with pool, pool.acquire() as connection:
            await proofs.keep(connection, run)
    except (OSError, asyncpg.PostgresError) as error:
        click.echo(f"What was found is not kept for the ops desk: {in_words(error)}", err=True)


class _How(NamedTuple):
    sample: Sample
    jobs: int | None
    signatures: bool


def _with_progress(settings: Settings, how: _How, *, quiet: bool) -> VerifyReport:
    with bar(quiet=quiet) as shown:
        return run(compare(settings, _shown_by(shown), **how._asdict()), _STOPPED)


def _shown_by(shown: Progress) -> Advance:
    tasks = {}

    def advance(part: str, done: int, total: int) -> None:
        if part not in tasks:
            tasks[part] = shown.add_task(part, total=total)
        shown.update(tasks[part], completed=done, total=total)

    return advance


def show(out: Console, report: VerifyReport, percent: float = _WHOLE) -> None:
    """The result, for people."""
    out.print(table(("compared", "number"), [(w, f"{n:,}") for w, n in report.counts.items()]))
    out.print(table(("read", "records", "MiB", "seconds", "a second"), map(_read, report.parts)))
    if report.notices:
        out.print("What others did, and nothing was altered by it:")
        out.print(table(("said of them", "times", "where"), map(_cells, report.notices.values())))
    if percent < _WHOLE:
        out.print(f"Of the cases {percent:g} % were derived again; of the others only bytes agree.")
    if SIGNATURES not in report.counts:
        out.print("No signature was checked again.")
    if report.ok:
        out.print("[bold]Everything agrees: nothing lost, doubled, reordered or altered.[/bold]")
        return
    out.print("[bold red]Kafka, PostgreSQL and what is derived do not agree.[/bold red]")
    out.print(table(("problem", "times", "where"), map(_cells, report.problems.values())))


def _read(part: WorkPart) -> tuple[str, str, str, str, str]:
    pace = f"{part.records / part.seconds:,.0f}" if part.records and part.seconds else ""
    size = f"{part.bytes / (1 << 20):,.1f}" if part.bytes else ""
    return part.name, f"{part.records:,}" if part.records else "", size, f"{part.seconds:.1f}", pace


def _cells(one: Disagreement) -> tuple[str, str, str]:
    return one.code, f"{one.count:,}", "\n".join(one.places)
