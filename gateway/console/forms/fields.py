"""The nodes of a form: one frozen node for each field of a body.

A place in a form is a path such as `goods.0.name`: it is the name of an input and the address of a
fault.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar, Literal

from casebus.law.acts import Need
from gateway.console.languages import Language

#: Inputs with a look or a check of their own: a day, a moment, a SHA-256.
Shape = Literal["text", "day", "moment", "digest"]
#: Names of the datalists that a page may offer.
Offered = Literal["agencies", "divisions"]

#: The most characters of one input: a line, and a text of several lines.
LINE, TEXT = 10_000, 50_000


@dataclass(frozen=True, slots=True)
class FieldError:
    """The fault of the value at a path. An empty path is the form as a whole."""

    path: str
    text: str


@dataclass(frozen=True, slots=True)
class FieldOption:
    value: str
    text: str


@dataclass(frozen=True, slots=True)
class Demand:
    """The law's requirement here, in words, with its article; `alone` if no other place will do."""

    text: str
    citation: str
    alone: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Field:
    """The parts of every node; `demands` are the law's requirements at this place."""

    kind: ClassVar[str]
    name: str
    label: str
    hint: str = ""
    demands: tuple[Demand, ...] = ()

    @property
    def children(self) -> tuple[AnyField, ...]:
        return ()

    @property
    def is_needed(self) -> bool:
        """True if the law demands it, or something in it."""
        return bool(self.demands) or any(one.is_needed for one in self.children)


@dataclass(frozen=True, slots=True, kw_only=True)
class TextField(Field):
    """A text: of one line, or of several."""

    kind: ClassVar[str] = "line"
    default: str = ""
    shape: Shape = "text"
    is_long: bool = False
    offered: Offered | None = None
    suggestions: tuple[FieldOption, ...] = ()

    @property
    def most(self) -> int:
        return TEXT if self.is_long else LINE


@dataclass(frozen=True, slots=True, kw_only=True)
class ChoiceField(Field):
    """One of the options; nothing chosen leaves the schema's default."""

    kind: ClassVar[str] = "choice"
    options: tuple[FieldOption, ...]
    #: The symbol that says nothing: it is shown as nothing chosen.
    unsaid: str | None = None
    empty: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Tick(Field):
    kind: ClassVar[str] = "tick"


@dataclass(frozen=True, slots=True, kw_only=True)
class YesNo(Field):
    """Yes, no, or nothing said."""

    kind: ClassVar[str] = "yes_no"
    options: tuple[FieldOption, ...]
    empty: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Number(Field):
    kind: ClassVar[str] = "number"
    least: int | None = None
    most: int | None = None
    is_whole: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class Amount(Field):
    """Money: typed in units (yuan), kept in hundredths."""

    kind: ClassVar[str] = "amount"
    currency: str
    currency_label: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ListField(Field):
    """A list, one item on each line; `number` if the items are whole numbers."""

    kind: ClassVar[str] = "lines"
    number: Number | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Ticks(Field):
    """Any of the options."""

    kind: ClassVar[str] = "ticks"
    options: tuple[FieldOption, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordField(Field):
    """A record; an optional one without any value is null."""

    kind: ClassVar[str] = "group"
    fields: tuple[AnyField, ...]
    is_optional: bool = False
    #: The first choices of a new form, because the law asks for them: path below -> value.
    chosen: tuple[tuple[str, str], ...] = ()

    @property
    def children(self) -> tuple[AnyField, ...]:
        return self.fields


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordList(Field):
    """Records, one below the other."""

    kind: ClassVar[str] = "rows"
    fields: tuple[AnyField, ...]
    #: Rows that are there when the form opens, with the chosen values in each.
    openings: tuple[tuple[tuple[str, str], ...], ...] = ()

    @property
    def children(self) -> tuple[AnyField, ...]:
        return self.fields


@dataclass(frozen=True, slots=True, kw_only=True)
class Pairs(Field):
    """Names with their values."""

    kind: ClassVar[str] = "pairs"
    fields: tuple[TextField, AnyField]

    @property
    def children(self) -> tuple[AnyField, ...]:
        return ()


AnyField = (
    TextField
    | ChoiceField
    | Tick
    | YesNo
    | Number
    | Amount
    | ListField
    | Ticks
    | RecordField
    | RecordList
    | Pairs
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Recipients(Field):
    """Agencies by id, and the sectors of which the law demands one."""

    kind: ClassVar[str] = "recipients"
    sectors: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Form:
    """A form for one type of event, in one language."""

    type: str
    title: str
    language: Language
    fields: tuple[AnyField, ...]
    recipients: Recipients = Recipients(name="to", label="")
    needs: tuple[Need, ...] = ()

    @property
    def needed(self) -> tuple[AnyField, ...]:
        return tuple(one for one in self.fields if one.is_needed)

    @property
    def rest(self) -> tuple[AnyField, ...]:
        return tuple(one for one in self.fields if not one.is_needed)


def child(fields: Sequence[AnyField], name: str) -> AnyField | None:
    return next((one for one in fields if one.name == name), None)
