"""The form of a casebook: what is given, what the law says of it, in words and by which article."""

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
#: `regulator`, `police`, any sector of the law; a digit for a second one: `police2`.
Who = Annotated[str, StringConstraints(pattern=r"^[a-z_]+[0-9]?$")]


def _text(value: object) -> object:
    """Dates and moments as they are written: YAML makes values of them."""
    if isinstance(value, dt.datetime):
        return f"{value:%Y-%m-%d %H:%M}"
    return str(value) if isinstance(value, dt.date) else value


#: `2026-03-05` or `2026-03-05 09:00`, in China's time.
When = Annotated[str, BeforeValidator(_text), StringConstraints(pattern=r"^\d{4}-\d\d-\d\d( |$)")]
#: The same, `at once` where the law gives no period, `none` where no clock runs.
Due = Annotated[
    str, BeforeValidator(_text), StringConstraints(pattern=r"^(\d{4}-\d\d-\d\d|at once$|none$)")
]


class CasebookModel(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Vector(CasebookModel):
    """`rule` names it; `words` is the computation, to be followed with a calendar and the text."""

    rule: Text
    words: Text
    source: Text


class PeriodOf(CasebookModel):
    amount: int
    unit: Unit
    count_rule: Word
    closes_at: dt.time | None = None


class DateVector(Vector):
    """How one period ends that starts with a day."""

    clock: ClockId | None = None
    #: A period of no clock, to show how it is counted.
    period: PeriodOf | None = None
    trigger: When
    #: Of the trigger's body what chooses among the clock's rows.
    body: dict[str, Any] = {}
    due: Due
    nominal: When | None = None
    provisional: bool = False
    #: Only where it is provisional: from when it is certainly over.
    certain: When | None = None
    #: From when the row is in force that counts.
    version: When | None = None

    @model_validator(mode="after")
    def _one_period(self) -> Self:
        if (self.clock is None) == (self.period is None):
            raise ValueError("either a clock or a period")
        return self


class FactsVector(Vector):
    """What the standards say of figures that one event states."""

    date: When
    event: EventName = "penalty.decided"
    by: Who = "regulator"
    #: Events of the same author, that day, without figures, after which it comes in procedure.
    before: tuple[EventName, ...] = ()
    offence: str = ""
    #: First and last day of the acts.
    acts: tuple[When, When] | None = None
    #: Metric -> amount as the law files write it: 3万元, 500份.
    figures: dict[str, str] = {}
    items: tuple[dict[str, Any], ...] = ()
    rights: tuple[dict[str, Any] | str, ...] = ()
    #: Earlier punishments that the author knows of: the day, and `criminal` where it was one.
    prior: tuple[dict[str, Any], ...] = ()
    #: Unpunished acts of the same organisation that other cases hold.
    elsewhere: tuple[dict[str, Any], ...] = ()
    body: dict[str, Any] = {}
    #: The suspect is an organisation.
    organisation: bool = False
    verdict: Verdict | None = None
    #: Where the text leaves it open how far it goes, the severest that may be said.
    at_most: Verdict | None = None
    #: Names of the assessment's JSON -> what stands there.
    expect: dict[str, Annotated[Any, BeforeValidator(_text)]] = {}
    #: Whether the clocks of an owed transfer run, O01 and O02.
    owed: bool


class EventOf(CasebookModel):
    date: When
    by: Who
    event: EventName
    to: tuple[Who, ...] = ()
    body: dict[str, Any] = {}
    #: When the journal took it; as soon as it happened where it says nothing.
    recorded: When | None = None
    id: str | None = None
    imported: bool = False
    causation: tuple[str, ...] = ()


class ClockOf(CasebookModel):
    """What is expected of a clock, the last one of its id; what is not given is not asked."""

    status: str | None = None
    due: Due | None = None
    nominal: When | None = None
    certain: When | None = None
    provisional: bool | None = None
    historic: bool | None = None
    extended: int | None = None
    version: When | None = None


class CaseVector(Vector):
    """A whole case: its events, and what the bus makes of them by a moment."""

    events: tuple[EventOf, ...]
    #: What the scheduler told by then: ends of periods are events too.
    until: When
    status: str | None = None
    verdict: str | None = None
    clocks: dict[ClockId, ClockOf | Literal["none"]] = {}
    #: Clocks of which a breach is told, and nothing else may be; none where it says nothing.
    accused: tuple[ClockId, ...] = ()
    #: Kinds of the findings that stand, each as often as it does; not asked where absent.
    findings: tuple[str, ...] | None = None
    #: Any order of arrival gives the same.
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
    """A casebook; raises LawError with its line where it is not in the form."""
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
    """Without the tag of the kind, which no file has."""
    return [part for part in path if part not in _KINDS]
