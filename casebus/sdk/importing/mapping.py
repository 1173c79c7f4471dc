"""The mapping file: which columns become which events of which case.

A shortened one::

    name: referrals-2025 # names the import: keep it when the file grows
    agencies: agencies.yaml # ids and names, beside the mapping file
    case: {number: {column: 移送书文号, kind: letter_no}, source: {column: 移送单位}}
    events:
      - type: referral.sent
        date: {column: 移送日期}
        to: [{column: 受理单位}]
        fields: {sales_amount: {column: 已销售金额（元）, as: money}}
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Any, Literal, Self

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator, model_validator

from casebus.events.types import in_full
from casebus.forms import said_of
from casebus.sdk.importing.issues import FileError
from casebus.words import in_words

#: The way to read a cell: `money` is an amount in yuan, kept in fen.
CellKind = Literal["text", "integer", "money", "date", "uscc", "agency", "boolean"]

Delimiter = Annotated[str, Field(pattern=r'^[^"\r\n]$')]


class MappingPart(BaseModel):
    """A part of a mapping file. An unknown name in it is an error."""

    model_config = ConfigDict(extra="forbid", frozen=True, populate_by_name=True)


class CellSource(MappingPart):
    """The source of a value: a column, or a constant `value`."""

    column: str | None = None
    value: Any = None
    kind: CellKind = Field(default="text", alias="as")
    #: If True, an empty cell keeps the row out; otherwise it is a note.
    required: bool = False
    #: If True, an empty cell is not noted.
    optional: bool = False
    #: Typed text → its meaning; empty takes every value as it is.
    values: dict[str, Any] = {}

    @model_validator(mode="after")
    def _one_origin(self) -> Self:
        if (self.column is None) == (self.value is None):
            raise ValueError("a cell has either a column or a value")
        return self


class NumberCell(MappingPart):
    """A column with a local number, and the kind of that number (letter_no, case_no, …)."""

    column: str
    kind: str


class RowCondition(MappingPart):
    """An event happens only in rows whose column holds one of `values`."""

    column: str
    values: tuple[str, ...]


class CasePart(MappingPart):
    """The number that names the case, and the agency that gave it."""

    number: NumberCell
    source: CellSource


class EventPart(MappingPart):
    """One event that a row may hold. Without a date in the row it did not happen."""

    type: str
    date: CellSource
    #: Defaults to the case's source.
    source: CellSource | None = None
    to: tuple[CellSource, ...] = ()
    #: The row is refused if this event's date is empty.
    required: bool = False
    when: RowCondition | None = None
    numbers: tuple[NumberCell, ...] = ()
    #: Field path (`suspects.0.organisation.name`) → cell.
    fields: dict[str, CellSource] = {}

    @property
    def ce_type(self) -> str:
        return in_full(self.type)


class SheetPart(MappingPart):
    """A sheet by name; `header` is the row of its column names if it differs."""

    name: str
    header: int | None = Field(default=None, ge=1)


class WorkbookPart(MappingPart):
    """The place of the rows in an Excel workbook. Each merged cell holds the common value."""

    #: `all`, or names; empty if only one sheet has rows.
    sheets: Literal["all"] | tuple[SheetPart, ...] = ()
    #: The row of the column names, counted from 1.
    header: int = Field(default=1, ge=1)
    #: If the heading has several rows, a column's name is `upper/lower`.
    header_rows: int = Field(default=1, ge=1, le=5)
    #: The rule for rows that the workbook hides; each is noted either way.
    hidden_rows: Literal["take", "leave"] = "take"

    @field_validator("sheets", mode="before")
    @classmethod
    def _named(cls, sheets: Any) -> Any:
        if not isinstance(sheets, list):
            return sheets
        return [{"name": one} if isinstance(one, str) else one for one in sheets]


class Mapping(MappingPart):
    """A whole mapping file; `digest` is the SHA-256 of its bytes."""

    format: Literal[1] = 1
    name: str
    title: str = ""
    #: The agency that keeps the file and imports it, if the caller names none.
    agency: str = ""
    #: A file with the agencies that its rows name, beside the mapping.
    agencies: str = ""
    #: For a CSV; `auto` reads UTF-8 with or without BOM, else GB 18030 as old Excel writes it.
    encoding: str = "auto"
    #: For a CSV; another delimiter is detected if the heading needs it.
    delimiter: Delimiter = ","
    workbook: WorkbookPart = WorkbookPart()
    case: CasePart
    events: tuple[EventPart, ...] = Field(min_length=1)
    digest: str = ""

    @classmethod
    def load(cls, path: Path) -> Mapping:
        """Read a mapping file; raises FileError `bad_mapping`, which names the wrong line."""
        try:
            raw = path.read_bytes()
            body = yaml.safe_load(raw)
            read = cls.model_validate(body)
        except OSError as error:
            raise FileError("bad_mapping", f"{path.name}: {error.strerror}") from error
        except yaml.YAMLError as error:
            raise FileError("bad_mapping", f"{path.name}: {in_words(error)}") from error
        except ValidationError as error:
            raise FileError("bad_mapping", f"{path.name}: {first_problem(error)}") from error
        return read.model_copy(update={"digest": hashlib.sha256(raw).hexdigest()})

    def columns(self) -> tuple[str, ...]:
        """Every column that the mapping reads, in the order it names them."""
        return tuple(dict.fromkeys(self._columns()))

    def date_columns(self) -> frozenset[str]:
        """Columns whose numbers are days, as a workbook counts them."""
        cells = (cell for event in self.events for cell in event.fields.values())
        found = {cell.column for cell in cells if cell.kind == "date"}
        return frozenset(one for one in found | {e.date.column for e in self.events} if one)

    def number_columns(self) -> frozenset[str]:
        """Columns that hold a case's number."""
        numbers = (one.column for event in self.events for one in event.numbers)
        return frozenset((self.case.number.column, *numbers))

    def slots(self) -> tuple[str, ...]:
        """A name for each event of a row: its type, numbered if a type comes again."""
        counts: dict[str, int] = {}
        names = []
        for event in self.events:
            counts[event.type] = counts.get(event.type, 0) + 1
            suffix = "" if counts[event.type] == 1 else f"#{counts[event.type]}"
            names.append(event.type + suffix)
        return tuple(names)

    def _columns(self) -> Iterator[str]:
        yield self.case.number.column
        yield from _named(self.case.source)
        for event in self.events:
            yield from _named(event.date, event.source, *event.to, *event.fields.values())
            yield from (number.column for number in event.numbers)
            if event.when:
                yield event.when.column


def _named(*cells: CellSource | None) -> Iterator[str]:
    yield from (cell.column for cell in cells if cell and cell.column)


def first_problem(error: ValidationError) -> str:
    """The first place at which a mapping is wrong, and the error there."""
    problem = error.errors()[0]
    place = ".".join(str(part) for part in problem["loc"])
    return f"{place or 'the file'}: {said_of(problem)}"
