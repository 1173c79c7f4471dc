"""`casebus year`: makes a synthetic year of one province, as a file or into the running stack."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from casebus.cli.connect import patience_option
from casebus.cli.output import answer, json_option, stderr
from casebus.errors import CasebusError
from casebus.later import later
from casebus.settings import Settings
from onebox import credentials, environment
from onebox.commands.shared import home_option, options_of, running
from onebox.options import Options

# The law and its fold, half a second that `casebus --help` does without.
if TYPE_CHECKING:
    from rehearsal.year import lines, loading, world
    from rehearsal.year import year as years
else:
    lines = later("rehearsal.year.lines")
    loading = later("rehearsal.year.loading")
    world = later("rehearsal.year.world")
    years = later("rehearsal.year.year")

Advance = Callable[[int], None]


@click.command()
@click.option("--cases", default=20_000, show_default=True, type=click.IntRange(1, 1_000_000))
@click.option("--seed", default=2025, show_default=True, help="The same seed is the same year.")
@click.option("--year", default=2025, show_default=True, type=click.IntRange(2020, 2100))
@click.option("--out", type=click.Path(dir_okay=False, path_type=Path), help="FILE.jsonl[.gz]")
@click.option("--load", is_flag=True, help="Send it to the running stack, as history.")
@click.option(
    "--from",
    "given",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="Load this file, written with --out, instead of making one.",
)
@patience_option
@home_option
@json_option
def year(
    out: Path | None,
    given: Path | None,
    home: Path | None,
    *,
    patience: float,
    load: bool,
    as_json: bool,
    **made: int,
) -> None:
    """Make a synthetic year of one province: all procedures, delays, holidays, mistakes.

    With --out the year is written as JSON Lines in the order of arrival. With --load its agencies
    are put into the directory of the running stack, and the year comes through the front door case
    by case. It is marked as an import, so it is history and accuses nobody, and as test data.
    """
    if load == (out is not None):
        raise click.UsageError("give --out FILE or --load")
    if given is not None and not load:
        raise click.UsageError("--from goes with --load")
    if out is not None:
        result = _write(out, made)
        answer(result, as_json=as_json, show=lambda shown: _wrote(shown, out, result))
        return
    result = _load(options_of(home), made, given, patience)
    answer(result, as_json=as_json, show=lambda shown: _show(shown, result))


def _wanted(made: dict[str, int]) -> world.YearOrder:
    settings = Settings()
    return world.YearOrder(
        **made,
        schemas=settings.schemas_dir.absolute(),
        policies=settings.policies_dir.absolute(),
    )


def _write(out: Path, made: dict[str, int]) -> dict[str, Any]:
    began = time.monotonic()
    with _progress() as bar:
        advance = _task(bar, "cases", made["cases"])
        events = lines.write(out, years.generate(_wanted(made), advance))
    return {**made, "events": events, "seconds": round(time.monotonic() - began, 1)}


def _load(
    options: Options, made: dict[str, int], given: Path | None, patience: float
) -> dict[str, Any]:
    now = running(options)
    if now is None or now.phase != "ready":
        raise CasebusError("not_running", "no stack runs here: casebus up")
    settings = environment.admin_settings(options, credentials.load(options.place))
    settings = settings.model_copy(update={"patience_seconds": patience})
    wanted = _wanted(made)
    offices = list(world.YearWorld.make(wanted).offices)
    began = time.monotonic()
    loading.register(options.place, settings, offices)
    registered = time.monotonic()
    with _progress() as bar:
        made_so_far = _task(bar, "cases made", made["cases"])
        texts = () if given else years.generate_by_case(wanted, made_so_far)
        read = lines.read(given) if given else map(lines.YearLine.from_json, texts)
        name = given.name if given else wanted.name
        loader = loading.Loader(settings, offices, loading.IMPORTER, name)
        loaded = loader.load(read, _task(bar, "events sent"))
        sent = time.monotonic()
        before, count = 0, _task(bar, "records still on their way")
        for behind in loading.backlog(settings):
            count(sum(behind.values()) - before)
            before = sum(behind.values())
    done = time.monotonic()
    return {
        **made,
        "agencies": len(offices),
        "import_id": loaded.import_id,
        "events": loaded.events,
        "copies": loaded.copies,
        "registered_seconds": round(registered - began, 1),
        "sent_seconds": round(sent - registered, 1),
        "settled_seconds": round(done - sent, 1),
        "events_a_second": round(loaded.events / (done - registered)),
    }


def _progress() -> Progress:
    """On stderr, if it is a terminal."""
    console = stderr()
    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
    )
    return Progress(*columns, console=console, disable=not console.is_terminal)


def _task(bar: Progress, what: str, total: int | None = None) -> Advance:
    task = bar.add_task(what, total=total)
    return lambda more: bar.advance(task, more)


def _wrote(out: Console, path: Path, made: dict[str, Any]) -> None:
    out.print(
        f"{made['events']:,} events of {made['cases']:,} cases in {path}, after {made['seconds']} s"
    )


def _show(out: Console, loaded: dict[str, Any]) -> None:
    out.print(
        f"[bold]{loaded['events']:,} events of {loaded['cases']:,} cases are there[/bold], said by"
        f" {loaded['agencies']} agencies: {loaded['events_a_second']:,} a second."
    )
    out.print(
        f"  directory {loaded['registered_seconds']} s, made and sent {loaded['sent_seconds']} s,"
        f" recorded and delivered {loaded['settled_seconds']} s later"
    )
    out.print("Next: casebus stats, casebus verify.")
