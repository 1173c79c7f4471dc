"""A reader's report on a cell: a refusal of the row, or a note on its data quality."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Self

from casebus.errors import CasebusError
from casebus.rejections import Reason


class IssueCode(StrEnum):
    """Stable codes of the import's report; docs/reason-codes.md explains each one."""

    BAD_DATE = "bad_date"
    """The cell is no date of a known form, or a day that no calendar has."""
    BAD_AMOUNT = "bad_amount"
    """The cell is no amount in yuan with at most two decimals."""
    BAD_INTEGER = "bad_integer"
    """The cell is no whole number."""
    UNKNOWN_VALUE = "unknown_value"
    """The mapping lists the values of this column, and this is none of them."""
    MISSING_VALUE = "missing_value"
    """The cell is empty and the mapping needs it."""
    UNKNOWN_SOURCE = "unknown_source"
    """The author's name is no agency that the mapping's list knows, so nobody can sign."""
    NO_KEY = "no_key"
    """This machine has no signing key of the author."""
    BAD_ROW = "bad_row"
    """The row has more or fewer cells than the header, or the line is no JSON object."""
    BAD_QUOTE = "bad_quote"
    """A quote opens in this line and is not closed in its row, or text follows where it closes."""
    SPOILED_NUMBER = "spoiled_number"
    """The number's cell shows that a spreadsheet changed it, so nobody knows what it was."""
    BAD_CELL = "bad_cell"
    """The workbook's cell shows an error, was never calculated, or has lost digits."""
    UNKNOWN_ACTIVITY = "unknown_activity"
    """The log's mapping does not list this activity."""
    DUPLICATE_ROW = "duplicate_row"
    """An earlier row of this file says the same about the same number."""
    NUMBER_REPEATED = "number_repeated"
    """An earlier row of this file says something else about the same number."""
    NUMBER_IN_USE = "number_in_use"
    """Another case on the bus carries this number: compare the two by hand."""
    GIVER_SILENT = "giver_silent"
    """No event of the row is by who gave the number, so the case would be nobody's."""
    EVENT_INVALID = "event_invalid"
    """The mapped fields do not fit the event type's schema."""
    STATE_SECRET = Reason.STATE_SECRET.value
    """The row is marked as a state secret and never enters the bus."""

    EMPTY_CELL = "empty_cell"
    """Note: the cell is empty; the field keeps its default."""
    UNKNOWN_AGENCY = "unknown_agency"
    """Note: the recipient's name is unknown; the event goes out without it."""
    WRONG_CHECK_DIGIT = "wrong_check_digit"
    """Note: the credit code's check digit is wrong; it is taken as written."""
    READ_AS_MEANT = "read_as_meant"
    """Note: the number was read without the sign that kept a spreadsheet from changing it."""
    SPOILED_CELL = "spoiled_cell"
    """Note: the cell shows that a spreadsheet changed it; it is taken as written."""
    HIDDEN_ROW = "hidden_row"
    """Note: the workbook hides this row; the mapping says whether it is taken."""
    EVENT_DROPPED = "event_dropped"
    """Note: an event that an earlier run minted is not in the row any more; it stands."""
    ATTRIBUTE_DROPPED = "attribute_dropped"
    """Note: the mapping does not read this attribute and the event's type has no place for it."""


class RowNumber(int):
    """A row's number in its sheet; it knows its sheet if there are several."""

    sheet: str

    def __new__(cls, number: int, sheet: str = "") -> Self:
        made = super().__new__(cls, number)
        made.sheet = sheet
        return made


@dataclass(frozen=True, slots=True)
class Issue:
    """One line of the report; a note does not keep the row out.

    Among the rows that a reader gives, a note belongs to the row after or before it.
    """

    row: int
    column: str
    code: IssueCode
    detail: str = ""
    refused: bool = True

    @property
    def sheet(self) -> str:
        return self.row.sheet if isinstance(self.row, RowNumber) else ""


class CellError(CasebusError):
    """A cell that cannot be read; the row's reader turns it into an `Issue`."""

    def __init__(self, code: IssueCode, detail: str = "") -> None:
        super().__init__(code, detail)
        self.issue_code = code


class FileError(CasebusError):
    """The whole file cannot be read: `missing_columns`, `bad_encoding`, `empty_file` and so on."""
