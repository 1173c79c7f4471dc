"""`casebus export`: the agency's cases as a log for process mining."""

from __future__ import annotations

import gzip
import io
from collections.abc import Callable, Iterable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import BinaryIO, TextIO, cast

import click

from casebus.cli.connect import agency_option, open_gateway, settings_for
from casebus.cli.output import stderr
from casebus.files import appearing
from casebus.sdk.exporting import ocel, xes
from casebus.sdk.exporting.steps import LoggedStep, cases_of
from casebus.sdk.gateway import JSON

_FILE = click.Path(dir_okay=False, writable=True, path_type=Path)
_Writer = Callable[[Iterable[tuple[JSON, list[LoggedStep]]], TextIO], tuple[int, int]]


@click.command("export")
@click.option("--xes", "xes_file", type=_FILE, help="Write XES (IEEE 1849-2016); .gz is packed.")
@click.option("--ocel", "ocel_file", type=_FILE, help="Write OCEL 2.0 as JSON.")
@agency_option
def command(xes_file: Path | None, ocel_file: Path | None, agency: str | None) -> None:
    """Write the cases of your agency, as far as it may see them, as an event log.

    The file appears when it is whole.
    """
    wanted: list[tuple[Path, _Writer]] = []
    if xes_file is not None:
        wanted.append((xes_file, xes.write))
    if ocel_file is not None:
        wanted.append((ocel_file, ocel.write))
    if not wanted:
        raise click.UsageError("give --xes FILE, --ocel FILE or both")
    for path, write in wanted:
        with open_gateway(settings_for(agency)) as gateway:
            cases, events = _whole(path, write, cases_of(gateway))
        stderr().print(f"{path}: {cases} cases, {events} events")


def _whole(
    path: Path, write: _Writer, cases: Iterable[tuple[JSON, list[LoggedStep]]]
) -> tuple[int, int]:
    with appearing(path) as file, _text(file, packed=path.suffix == ".gz") as out:
        return write(cases, out)


@contextmanager
def _text(file: BinaryIO, *, packed: bool) -> Iterator[TextIO]:
    """The text stream of the file, which stays open."""
    with ExitStack() as stack:
        raw = stack.enter_context(gzip.GzipFile("", "wb", fileobj=file)) if packed else file
        out = io.TextIOWrapper(cast("BinaryIO", raw), encoding="utf-8")
        stack.callback(out.detach)
        yield out
