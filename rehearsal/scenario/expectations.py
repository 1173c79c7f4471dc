"""The typed expectations of a storyline: one class for each assertion, named in EXPECTATIONS."""

from __future__ import annotations

from typing import Any, ClassVar, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

from casebus.errors import UnfitError
from rehearsal.scenario.moments import Day, Due, Legal

#: A step's label, an agency's word or a stream's name: resolved by the storyline.
Label = str
Word = str


class Expectation(BaseModel):
    """One expectation. `stream` is the storyline's first if neither it nor its block names one."""

    model_config = ConfigDict(extra="forbid", frozen=True)
    #: The field that a body without keys fills: `status: filed`.
    short: ClassVar[str | None] = None
    #: True if it says that something does not exist.
    negative: ClassVar[bool] = False

    stream: str | None = None

    def gives(self, field: str) -> bool:
        return field in self.model_fields_set

    def words(self) -> list[Word]:
        """The agencies named."""
        found: list[Word] = []
        for name in ("agency", "actor", "author"):
            found += [one] if (one := getattr(self, name, None)) else []
        for name in ("told", "to"):
            found += getattr(self, name, None) or []
        return found

    def streams(self) -> list[str]:
        """The other streams named."""
        found = [one for name in ("to_stream", "into") if (one := getattr(self, name, None))]
        return found + (getattr(self, "origins", None) or [])

    def labels(self) -> list[Label]:
        """The steps named."""
        found: list[Label] = []
        for name in ("event", "trigger", "stopped_by"):
            found += [one] if (one := getattr(self, name, None)) else []
        return found


class Status(Expectation):
    short = "leading"
    #: State of the case's leading region.
    leading: str | None = None
    #: Procedure -> state; unnamed regions may be in any.
    regions: dict[str, str] = Field(default_factory=dict)

    @model_validator(mode="before")
    @classmethod
    def _regions(cls, body: Any) -> Any:
        if isinstance(body, dict) and not {"leading", "regions"} & body.keys():
            stream = {"stream": body["stream"]} if "stream" in body else {}
            return {**stream, "regions": {key: body[key] for key in body if key != "stream"}}
        return body


class Roles(Expectation):
    #: Role -> its agencies; unnamed roles may have any.
    roles: dict[str, list[Word]]

    @model_validator(mode="before")
    @classmethod
    def _roles(cls, body: Any) -> Any:
        if isinstance(body, dict) and "roles" not in body:
            stream = {"stream": body["stream"]} if "stream" in body else {}
            return {**stream, "roles": {key: body[key] for key in body if key != "stream"}}
        return body

    def words(self) -> list[Word]:
        return [word for words in self.roles.values() for word in words]


State = Literal[
    "running", "paused", "met", "met_late", "cancelled", "lapsed", "breached", "unconfirmed"
]


class ClockFields(Expectation):
    """The possible statements about one clock. A value that is not stated may be anything."""

    status: State | None = None
    due: Due = None
    #: The last day before rolling on.
    nominal: Day | None = None
    started: Legal = None
    #: The day of receipt from which it counts, and the evidence for it.
    counted_from: Day | None = None
    counted_by: str | None = None
    actor: Word | None = None
    stopped_by: Label | None = None
    provisional: bool | None = None
    historic: bool | None = None
    #: Whether it stands still.
    paused: bool | None = None
    #: The number of its extensions.
    extended: int | None = None
    cause: str | None = None
    #: The first day of force of the rule's version.
    law_version: Day | None = None


class Clock(ClockFields):
    id: str
    #: The step that started it; without it, the clock of this id that started last.
    trigger: Label | None = None


class Clocks(Expectation):
    #: Every clock of the case, each id once.
    clocks: dict[str, ClockFields]

    @model_validator(mode="before")
    @classmethod
    def _clocks(cls, body: Any) -> Any:
        if isinstance(body, dict) and "clocks" not in body:
            stream = {"stream": body["stream"]} if "stream" in body else {}
            return {**stream, "clocks": {key: body[key] for key in body if key != "stream"}}
        return body

    def words(self) -> list[Word]:
        return [word for one in self.clocks.values() for word in one.words()]

    def labels(self) -> list[Label]:
        return [label for one in self.clocks.values() for label in one.labels()]


class NoClock(Expectation):
    """No clock of this id was ever started."""

    short = "id"
    negative = True
    id: str


class ClockEvent(Expectation):
    """The bus sent it about this clock. `told` is everyone who was told, in any order."""

    short = "clock"
    clock: str
    actor: Word | None = None
    told: list[Word] | None = None
    due: Due = None
    cause: str | None = None


class NoClockEvent(Expectation):
    """The bus did not send it about this clock; about no clock at all if none is named."""

    short = "clock"
    negative = True
    clock: str | None = None


class Breach(ClockEvent):
    pass


class NoBreach(NoClockEvent):
    pass


class BreachWithdrawn(ClockEvent):
    pass


class EarlyWarning(ClockEvent):
    pass


class NoWarning(NoClockEvent):
    pass


class Lapse(ClockEvent):
    pass


class NoLapse(NoClockEvent):
    pass


class LapseWithdrawn(ClockEvent):
    pass


class Finding(Expectation):
    """It is in force. `told` is everyone who was told, in any order; [] if nobody was."""

    short = "kind"
    kind: str
    #: The step that it is about.
    event: Label | None = None
    severity: Literal["INFO", "WARNING", "SERIOUS"] | None = None
    #: Names and values that it must have, among others.
    detail: dict[str, str] = Field(default_factory=dict)
    told: list[Word] | None = None


class NoFinding(Expectation):
    """No finding of this kind is in force; none at all if no kind is named."""

    short = "kind"
    negative = True
    kind: str | None = None
    event: Label | None = None


class Withdrawn(Expectation):
    """The bus took a finding of this kind back."""

    short = "kind"
    kind: str
    told: list[Word] | None = None


class Work(Expectation):
    agency: Word
    duty: str
    open: bool = True
    due: Due = None
    taken: bool | None = None


class NoWork(Expectation):
    """The agency never had such a duty; with `open: true`, it has none that is open."""

    negative = True
    agency: Word
    duty: str | None = None
    open: bool | None = None


class Order(Expectation):
    """These steps are in the case in this order; others may be between them."""

    short = "order"
    order: list[Label]

    def labels(self) -> list[Label]:
        return self.order


class Event(Expectation):
    """Such an event is in the case: for events without an assertion of their own."""

    short = "type"
    type: str
    author: Word | None = None
    #: All its recipients, in any order.
    to: list[Word] | None = None
    #: Fields its body must have, among others; bodies in bodies likewise.
    data: dict[str, Any] = Field(default_factory=dict)
    #: The number of them.
    count: int | None = None


class NoEvent(Expectation):
    short = "type"
    negative = True
    type: str
    author: Word | None = None
    data: dict[str, Any] = Field(default_factory=dict)


class Inbox(Expectation):
    """The agency's deliveries of the stream: labels of steps, or types of the bus's events."""

    agency: Word
    has: list[Label] = Field(default_factory=list)
    lacks: list[Label] = Field(default_factory=list)
    #: All of them, in any order, each as often as it came.
    exactly: list[Label] | None = None


class Access(Expectation):
    """The part of the case that an agency sees, and the note of its look."""

    agency: Word
    allowed: bool
    #: Its view of `event`. Without `event`: of every event that is neither its own nor addressed to
    #: it. Types and months only, the body without some fields, or everything.
    seen: Literal["types", "parts", "whole"] | None = None
    event: Label | None = None
    #: Fields of `event` that are left out.
    withholds: list[str] = Field(default_factory=list)
    #: The access log has the look, as allowed or refused.
    audited: Literal[True] | None = None

    @model_validator(mode="after")
    def _together(self) -> Self:
        if self.withholds and self.event is None:
            raise ValueError("withholds needs an event")
        if not self.allowed and (self.seen or self.event):
            raise ValueError("who is not allowed sees nothing of it")
        return self


class Assessment(Expectation):
    """The law's judgement of the figures after that step, or after the last that stated some."""

    verdict: Literal["MUST_TRANSFER", "TRANSFER_ON_SUSPICION", "WATCH"]
    event: Label | None = None
    offence: str | None = None
    rule: str | None = None
    tier: int | None = None
    #: Acts of the same organisation in other cases were added.
    accumulated: bool | None = None
    #: The author's own verdict was the severer one.
    claimed: bool | None = None


class Linked(Expectation):
    """The case is linked to another stream of the storyline; `kind` is the relation."""

    to_stream: str
    kind: str | None = None


class Origins(Expectation):
    """The streams that were merged into this case, itself included."""

    short = "origins"
    origins: list[str]


class Absorbed(Expectation):
    """The case goes on in that stream."""

    short = "into"
    into: str


class Numbers(Expectation):
    """The case is found by these local numbers."""

    short = "numbers"
    numbers: list[str]


EXPECTATIONS: dict[str, type[Expectation]] = {
    "status": Status,
    "roles": Roles,
    "clock": Clock,
    "clocks": Clocks,
    "no_clock": NoClock,
    "breach": Breach,
    "no_breach": NoBreach,
    "breach_withdrawn": BreachWithdrawn,
    "warning": EarlyWarning,
    "no_warning": NoWarning,
    "lapse": Lapse,
    "no_lapse": NoLapse,
    "lapse_withdrawn": LapseWithdrawn,
    "finding": Finding,
    "no_finding": NoFinding,
    "withdrawn": Withdrawn,
    "work": Work,
    "no_work": NoWork,
    "order": Order,
    "event": Event,
    "no_event": NoEvent,
    "inbox": Inbox,
    "access": Access,
    "assessment": Assessment,
    "linked": Linked,
    "origins": Origins,
    "absorbed": Absorbed,
    "numbers": Numbers,
}


def kind_of(one: Expectation) -> str:
    """The word for it in files."""
    return next(kind for kind, model in EXPECTATIONS.items() if model is type(one))


def read_expectation(row: Any) -> Expectation:
    """`{kind: body}`, or the kind alone; raises ValueError."""
    if isinstance(row, str):
        row = {row: None}
    if not isinstance(row, dict) or len(row) != 1:
        raise UnfitError("an expectation is one key, its kind, with what is expected")
    [(kind, body)] = row.items()
    model = EXPECTATIONS.get(kind)
    if model is None:
        raise UnfitError(f"no expectation is called {kind}; there are {', '.join(EXPECTATIONS)}")
    if body is None or isinstance(body, dict):
        return model.model_validate(body or {})
    if model.short is None:
        raise UnfitError(f"{kind} needs its fields written out")
    return model.model_validate({model.short: body})
