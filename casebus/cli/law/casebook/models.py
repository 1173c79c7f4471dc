"""The form of a casebook: the facts, and the law's result in words and by article."""

from __future__ import annotations

import datetime as dt
from pathlib import Path
from typing import Annotated, Any, Literal, Self

from pydantic import (
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Discriminator,
    StringConstraints,
    Tag,
    ValidationError,
    model_validator,
)

from casebus.forms import said_of
from casebus.law.assessment import Verdict
from casebus.law.models import ClockId, EventName, Unit, Word
from casebus.law.reading import LawError, line_of, read_yaml

Text = Annotated[str, StringConstraints(min_length=4)]
#: `regulator`, `police`, any sector of the law; a digit marks a second one: `police2`.
Who = Annotated[str, StringConstraints(pattern=r"^[a-z_]+[0-9]?$")]


def _text(value: object) -> object:
    """Dates and moments as they are written, because YAML turns them into values."""
    if isinstance(value, dt.datetime):
        return f"{value:%Y-%m-%d %H:%M}"
    return str(value) if isinstance(value, dt.date) else value


#: `2026-03-05` or `2026-03-05 09:00`, in China's time.
When = Annotated[str, BeforeValidator(_text), StringConstraints(pattern=r"^\d{4}-\d\d-\d\d( |$)")]
#: The same, or `at once` if the law gives no period, or `none` if no clock runs.
Due = Annotated[
    str, BeforeValidator(_text), StringConstraints(pattern=r"^(\d{4}-\d\d-\d\d|at once$|none$)")
]


class CasebookModel(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Vector(CasebookModel):
    """One vector.

    `rule` names it; `words` is the computation, for a reader with calendar and law text.
    """

    rule: Text
    words: Text
    source: Text


class PeriodOf(CasebookModel):
    amount: int
    unit: Unit
    count_rule: Word
    closes_at: dt.time | None = None


class DateVector(Vector):
    """The end of one period that starts with a day."""

    clock: ClockId | None = None
    #: A period without a clock, to show how it is counted.
    period: PeriodOf | None = None
    trigger: When
    #: The fields of the trigger's body that choose among the clock's rows.
    body: dict[str, Any] = {}
    due: Due
    nominal: When | None = None
    provisional: bool = False
    #: Set only if it is provisional: the day from which it is certainly over.
    certain: When | None = None
    #: The first day of force of the row that counts.
    version: When | None = None

    @model_validator(mode="after")
    def _one_period(self) -> Self:
        if (self.clock is None) == (self.period is None):
            raise ValueError("either a clock or a period")
        return self


class FactsVector(Vector):
    """The standards' result for figures that one event states."""

    date: When
    event: EventName = "penalty.decided"
    by: Who = "regulator"
    #: Events of the same author on that day, without figures, which put it in procedure.
    before: tuple[EventName, ...] = ()
    offence: str = ""
    #: First and last day of the acts.
    acts: tuple[When, When] | None = None
    #: Metric -> amount in the form of the law files: 3万元, 500份.
    figures: dict[str, str] = {}
    items: tuple[dict[str, Any], ...] = ()
    rights: tuple[dict[str, Any] | str, ...] = ()
    #: Earlier punishments that the author knows: the day, and `criminal` if it was one.
    prior: tuple[dict[str, Any], ...] = ()
    #: Unpunished acts of the same organisation in other cases.
    elsewhere: tuple[dict[str, Any], ...] = ()
    body: dict[str, Any] = {}
    #: The suspect is an organisation.
    organisation: bool = False
    verdict: Verdict | None = None
    #: The severest possible verdict, if the law's text leaves room.
    at_most: Verdict | None = None
    #: Names in the assessment's JSON -> their values.
    expect: dict[str, Annotated[Any, BeforeValidator(_text)]] = {}
    #: True if the clocks of an owed transfer run, O01 and O02.
    owed: bool


class EventOf(CasebookModel):
    date: When
    by: Who
    event: EventName
    to: tuple[Who, ...] = ()
    body: dict[str, Any] = {}
    #: The time of journaling; if not given, the time of the event.
    recorded: When | None = None
    id: str | None = None
    imported: bool = False
    causation: tuple[str, ...] = ()


class ClockOf(CasebookModel):
    """The expectation for the last clock of an id; fields that are not given are not compared."""

    status: str | None = None
    due: Due | None = None
    nominal: When | None = None
    certain: When | None = None
    provisional: bool | None = None
    historic: bool | None = None
    extended: int | None = None
    version: When | None = None


class CaseVector(Vector):
    """A whole case: its events, and the bus's result by a moment."""

    events: tuple[EventOf, ...]
    #: Events that the scheduler sent by then: ends of periods are events too.
    until: When
    status: str | None = None
    verdict: str | None = None
    clocks: dict[ClockId, ClockOf | Literal["none"]] = {}
    #: Clocks with an announced breach, and no others; not given means none.
    accused: tuple[ClockId, ...] = ()
    #: Kinds of the findings in force, with repetitions; not compared if absent.
    findings: tuple[str, ...] | None = None
    #: True if any order of arrival gives the same result.
    any_order: bool = False


_KINDS = frozenset({"(date)", "(facts)", "(case)"})


def _kind(value: Any) -> str:
    given = value if isinstance(value, dict) else {}
    if "events" in given:
        return "(case)"
    return "(date)" if given.keys() & {"clock", "period", "trigger"} else "(facts)"


_Any = Annotated[
    Annotated[DateVector, Tag("(date)")]
    | Annotated[FactsVector, Tag("(facts)")]
    | Annotated[CaseVector, Tag("(case)")],
    Discriminator(_kind),
]


class Casebook(CasebookModel):
    title: Text
    vectors: tuple[_Any, ...]


def read(path: Path) -> Casebook:
    """A casebook; raises LawError with its line if it has a wrong form."""
    text = path.read_bytes()
    given = read_yaml(path.name, text)
    try:
        return Casebook.model_validate(given)
    except ValidationError as error:
        said = []
        for one in error.errors(include_url=False):
            place = _place(one["loc"])
            where = f"line {line_of(text, place)}: {'.'.join(map(str, place))}"
            said.append(f"{where}: {said_of(one)}")
        raise LawError("casebook_invalid", f"{path.name}: {'; '.join(said)}") from error


def _place(path: tuple[int | str, ...]) -> list[int | str]:
    """The place without the tag of the kind, which no file has."""
    return [part for part in path if part not in _KINDS]
