"""The report of an import: every refused row with its reason, and notes on the others."""

from __future__ import annotations

import csv
import json
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import TextIO

from casebus.sdk.importing.issues import FileError, Issue

#: Takes one issue; the caller decides what to do with it.
Report = Callable[[Issue], None]

_HEADERS = ("sheet", "row", "column", "code", "refused", "detail")


@dataclass(slots=True)
class LineCounts:
    """The fate of a text file's lines; all others are those that `rows_read` counts."""

    total: int = 0
    heading: int = 0
    empty: int = 0
    #: Lines after the first of a row that takes several.
    within_rows: int = 0


@dataclass
class ImportSummary:
    """The result of an import; `as_json` is the content for the CLI and `import.closed`."""

    import_id: str = ""
    dry_run: bool = False
    rows_read: int = 0
    rows_taken: int = 0
    rows_unchanged: int = 0
    rows_refused: int = 0
    events: int = 0
    corrections: int = 0
    notes: int = 0
    #: For a log that an earlier run had begun: the number of events that run had done.
    resumed_at: int = 0
    #: For a file of lines: the number of all lines.
    lines: LineCounts | None = None
    #: The number of issues by code, notes included.
    codes: Counter[str] = field(default_factory=Counter)

    def count(self, issue: Issue) -> None:
        self.codes[str(issue.code)] += 1
        if not issue.refused:
            self.notes += 1

    def as_json(self) -> dict[str, object]:
        return asdict(self) | {"codes": dict(sorted(self.codes.items()))}


@contextmanager
def report_to(path: Path | None, *, go_on: bool = False) -> Iterator[Report]:
    """Write issues as they come: CSV by the suffix .csv, JSON Lines otherwise.

    `go_on` adds to the report of a run that was cut off.
    """
    if path is None:
        yield lambda _issue: None
        return
    is_csv = path.suffix.lower() == ".csv"
    begins = not (go_on and path.is_file())
    # Excel reads a CSV as UTF-8 only if it begins with the mark.
    encoding = "utf-8-sig" if is_csv and begins else "utf-8"
    with _named(path):
        file = path.open(
            "w" if begins else "a", encoding=encoding, errors="backslashreplace", newline=""
        )
    with ExitStack() as stack:
        stack.enter_context(_named(path))
        stack.enter_context(file)
        write = _csv_report(file, begins=begins) if is_csv else _json_report(file)

        def told(issue: Issue) -> None:
            with _named(path):
                write(issue)

        yield told


@contextmanager
def _named(path: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise FileError("unwritable_report", f"{path.name}: {error.strerror}") from error


def _csv_report(file: TextIO, *, begins: bool) -> Report:
    writer = csv.DictWriter(file, _HEADERS)
    if begins:
        writer.writeheader()
    return lambda issue: writer.writerow(_row(issue))


def _json_report(file: TextIO) -> Report:
    def write(issue: Issue) -> None:
        file.write(json.dumps(_row(issue), ensure_ascii=False) + "\n")

    return write


def _row(issue: Issue) -> dict[str, object]:
    return {
        "sheet": issue.sheet,
        "row": int(issue.row),
        "column": issue.column,
        "code": str(issue.code),
        "refused": issue.refused,
        "detail": issue.detail,
    }
