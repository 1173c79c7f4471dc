"""A storyline: who does what, when, in which way, after which step, and what must be true then.

examples/README.md describes the format. Reading checks everything that can be known without the
law.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, Literal, Self

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator, model_validator

from casebus.errors import CasebusError, UnfitError
from casebus.events.doors import BUS
from casebus.events.legaltime import LegalTime
from casebus.events.types import in_full
from casebus.forms import said_of
from casebus.words import in_words
from rehearsal.scenario import yaml_text
from rehearsal.scenario.expectations import Expectation, read_expectation
from rehearsal.scenario.moments import Legal, Moment
from rehearsal.scenario.yaml_text import Ref

#: http: `POST /v1/events`. work: the work item's action over HTTP. cli: `casebus publish`, or
#: `casebus work` if the step answers a work item. kafka: the finished record, sent unchanged to the
#: front door. bus: nobody acts, the bus sends it.
Via = Literal["cli", "http", "kafka", "work"]


class StorylineError(CasebusError):
    """A file that cannot be played; the text names file, entry and reason."""

    def __init__(self, detail: str) -> None:
        super().__init__("storyline_bad", detail)


class _Model(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, arbitrary_types_allowed=True)


class StorylineTitles(_Model):
    zh: str
    en: str


class StorylineStep(_Model):
    """One event that somebody sends. `at` is the moment of its author's act, aware."""

    label: str = Field(pattern=r"^[a-z][a-z0-9_]*$")
    at: Moment
    #: A word of `agencies`; after a slash one of its systems.
    author: str = Field(alias="from")
    type: str = Field(pattern=r"^[a-z_]+\.[a-z_]+$")
    stream: str = ""
    #: Words of `agencies`.
    to: tuple[str, ...] = ()
    legaltime: Legal = None
    #: Labels of earlier steps of the same stream.
    causation: tuple[str, ...] = ()
    via: Via = "http"
    #: The kind of work item that the step answers, and the officer's word for it.
    duty: str = ""
    action: str = ""
    #: The officer's pseudonym.
    actor: str = ""
    data: dict[str, Any] = Field(default_factory=dict)
    #: Delivered twice, byte for byte.
    twice: bool = False
    #: Its arrival on the bus, if that is later than `at`.
    arrives: Moment | None = None
    #: The reason code with which gateway or admission refuses it.
    rejected: str = ""

    @model_validator(mode="before")
    @classmethod
    def _default_way(cls, row: Any) -> Any:
        if isinstance(row, dict) and "via" not in row:
            raw = row.get("twice") or row.get("arrives")
            way = "kafka" if raw else "work" if row.get("duty") else "http"
            return {**row, "via": way}
        return row

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        if bool(self.duty) != bool(self.action):
            raise ValueError("duty and action go together")
        if self.via == "work" and not self.duty:
            raise ValueError("via work needs duty and action")
        if self.duty and self.via not in ("work", "cli"):
            raise ValueError(f"a work item is answered via work or cli, not {self.via}")
        if (self.twice or self.arrives) and self.via != "kafka":
            raise ValueError("only via kafka can a record come twice or late")
        if self.arrives is not None and self.arrives <= self.at:
            raise ValueError("arrives is not later than at")
        return self

    @property
    def ce_type(self) -> str:
        return in_full(self.type)

    @property
    def legal(self) -> LegalTime:
        """The legal time of the act; the moment `at` unless the step gives another."""
        if self.legaltime is None:
            return LegalTime.of(self.at)
        if isinstance(self.legaltime, LegalTime):
            return self.legaltime
        return LegalTime(LegalTime.of(self.at).date)

    @property
    def sent_at(self) -> dt.datetime:
        return self.arrives or self.at

    @property
    def word(self) -> str:
        """The author's word, without its system."""
        return self.author.partition("/")[0]


class Look(_Model):
    """A moment at which something must be true; without `at`, the moment of the entry before."""

    at: Moment
    stream: str | None = None
    #: The reason: printed if it fails.
    note: str = ""
    expect: tuple[Expectation, ...]

    @field_validator("expect", mode="before")
    @classmethod
    def _typed(cls, rows: Any) -> Any:
        if not isinstance(rows, list) or not rows:
            raise ValueError("expect is a list of assertions")
        return tuple(_expectation(at, row) for at, row in enumerate(rows))


Entry = StorylineStep | Look


class Storyline(_Model):
    """One file; `steps` are acts and looks in the order of their moments."""

    storyline: int
    title: StorylineTitles
    about: str = ""
    #: Anchors for the rest of the file.
    define: Any = None
    #: Word in this file -> agency.
    agencies: dict[str, str] = Field(min_length=1)
    #: Name -> the subject of the case.
    streams: dict[str, str] = Field(min_length=1)
    steps: tuple[Entry, ...]

    @property
    def acts(self) -> Iterator[StorylineStep]:
        return (entry for entry in self.steps if isinstance(entry, StorylineStep))

    @property
    def looks(self) -> Iterator[Look]:
        return (entry for entry in self.steps if isinstance(entry, Look))

    @property
    def first_stream(self) -> str:
        return next(iter(self.streams))

    def stream_of(self, step: StorylineStep) -> str:
        return step.stream or self.first_stream

    def source_of(self, step: StorylineStep) -> str:
        """The step's `ce_source`."""
        word, slash, system = step.author.partition("/")
        return self.agencies[word] + slash + system

    def agency_of(self, word: str) -> str:
        return BUS if word == BUS else self.agencies[word]

    def recipients_of(self, step: StorylineStep) -> tuple[str, ...]:
        return tuple(self.agencies[word] for word in step.to)


@dataclass(frozen=True, slots=True)
class _Place:
    """The place of an entry, for errors."""

    file: str
    name: str
    line: int

    def error(self, reason: str) -> StorylineError:
        return StorylineError(f"{self.file}:{self.line}: {self.name}: {reason}")


def read(path: Path) -> Storyline:
    """Raises StorylineError with file, line, step and reason."""
    try:
        document = yaml_text.read(path.read_text(encoding="utf-8"))
    except (yaml.YAMLError, UnicodeDecodeError, UnfitError) as error:
        raise StorylineError(f"{path.name}: {in_words(error)}") from error
    if not isinstance(document.content, dict):
        raise StorylineError(f"{path.name}: a storyline is a mapping")
    rows = document.content.get("steps")
    if not isinstance(rows, list):
        raise StorylineError(f"{path.name}: steps is a list")
    places = [
        _Place(path.name, _name(row), line)
        for row, line in zip(rows, document.lines["steps"], strict=True)
    ]
    entries = _entries(rows, places)
    try:
        storyline = Storyline.model_validate({**document.content, "steps": entries})
    except ValidationError as error:
        raise StorylineError(f"{path.name}: {_reasons(error)}") from error
    _check(storyline, places, path)
    return storyline


def read_all(folder: Path) -> list[Storyline]:
    """Every storyline-*.yaml of a folder, by number."""
    return sorted(
        (read(path) for path in folder.glob("storyline-*.yaml")), key=lambda one: one.storyline
    )


def _entries(rows: list[Any], places: list[_Place]) -> list[Entry]:
    entries: list[Entry] = []
    for given, place in zip(rows, places, strict=True):
        row = given
        if not isinstance(row, dict) or ("expect" in row) == ("label" in row):
            raise place.error("an entry has either label (a step) or expect")
        if "expect" in row and "at" not in row:
            if not entries:
                raise place.error("the first entry needs at")
            row = {**row, "at": _moment_of(entries[-1])}
        try:
            entries.append((Look if "expect" in row else StorylineStep).model_validate(row))
        except ValidationError as error:
            raise place.error(_reasons(error)) from error
    return entries


def _moment_of(entry: Entry) -> dt.datetime:
    return entry.sent_at if isinstance(entry, StorylineStep) else entry.at


def _check(storyline: Storyline, places: list[_Place], path: Path) -> None:
    known = known_agencies(path.parent / "agencies.yaml")
    for word, agency in storyline.agencies.items():
        if agency not in known:
            raise StorylineError(f"{path.name}: agencies: {word}: {agency} is in no agencies.yaml")
    labels: dict[str, str] = {}
    everything = {step.label for step in storyline.acts}
    before: dt.datetime | None = None
    for entry, place in zip(storyline.steps, places, strict=True):
        if before is not None and entry.at < before:
            raise place.error(f"at {entry.at} lies before the entry above it ({before})")
        before = entry.at
        if isinstance(entry, StorylineStep):
            _check_step(storyline, entry, labels, place)
        else:
            _check_look(storyline, entry, everything, place)


def _check_step(
    storyline: Storyline, step: StorylineStep, labels: dict[str, str], place: _Place
) -> None:
    stream = storyline.stream_of(step)
    _known(place, "agency", [step.word, *step.to], storyline.agencies)
    _known(place, "stream", [stream], storyline.streams)
    if step.label in labels:
        raise place.error("the label stands twice")
    for cause in step.causation:
        if labels.get(cause) != stream:
            raise place.error(f"causation {cause} is no earlier step of the stream {stream}")
    labels[step.label] = stream
    for ref in refs(step.data):
        names = {"event": labels, "case": storyline.streams, "agency": storyline.agencies}
        _known(place, ref.kind, [ref.name], names[ref.kind])


def _check_look(storyline: Storyline, look: Look, labels: set[str], place: _Place) -> None:
    _known(place, "stream", [look.stream] if look.stream else [], storyline.streams)
    for one in look.expect:
        own = [one.stream] if one.stream else []
        _known(place, "stream", [*own, *one.streams()], storyline.streams)
        _known(place, "agency", one.words(), {**storyline.agencies, BUS: BUS})
        _known(place, "step", one.labels(), labels)


def _known(place: _Place, what: str, names: list[str], known: Any) -> None:
    for name in names:
        if name not in known:
            raise place.error(f"no {what} is called {name}")


def refs(data: Any) -> Iterator[Ref]:
    """The references in a body."""
    if isinstance(data, Ref):
        yield data
    elif isinstance(data, dict):
        for value in data.values():
            yield from refs(value)
    elif isinstance(data, list):
        for value in data:
            yield from refs(value)


@cache
def known_agencies(path: Path) -> dict[str, dict[str, Any]]:
    """The rows of agencies.yaml by id."""
    rows = yaml.safe_load(path.read_text(encoding="utf-8"))
    return {row["id"]: row for row in rows}


def _expectation(at: int, row: Any) -> Expectation:
    try:
        return read_expectation(row)
    except ValidationError as error:
        kind = next(iter(row), "")
        raise ValueError(f"expect {at + 1} ({kind}): {_reasons(error)}") from error
    except ValueError as error:
        raise ValueError(f"expect {at + 1}: {in_words(error)}") from error


def _reasons(error: ValidationError) -> str:
    return "; ".join(
        f"{'.'.join(map(str, one['loc']))}: {said_of(one)}".lstrip(": ")
        for one in error.errors(include_url=False)
    )


def _name(row: Any) -> str:
    if isinstance(row, dict) and "label" in row:
        return f"step {row['label']}"
    return "expect" if isinstance(row, dict) and "expect" in row else "entry"
