"""Reads a log that is a table (CSV, workbook, JSON Lines): each row is an event."""

from __future__ import annotations

from casebus.sdk.importing.files import FileRows
from casebus.sdk.importing.issues import Issue, RowNumber
from casebus.sdk.importing.logs.entries import Entries, LogEntry
from casebus.sdk.importing.logs.mapping import LogMapping


class LogTable:
    """The parts of a mapping that the reader of tables needs."""

    def __init__(self, mapping: LogMapping) -> None:
        self.delimiter = mapping.log.delimiter
        self.workbook = mapping.log.workbook
        self._mapping = mapping

    def columns(self) -> tuple[str, ...]:
        return self._mapping.attributes()

    def date_columns(self) -> frozenset[str]:
        return frozenset({self._mapping.event.time})

    def number_columns(self) -> frozenset[str]:
        return frozenset({self._mapping.case.id})


def table_entries(rows: FileRows) -> Entries:
    """Rows in the order of the file; raises the errors of `Rows`."""
    for number, cells in rows:
        place = number if isinstance(number, RowNumber) else RowNumber(number)
        if isinstance(cells, Issue):
            yield cells
        else:
            yield LogEntry(place, {name: text for name, text in cells.items() if text.strip()})
