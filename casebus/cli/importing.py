"""`casebus import`: turns a spreadsheet, JSON Lines or a foreign log into signed history."""

from __future__ import annotations

import sys
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import click
from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn

from casebus.cli import ends
from casebus.cli.connect import (
    agency_option,
    load_schemas,
    open_gateway,
    open_publisher,
    open_store,
    patience_option,
    require_agency,
    settings_for,
)
from casebus.cli.output import answer, json_option, stderr, table
from casebus.errors import AwayError, CasebusError
from casebus.later import later
from casebus.sdk.importing.agencies import load_agencies
from casebus.sdk.importing.files import FileRows, inspect
from casebus.sdk.importing.issues import FileError, Issue
from casebus.sdk.importing.kinds import load_mapping
from casebus.sdk.importing.logs.load import LogLoader
from casebus.sdk.importing.logs.mapping import LogMapping
from casebus.sdk.importing.logs.opening import LogFile, inspect_log
from casebus.sdk.importing.mapping import Mapping
from casebus.sdk.importing.recorded import AskGateway
from casebus.sdk.importing.report import ImportSummary, Report, report_to
from casebus.sdk.importing.run import Importer, ImportPorts
from casebus.settings import Settings
from casebus.signing.keyring import Keyring
from casebus.trust.agency_names import AgencyNames

if TYPE_CHECKING:
    from casebus.sdk import accounts
    from casebus.sdk.publisher import Publisher
else:
    accounts = later("casebus.sdk.accounts")

_FILE = click.Path(path_type=Path, exists=True, dir_okay=False)
#: The most issues on the terminal; the report file has all of them.
_SHOWN = 20


@click.command("import")
@click.argument("file", type=_FILE)
@click.option("--mapping", "mapping_file", type=_FILE, help="Default: FILE with .mapping.yaml.")
@agency_option
@click.option("--actor", default="", help="Pseudonym of the officer who imports.")
@click.option(
    "--report",
    type=click.Path(path_type=Path),
    help="Where to write every issue: .csv, else JSON Lines.",
)
@click.option("--dry-run", is_flag=True, help="Read and check all, send nothing.")
@patience_option
@click.option(
    "--ask/--no-ask",
    default=None,
    help="Ask the gateway for other cases with these numbers. Default: not in a dry run.",
)
@json_option
def command(
    file: Path,
    mapping_file: Path | None,
    agency: str | None,
    actor: str,
    report: Path | None,
    *,
    patience: float,
    dry_run: bool,
    ask: bool | None,
    as_json: bool,
) -> None:
    """Import FILE as history: a table (CSV, XLSX, JSON Lines) or a log (XES, OCEL 2.0, a table).

    The mapping says which of them it is, and what its columns or activities mean. A second run
    changes nothing; a changed row becomes a correction. An interrupted import of a log goes on
    where it stopped. The import waits for a gateway or Kafka that is away. If it stays away, the
    import ends with 4, and the same command goes on later. Refused rows are counted and reported.
    """
    mapping_path = mapping_file or _beside(file)
    mapping = load_mapping(mapping_path)
    settings = settings_for(agency or mapping.agency)
    settings = settings.model_copy(update={"patience_seconds": patience})
    issues: list[Issue] = []
    agencies = _agencies(mapping, mapping_path)
    with ExitStack() as stack:
        asks = not dry_run if ask is None else ask
        ports, publisher = _ports(stack, settings, agencies, dry_run, asks)
        work = _work(file, mapping, require_agency(settings), ports, actor)
        write = stack.enter_context(report_to(report, go_on=work.goes_on))
        summary = _run(work, file, _keeping(issues, write))
        unsent = _unsent(publisher) if publisher else 0
    shown = summary.as_json() | {"report": str(report) if report else None, "unsent": unsent}
    answer(shown, as_json=as_json, show=lambda console: _show(console, summary, issues, report))
    sys.exit(ends.REFUSED if summary.rows_refused else ends.PENDING if unsent else ends.DONE)


def _beside(file: Path) -> Path:
    path = file.with_name(file.name.removesuffix(".gz")).with_suffix(".mapping.yaml")
    if not path.is_file():
        raise FileError("bad_mapping", f"name a mapping file: there is no {path.name} beside it")
    return path


def _agencies(mapping: Mapping | LogMapping, mapping_path: Path) -> AgencyNames:
    if not mapping.agencies:
        raise FileError("bad_mapping", f"{mapping_path.name}: name a file of agencies")
    return load_agencies(mapping_path.parent / mapping.agencies)


def _ports(
    stack: ExitStack, settings: Settings, agencies: AgencyNames, dry_run: bool, asks: bool
) -> tuple[ImportPorts, Publisher | None]:
    schemas = load_schemas(settings)
    store = stack.enter_context(open_store(settings))
    publisher = None
    if not dry_run:
        opened = open_publisher(settings, schemas, store, _door_of(settings, agencies))
        publisher = stack.enter_context(opened)
    gateway = stack.enter_context(open_gateway(settings)) if asks else None
    ports = ImportPorts(
        schemas=schemas,
        store=store,
        agencies=agencies,
        can_sign=Keyring(settings.keys_dir).has,
        ask=AskGateway(gateway) if gateway else None,
        publish=publisher.publish if publisher else None,
    )
    return ports, publisher


def _unsent(publisher: Publisher) -> int:
    """Send the events that an interrupted import has kept; returns how many cannot be sent."""
    try:
        publisher.send_waiting()
    except AwayError:
        raise
    except CasebusError as error:
        stderr().print(f"{publisher.waiting()} signed events cannot be sent: {error}")
    return publisher.waiting()


def _door_of(settings: Settings, agencies: AgencyNames) -> Callable[[str], str]:
    def sector_of(agency: str) -> str:
        sector = agencies.sector(agency)
        if sector is None:
            raise CasebusError("sector_unknown", f"the mapping's agencies lack {agency}")
        return sector

    return accounts.doors_seen(settings, sector_of)


@dataclass(frozen=True, slots=True)
class _Work:
    """One file to import: runs with a report and a call after each batch."""

    run: Callable[[Report, Callable[[], None]], ImportSummary]
    size: int
    position: Callable[[], int]
    #: True if an earlier run of it was interrupted.
    goes_on: bool = False


def _work(
    file: Path, mapping: Mapping | LogMapping, agency: str, ports: ImportPorts, actor: str
) -> _Work:
    if isinstance(mapping, LogMapping):
        log = inspect_log(file, mapping)
        entries, loader = LogFile(log, mapping), LogLoader(agency, mapping, ports, actor)
        run = partial(loader.run, log, entries)
        return _Work(run, log.size, lambda: entries.position, loader.position(log) > 0)
    source = inspect(file, mapping.encoding)
    rows, importer = FileRows(source, mapping), Importer(agency, mapping, ports, actor)
    return _Work(partial(importer.run, source, rows), source.size, lambda: rows.position)


def _run(work: _Work, file: Path, report: Report) -> ImportSummary:
    columns = TextColumn("{task.description}"), BarColumn(), TimeRemainingColumn()
    console = stderr()
    with Progress(
        *columns, console=console, transient=True, disable=not console.is_terminal
    ) as progress:
        task = progress.add_task(file.name, total=work.size)
        return work.run(report, lambda: progress.update(task, completed=work.position()))


def _place(issue: Issue) -> str:
    return f"{issue.sheet} {issue.row}".strip()


def _keeping(issues: list[Issue], write: Callable[[Issue], None]) -> Callable[[Issue], None]:
    """Write every issue, and keep some for the terminal: refusals before notes."""

    def take(issue: Issue) -> None:
        write(issue)
        notes = [one for one in issues if not one.refused]
        if len(issues) < _SHOWN:
            issues.append(issue)
        elif issue.refused and notes:
            issues.remove(notes[-1])
            issues.append(issue)

    return take


def _show(console: Console, done: ImportSummary, issues: list[Issue], report: Path | None) -> None:
    would = "would be " if done.dry_run else ""
    if done.resumed_at:
        console.print(f"An earlier run was cut off: went on after {done.resumed_at} rows.")
    console.print(
        f"{done.rows_read} rows read: {done.rows_taken} taken"
        f" ({done.rows_unchanged} of them unchanged), {done.rows_refused} refused."
    )
    if lines := done.lines:
        console.print(
            f"{lines.total} lines: {lines.heading} of the heading, {lines.empty} empty,"
            f" {lines.within_rows} within rows; each other begins a row."
        )
    console.print(
        f"{done.events} events and {done.corrections} corrections {would}sent; {done.notes} notes."
    )
    if issues:
        # The issues that keep rows out come first.
        issues.sort(key=lambda one: (not one.refused, one.sheet, one.row))
        rows = (
            (_place(one), one.column, one.code, "refused" if one.refused else "note", one.detail)
            for one in issues
        )
        console.print(table(("row", "column", "code", "", "detail"), rows))
    total = sum(done.codes.values())
    if total > len(issues):
        rest = f"in {report}" if report else "with --report FILE"
        console.print(f"… and {total - len(issues)} more: all of them {rest}.")
