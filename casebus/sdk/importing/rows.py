"""Turns one row into its events, with notes on everything odd about it. Pure."""

from __future__ import annotations

import re
from collections.abc import Callable
from collections.abc import Mapping as Cells
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any

from casebus.admission.secrecy import secret_mark
from casebus.events.legaltime import EARLIEST, LegalTime
from casebus.events.minted import stream_id
from casebus.sdk.importing.cells import (
    parse_date,
    parse_integer,
    parse_yuan,
    uscc_fits,
)
from casebus.sdk.importing.issues import CellError, Issue, IssueCode
from casebus.sdk.importing.mapping import CellKind, CellSource, EventPart, Mapping, NumberCell
from casebus.sdk.importing.minting import MintedEvent
from casebus.sdk.importing.spoiled import (
    doubtful,
    is_nothing,
    may_have_lost_digits,
    shortened,
    spoiled,
    unwrapped,
    without_apostrophe,
    without_left_overs,
)
from casebus.trust.agency_names import AgencyNames
from casebus.written import plain, visible_text

_TRUE = frozenset({"是", "有", "true", "yes", "y", "1", "√", "✓"})
#: Values that JSON can name and nothing can store.
_NO_TEXT = re.compile("[\x00\ud800-\udfff]")
_FALSE = frozenset({"否", "无", "false", "no", "n", "0", "×"})


def _money(text: str) -> dict[str, Any]:
    return {"fen": parse_yuan(text), "currency": "CNY"}


def _day(text: str) -> str:
    return parse_date(text).date.isoformat()


def _boolean(text: str) -> bool:
    folded = text.lower()
    if folded in _TRUE or folded in _FALSE:
        return folded in _TRUE
    raise CellError(IssueCode.UNKNOWN_VALUE, "neither yes nor no")


_READERS: dict[CellKind, Callable[[str], Any]] = {
    "integer": parse_integer,
    "money": _money,
    "date": _day,
    "boolean": _boolean,
}


@dataclass(frozen=True, slots=True)
class ReadRow:
    """The result of a row: events to mint, or a refusal among its issues."""

    row: int
    stream: str = ""
    number: str = ""
    events: tuple[MintedEvent, ...] = ()
    issues: tuple[Issue, ...] = ()

    @property
    def refused(self) -> bool:
        return any(issue.refused for issue in self.issues)


#: A column's name in the file reader's form; a mapping names the same few again and again.
_header = lru_cache(maxsize=1024)(plain)


class RowRefusedError(Exception):
    """The row is out; its issue is on the list. Never leaves the readers of rows and logs."""


@dataclass(slots=True)
class RowReading:
    """One row during reading: its cells, and the issues found so far."""

    row: int
    cells: Cells[str, str]
    agencies: AgencyNames
    issues: list[Issue] = field(default_factory=list)

    def refuse(self, column: str, code: IssueCode, detail: str = "") -> RowRefusedError:
        self.issues.append(Issue(self.row, column, code, detail))
        return RowRefusedError()

    def note(self, column: str, code: IssueCode, detail: str = "") -> None:
        found = Issue(self.row, column, code, detail, refused=False)
        if found not in self.issues:
            self.issues.append(found)

    def raw(self, column: str | None) -> str:
        """The typed text; names and numbers keep their own width and brackets."""
        return unwrapped(self.cells.get(_header(column or ""), "").strip())

    def text(self, column: str | None) -> str:
        """The same text in one width, for reading and comparing."""
        return plain(self.raw(column))

    def value(self, cell: CellSource) -> Any:
        """The cell's value, or None if it is empty; raises RefusedError."""
        if cell.column is None:
            return cell.value
        text = self.text(cell.column)
        if not text:
            self._empty(cell)
            return None
        if cell.values:
            if text not in cell.values:
                raise self.refuse(cell.column, IssueCode.UNKNOWN_VALUE)
            return cell.values[text]
        try:
            return self._typed(cell, text)
        except CellError as error:
            raise self.refuse(cell.column, error.issue_code, error.detail) from error

    def _empty(self, cell: CellSource) -> None:
        if cell.required:
            raise self.refuse(cell.column or "", IssueCode.MISSING_VALUE)
        if not cell.optional:
            self.note(cell.column or "", IssueCode.EMPTY_CELL)

    def _typed(self, cell: CellSource, text: str) -> Any:
        if cell.kind == "uscc":
            return self._uscc(cell.column or "", text)
        if cell.kind == "agency":
            return self.agency(cell)
        if cell.kind == "text":
            self._note_spoiled(cell.column or "", text)
            return self.raw(cell.column)
        return _READERS[cell.kind](text)

    def _uscc(self, column: str, text: str) -> str:
        code = "".join(text.split()).upper()
        if not self._note_spoiled(column, code) and not uscc_fits(code):
            self.note(column, IssueCode.WRONG_CHECK_DIGIT)
        return code

    def _note_spoiled(self, column: str, text: str) -> bool:
        why = shortened(text) or may_have_lost_digits(text)
        if why:
            self.note(column, IssueCode.SPOILED_CELL, f"{text[:80]}: {why}")
        return bool(why)

    def agency(self, cell: CellSource) -> str | None:
        """A recipient's id; an unknown name is a note and no recipient."""
        name = self.text(cell.column) if cell.column else str(cell.value)
        if not name:
            self._empty(cell)
            return None
        known = self.agencies.find(name)
        if known is None:
            self.note(cell.column or "", IssueCode.UNKNOWN_AGENCY)
        return known.id if known else None

    def source(self, cell: CellSource) -> str:
        """An author's id; without it nobody can sign."""
        name = self.text(cell.column) if cell.column else str(cell.value)
        known = self.agencies.find(name)
        if known is None:
            code = IssueCode.UNKNOWN_SOURCE if name else IssueCode.MISSING_VALUE
            raise self.refuse(cell.column or "", code)
        return known.id

    def number(self, column: str) -> str:
        """A case's number, or nothing if there is none.

        Raises RefusedError if the cell shows that its content is not what was typed.
        """
        written = self.cells.get(_header(column), "").strip()
        visible = written if written.isprintable() else visible_text(written)
        meant = without_left_overs(without_apostrophe(unwrapped(visible)))
        cell = plain(meant)
        if not cell or is_nothing(cell):
            return ""
        if why := spoiled(cell):
            raise self.refuse(column, IssueCode.SPOILED_NUMBER, why[:120])
        if meant != visible:
            self.note(column, IssueCode.READ_AS_MEANT, meant[:80])
        if cell == _header(column):
            raise self.refuse(column, IssueCode.SPOILED_NUMBER, "the heading comes again")
        if why := doubtful(cell):
            self.note(column, IssueCode.SPOILED_CELL, f"{cell[:80]}: {why}")
        return meant

    def numbers(self, cells: tuple[NumberCell, ...]) -> list[dict[str, str]]:
        found = ((cell.kind, self.number(cell.column)) for cell in cells)
        return [{"kind": kind, "value": value} for kind, value in found if value]


def read_row(row: int, cells: Cells[str, str], mapping: Mapping, agencies: AgencyNames) -> ReadRow:
    """Read one row (`row` counts as a spreadsheet does; the header is 1)."""
    reading = RowReading(row, cells, agencies)
    try:
        refuse_secrets(reading)
        source = reading.source(mapping.case.source)
        number = reading.number(mapping.case.number.column)
        if not number:
            raise reading.refuse(mapping.case.number.column, IssueCode.MISSING_VALUE)
        stream = stream_id(source, mapping.case.number.kind, number)
        events = _events(reading, mapping, source, stream)
        if not events:
            raise reading.refuse(mapping.events[0].date.column or "", IssueCode.MISSING_VALUE)
        if all(event.source != source for event in events):
            raise reading.refuse(mapping.case.number.column, IssueCode.GIVER_SILENT, source)
    except RowRefusedError:
        return ReadRow(row, issues=tuple(reading.issues))
    return ReadRow(row, stream, number, events, tuple(reading.issues))


def refuse_secrets(reading: RowReading) -> None:
    """Raises RefusedError if any cell is marked as a state secret, or holds no text at all."""
    for column, text in reading.cells.items():
        if secret_mark(text):
            raise reading.refuse(column, IssueCode.STATE_SECRET)
        if not text.isprintable() and _NO_TEXT.search(text):
            raise reading.refuse(column, IssueCode.BAD_CELL, "a character that no text holds")


def _events(
    reading: RowReading, mapping: Mapping, source: str, stream: str
) -> tuple[MintedEvent, ...]:
    events: list[MintedEvent] = []
    for slot, part in zip(mapping.slots(), mapping.events, strict=True):
        if not _happened(reading, part):
            continue
        author = reading.source(part.source) if part.source else source
        own = (mapping.case.number,) if author == source else ()
        data = body_of(reading, part.fields)
        data["numbers"] = reading.numbers((*own, *part.numbers))
        event = MintedEvent(
            slot=slot,
            type=part.ce_type,
            stream=stream,
            source=author,
            to=_recipients(reading, part),
            legal=_legal(reading, part.date),
            data=data,
        )
        events.append(event)
    return tuple(events)


def _happened(reading: RowReading, part: EventPart) -> bool:
    if part.when and reading.text(part.when.column) not in part.when.values:
        return False
    if part.date.column is None or reading.text(part.date.column):
        return True
    if part.required or part.when:
        raise reading.refuse(part.date.column, IssueCode.MISSING_VALUE)
    return False


def _legal(reading: RowReading, cell: CellSource) -> LegalTime:
    column = cell.column or ""
    try:
        legal = parse_date(reading.text(column) if column else str(cell.value))
    except CellError as error:
        raise reading.refuse(column, error.issue_code, error.detail) from error
    if legal.date < EARLIEST:
        detail = f"no legal date lies before {EARLIEST.year}"
        raise reading.refuse(column, IssueCode.BAD_DATE, detail)
    return legal


def _recipients(reading: RowReading, part: EventPart) -> tuple[str, ...]:
    found = (reading.agency(cell) for cell in part.to)
    return tuple(dict.fromkeys(one for one in found if one))


def body_of(reading: RowReading, fields: Cells[str, CellSource]) -> dict[str, Any]:
    """An event's data: each field path with the value of its cell."""
    body: dict[str, Any] = {}
    for path, cell in fields.items():
        value = reading.value(cell)
        if value is not None:
            _place(body, path.split("."), value)
    return body


def _place(into: dict[str, Any], path: list[str], value: Any) -> None:
    """Put a value at its path; a whole number in a path is a place in a list."""
    at: Any = into
    for step, following in zip(path, [*path[1:], ""], strict=True):
        fresh: Any = value if not following else [] if following.isdigit() else {}
        if isinstance(at, list):
            while len(at) <= int(step):
                at.append(fresh)
            at = at[int(step)]
        else:
            at = at.setdefault(step, fresh)
