"""The mapping of a log: which activities become which events, and whose they are.

A shortened one::

    name: old-case-system # names the import: keep it when the log grows
    agencies: agencies.yaml
    log: {form: xes, zone: "+08:00"}
    case: {kind: docket_no, source: {value: cn-330106-amr}}
    event: {source: {attribute: org:group, agencies: {经侦大队: cn-330106-psb}}}
    activities:
      移送: {type: referral.sent, to: [{value: cn-330106-psb}]}
    other: step # an activity that is not listed becomes proceeding.step_recorded

Attributes are named as process mining does: those of the case begin with `case:`.
"""

from __future__ import annotations

import datetime as dt
import hashlib
from collections.abc import Iterator
from functools import cached_property
from pathlib import Path
from typing import Any, Literal, Self
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import yaml
from pydantic import Field, ValidationError, field_validator, model_validator

from casebus.events.types import PROCEEDING_STEP_RECORDED, in_full
from casebus.sdk.importing.issues import FileError
from casebus.sdk.importing.mapping import (
    CellSource,
    Delimiter,
    MappingPart,
    WorkbookPart,
    first_problem,
)
from casebus.words import in_words

Form = Literal["xes", "ocel", "table"]
#: case id, activity, time-stamp, resource, the event's own id: as each form calls them.
_NAMES: dict[Form, dict[str, str]] = {
    "xes": {
        "id": "case:concept:name",
        "activity": "concept:name",
        "time": "time:timestamp",
        "resource": "org:resource",
        "event_id": "identity:id",
    },
    "ocel": {
        "id": "case:ocel:oid",
        "activity": "ocel:activity",
        "time": "ocel:timestamp",
        "resource": "org:resource",
        "event_id": "ocel:eid",
    },
    "table": {"resource": "", "event_id": ""},
}


class Who(MappingPart):
    """An agency: always the same one, or one by the value of an attribute."""

    value: str | None = None
    attribute: str | None = None
    #: Value of the attribute → agency; other values are looked up among the agencies' names.
    agencies: dict[str, str] = Field(default_factory=dict)
    #: For an attribute that is empty or has an unknown value.
    otherwise: str | None = None

    @model_validator(mode="after")
    def _one_origin(self) -> Self:
        if (self.attribute is None) == (self.value is None):
            raise ValueError("name an agency by a value or by an attribute")
        return self


class LogPart(MappingPart):
    """The form of the file, and how to read its time-stamps."""

    form: Form
    #: The zone of time-stamps that name none: an offset such as +08:00, or a zone's name.
    zone: str = "+08:00"
    #: Only the day of a time-stamp is true, in its own zone; the time of day is made up.
    days: bool = False
    #: Forms of time-stamps for strptime, besides ISO 8601 and those of spreadsheets.
    formats: tuple[str, ...] = ()
    #: `log` keeps the order of a case's events in the file. It is the default, except for OCEL,
    #: which has no order.
    order: Literal["log", "time"] | None = None
    #: OCEL: the type of object that is the case.
    object: str = ""
    #: Days outside are refused as absurd; without `latest` it is tomorrow.
    earliest: dt.date = dt.date(1949, 10, 1)
    latest: dt.date | None = None
    encoding: str = "auto"
    delimiter: Delimiter = ","
    workbook: WorkbookPart = WorkbookPart()

    @field_validator("zone")
    @classmethod
    def _is_zone(cls, zone: str) -> str:
        zone_of(zone)
        return zone

    @model_validator(mode="after")
    def _has_object(self) -> Self:
        if self.form == "ocel" and not self.object:
            raise ValueError("an OCEL log needs `object`: the type of object that is the case")
        return self

    @cached_property
    def tzinfo(self) -> dt.tzinfo:
        return zone_of(self.zone)

    @property
    def is_ordered_by_time(self) -> bool:
        return self.order == "time" or (self.order is None and self.form == "ocel")


class LogCase(MappingPart):
    """The attribute that names the case, the kind of that number, and its giver."""

    id: str = ""
    kind: str
    source: Who


class LogEvent(MappingPart):
    """The places of an event's own parts, and the settings for every activity."""

    activity: str = ""
    time: str = ""
    resource: str = ""
    #: The event's own id in the log, by which a changed event is recognised.
    id: str = ""
    source: Who | None = None
    to: tuple[Who, ...] = ()


class Activity(MappingPart):
    """The event that an activity becomes; without `type` a step of a proceeding."""

    type: str = PROCEEDING_STEP_RECORDED
    source: Who | None = None
    to: tuple[Who, ...] | None = None
    #: Field path (`suspects.0.organisation.name`) → attribute or constant.
    fields: dict[str, CellSource] = Field(default_factory=dict)

    @property
    def ce_type(self) -> str:
        return in_full(self.type)


class LogMapping(MappingPart):
    """A whole mapping file of a log; `digest` is the SHA-256 of its bytes."""

    format: Literal[1] = 1
    name: str
    title: str = ""
    agency: str = ""
    agencies: str = ""
    log: LogPart
    case: LogCase
    event: LogEvent = LogEvent()
    activities: dict[str, Activity] = Field(default_factory=dict)
    #: An activity that is not listed becomes a step with these fields, or its event is refused.
    other: Literal["step", "refuse"] = "refuse"
    #: Fields of every step, as `procedure`.
    step: dict[str, CellSource] = Field(default_factory=dict)
    digest: str = ""

    @model_validator(mode="before")
    @classmethod
    def _with_names(cls, body: Any) -> Any:
        """Fill in the form's own names of its parts if the mapping gives none."""
        if not isinstance(body, dict) or not isinstance(body.get("log"), dict):
            return body
        names = _NAMES.get(body["log"].get("form"), {})
        case, event = dict(body.get("case") or {}), dict(body.get("event") or {})
        if "id" in names:
            case.setdefault("id", names["id"])
        for part in ("activity", "time", "resource"):
            if part in names:
                event.setdefault(part, names[part])
        event.setdefault("id", names.get("event_id", ""))
        return {**body, "case": case, "event": event}

    @model_validator(mode="after")
    def _is_complete(self) -> Self:
        if not (self.case.id and self.event.activity and self.event.time):
            raise ValueError("a table needs case.id, event.activity and event.time")
        if not self.activities and self.other == "refuse":
            raise ValueError("no activity is listed: list some, or say `other: step`")
        return self

    @classmethod
    def parse(cls, raw: bytes, name: str) -> LogMapping:
        """Raises FileError `bad_mapping`, which names the wrong line."""
        try:
            read = cls.model_validate(yaml.safe_load(raw))
        except yaml.YAMLError as error:
            raise FileError("bad_mapping", f"{name}: {in_words(error)}") from error
        except ValidationError as error:
            raise FileError("bad_mapping", f"{name}: {first_problem(error)}") from error
        return read.model_copy(update={"digest": hashlib.sha256(raw).hexdigest()})

    @classmethod
    def load(cls, path: Path) -> LogMapping:
        try:
            return cls.parse(path.read_bytes(), path.name)
        except OSError as error:
            raise FileError("bad_mapping", f"{path.name}: {error.strerror}") from error

    def attributes(self) -> tuple[str, ...]:
        """Every attribute that the mapping reads, in the order it names them."""
        return tuple(dict.fromkeys(filter(None, self._attributes())))

    def _attributes(self) -> Iterator[str | None]:
        yield from (self.case.id, self.case.source.attribute)
        event = self.event
        yield from (event.activity, event.time, event.resource, event.id)
        for who in (event.source, *event.to):
            yield who.attribute if who else None
        yield from (cell.column for cell in self.step.values())
        for one in self.activities.values():
            for who in (one.source, *(one.to or ())):
                yield who.attribute if who else None
            yield from (cell.column for cell in one.fields.values())

    def activity(self, name: str) -> Activity | None:
        """The event that an activity becomes; None if it is unknown and must not be."""
        found = self.activities.get(name)
        return found or (_STEP if self.other == "step" else None)


_STEP = Activity()


def zone_of(name: str) -> dt.tzinfo:
    """A time zone by offset or name; raises ValueError."""
    try:
        return dt.datetime.strptime(name, "%z").tzinfo or dt.UTC
    except ValueError:
        pass
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        raise ValueError(f"{name} is no time zone: write +08:00") from None
