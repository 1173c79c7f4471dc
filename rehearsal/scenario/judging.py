"""Compares an assertion with a world, and returns the differences."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from functools import singledispatch
from typing import Any

from casebus.events.legaltime import LegalTime
from casebus.events.types import FINDING_RAISED, FINDING_WITHDRAWN, event_name
from rehearsal.scenario import expectations as expected
from rehearsal.scenario.expectations import Expectation
from rehearsal.scenario.moments import due as read_due
from rehearsal.scenario.world import JSON, Names, World

_CLOCK_EVENTS: dict[type[Expectation], str] = {
    expected.Breach: "breached",
    expected.BreachWithdrawn: "breach_withdrawn",
    expected.EarlyWarning: "warned",
    expected.Lapse: "lapsed",
    expected.LapseWithdrawn: "lapse_withdrawn",
    expected.NoBreach: "breached",
    expected.NoWarning: "warned",
    expected.NoLapse: "lapsed",
}


def problems(one: Expectation, stream: str, world: World, names: Names) -> list[str]:
    """Empty if it holds; `stream` is the id of the stream that it is about."""
    return list(_hold(one, stream, world, names))


@singledispatch
def _hold(one: Expectation, stream: str, world: World, names: Names) -> Iterator[str]:
    raise NotImplementedError(type(one).__name__)


@_hold.register
def _status(one: expected.Status, stream: str, world: World, _names: Names) -> Iterator[str]:
    case = world.case(stream)
    if one.leading is not None and case.get("status") != one.leading:
        yield f"status is {case.get('status')}, not {one.leading}"
    regions = _regions(case)
    for procedure, state in one.regions.items():
        if regions.get(procedure) != state:
            yield f"{procedure} is {regions.get(procedure)}, not {state}"


def _regions(case: JSON) -> dict[str, str]:
    leading = {case["procedure"]: case["status"]} if case.get("procedure") else {}
    return leading | {one["procedure"]: one["status"] for one in case.get("regions") or ()}


@_hold.register
def _roles(one: expected.Roles, stream: str, world: World, names: Names) -> Iterator[str]:
    roles = world.case(stream).get("roles", {})
    for role, words in one.roles.items():
        if sorted(roles.get(role, ())) != names.agencies(words):
            yield f"{role} is {roles.get(role)}, not {words}"


@_hold.register
def _clock(one: expected.Clock, stream: str, world: World, names: Names) -> Iterator[str]:
    found = [row for row in _clocks_of(world, stream) if row["id"] == one.id]
    if one.trigger:
        trigger = _identity(names, one.trigger)
        found = [row for row in found if _pair(row["trigger"]) == trigger]
    if not found:
        yield f"no clock {one.id}" + (f" was started by {one.trigger}" if one.trigger else "")
        return
    yield from _clock_fields(one, one.id, found[-1], names)


@_hold.register
def _clocks(one: expected.Clocks, stream: str, world: World, names: Names) -> Iterator[str]:
    rows = _clocks_of(world, stream)
    ids = Counter(row["id"] for row in rows)
    for clock, count in sorted((ids - Counter(one.clocks.keys())).items()):
        yield f"clock {clock} is there {count} time(s) more"
    for clock, fields in one.clocks.items():
        found = [row for row in rows if row["id"] == clock]
        if not found:
            yield f"no clock {clock}"
        else:
            yield from _clock_fields(fields, clock, found[-1], names)


def _clocks_of(world: World, stream: str) -> list[JSON]:
    """The clocks in the order of their start."""
    rows = world.case(stream).get("clocks", [])
    return sorted(rows, key=lambda row: LegalTime.parse(row["started"]).sort_key())


def _clock_fields(one: expected.ClockFields, clock: str, row: JSON, names: Names) -> Iterator[str]:
    for field, seen, wanted in _compared(one, row, names):
        if seen != wanted:
            yield f"{clock}: {field} is {_text(seen)}, not {_text(wanted)}"


def _compared(one: expected.ClockFields, row: JSON, names: Names) -> Iterator[tuple[str, Any, Any]]:
    """(field, actual, expected) of each field that the assertion gives."""
    seen = {
        "status": row["state"],
        "due": read_due(row.get("due")),
        "started": row["started"],
        "actor": row["actor"],
        "stopped_by": _pair(row.get("stopped_by")),
        "paused": bool(row.get("paused_since")),
        "nominal": (row.get("nominal") or "")[:10],
        "counted_from": (row.get("counted_from") or "")[:10],
        "counted_by": row.get("counted_by"),
        "law_version": row.get("law_version"),
        **{field: row.get(field) for field in ("provisional", "historic", "extended", "cause")},
    }
    for field, value in seen.items():
        if one.gives(field):
            yield field, value, _wanted(field, getattr(one, field), names)


def _wanted(field: str, value: Any, names: Names) -> Any:
    """The expected value in the view's form."""
    if value is None:
        return None
    match field:
        case "actor":
            return names.agency(value)
        case "stopped_by":
            return _identity(names, value)
        case "started":
            return str(value)
        case "nominal" | "law_version" | "counted_from":
            return value.isoformat()
    return value


@_hold.register
def _no_clock(one: expected.NoClock, stream: str, world: World, _names: Names) -> Iterator[str]:
    if any(row["id"] == one.id for row in _clocks_of(world, stream)):
        yield f"clock {one.id} was started"


@_hold.register
def _clock_event(
    one: expected.ClockEvent, stream: str, world: World, names: Names
) -> Iterator[str]:
    word = _CLOCK_EVENTS[type(one)]
    said = _said_of_clock(world, stream, word, one.clock)
    if not said:
        yield f"{one.clock} was not said to be {word}"
        return
    missed = [list(_told_of_clock(one, event, names)) for event in said]
    if all(missed):
        yield from missed[-1]


def _told_of_clock(one: expected.ClockEvent, event: JSON, names: Names) -> Iterator[str]:
    data = event["data"]
    if one.actor is not None and data.get("actor") != names.agency(one.actor):
        yield f"{one.clock}: its actor is {data.get('actor')}, not {one.actor}"
    if one.gives("due") and read_due(data.get("due") or None) != one.due:
        yield f"{one.clock}: due {data.get('due')}, not {_text(one.due)}"
    if one.cause is not None and data.get("cause") != one.cause:
        yield f"{one.clock}: the cause is {data.get('cause')}, not {one.cause}"
    yield from _told(one.told, event, names, one.clock)


def _told(words: list[str] | None, event: JSON, names: Names, about: str) -> Iterator[str]:
    if words is not None and sorted(event["recipients"]) != names.agencies(words):
        yield f"{about}: told {event['recipients']}, not {words}"


@_hold.register
def _no_clock_event(
    one: expected.NoClockEvent, stream: str, world: World, _names: Names
) -> Iterator[str]:
    word = _CLOCK_EVENTS[type(one)]
    for event in _said_of_clock(world, stream, word, one.clock):
        yield f"{event['data']['clock']} was said to be {word}"
    if word == "breached":
        for row in _clocks_of(world, stream):
            if row["state"] == "unconfirmed" and one.clock in (None, row["id"]):
                yield f"{row['id']} is unconfirmed"


def _said_of_clock(world: World, stream: str, word: str, clock: str | None) -> list[JSON]:
    return [
        event
        for event in world.history(stream)
        if event_name(event["type"]) == f"clock.{word}"
        and clock in (None, event["data"].get("clock"))
    ]


@_hold.register
def _finding(one: expected.Finding, stream: str, world: World, names: Names) -> Iterator[str]:
    found = list(_findings(world, stream, one.kind, one.event, names))
    if not found:
        yield f"no finding {one.kind}" + (f" about {one.event}" if one.event else "")
        return
    missed = [list(_finding_fields(one, row, stream, world, names)) for row in found]
    if all(missed):
        yield from missed[0]


def _finding_fields(
    one: expected.Finding, row: JSON, stream: str, world: World, names: Names
) -> Iterator[str]:
    if one.severity is not None and row["severity"] != one.severity:
        yield f"{one.kind}: severity is {row['severity']}, not {one.severity}"
    if not one.detail.items() <= row["detail"].items():
        yield f"{one.kind}: the detail is {row['detail']}"
    if one.told is None:
        return
    raised = [
        event
        for event in world.history(stream)
        if event["type"] == FINDING_RAISED and event["data"]["key"] == row["key"]
    ]
    if raised:
        yield from _told(one.told, raised[-1], names, one.kind)
    elif one.told:
        yield f"{one.kind}: nobody was told"


@_hold.register
def _no_finding(one: expected.NoFinding, stream: str, world: World, names: Names) -> Iterator[str]:
    for row in _findings(world, stream, one.kind, one.event, names):
        about = names.label(_pair(row["event"]) or ("", "")) or row["event"]
        yield f"finding {row['kind']} about {about}: {row['detail']}"


def _findings(
    world: World, stream: str, kind: str | None, label: str | None, names: Names
) -> Iterator[JSON]:
    """Findings of the fold, and those that the scheduler raised and did not withdraw."""
    event = _identity(names, label) if label else None
    for row in world.case(stream).get("findings", []):
        if kind in (None, row["kind"]) and event in (None, _pair(row["event"])):
            yield row
    known = {row["key"] for row in world.case(stream).get("findings", [])}
    raised: dict[str, JSON] = {}
    for said in world.history(stream):
        data = said["data"]
        if said["type"] == FINDING_RAISED:
            about = {"source": data["event_source"], "id": data["event_id"]}
            raised[data["key"]] = {**data, "event": about}
        elif said["type"] == FINDING_WITHDRAWN:
            raised.pop(data["key"], None)
    for key, row in raised.items():
        if (
            key not in known
            and kind in (None, row["kind"])
            and event in (None, _pair(row["event"]))
        ):
            yield {"detail": {}, **row}


@_hold.register
def _withdrawn(one: expected.Withdrawn, stream: str, world: World, names: Names) -> Iterator[str]:
    said = [
        event
        for event in world.history(stream)
        if event["type"] == FINDING_WITHDRAWN and event["data"]["kind"] == one.kind
    ]
    if not said:
        yield f"no finding {one.kind} was withdrawn"
    elif one.told is not None:
        yield from _told(one.told, said[-1], names, one.kind)


@_hold.register
def _work(one: expected.Work, stream: str, world: World, names: Names) -> Iterator[str]:
    found = list(_items(world, stream, names.agency(one.agency), one.duty))
    if not found:
        yield f"{one.agency} has no {one.duty} to do"
        return
    missed = [list(_work_fields(one, row)) for row in found]
    if all(missed):
        yield from missed[-1]


def _work_fields(one: expected.Work, row: JSON) -> Iterator[str]:
    is_open = row["closed_by"] is None
    if is_open != one.open:
        yield f"{one.duty} of {one.agency} is {'open' if is_open else 'closed'}"
    if one.gives("due") and read_due(row["due"]) != one.due:
        yield f"{one.duty}: due {row['due']}, not {_text(one.due)}"
    if one.taken is not None and bool(row["taken_by"]) != one.taken:
        yield f"{one.duty} is {'' if row['taken_by'] else 'not '}taken"


@_hold.register
def _no_work(one: expected.NoWork, stream: str, world: World, names: Names) -> Iterator[str]:
    for row in _items(world, stream, names.agency(one.agency), one.duty):
        if not one.open or row["closed_by"] is None:
            yield f"{one.agency} has {row['duty']} to do"


def _items(world: World, stream: str, agency: str, duty: str | None) -> Iterator[JSON]:
    for row in world.case(stream).get("work", []):
        if row["agency"] == agency and duty in (None, row["duty"]):
            yield row


@_hold.register
def _order(one: expected.Order, stream: str, world: World, names: Names) -> Iterator[str]:
    wanted = {_identity(names, label): label for label in one.order}
    there = [(event["source"], event["id"]) for event in world.history(stream)]
    seen = [wanted[identity] for identity in there if identity in wanted]
    if seen != one.order:
        yield f"the order is {' '.join(seen)}"


@_hold.register
def _event(one: expected.Event, stream: str, world: World, names: Names) -> Iterator[str]:
    found = list(_matching(one, stream, world, names))
    if one.count is not None and len(found) != one.count:
        yield f"{one.type} is there {len(found)} time(s), not {one.count}"
    elif not found and one.count is None:
        yield f"no such {one.type}"
    elif one.to is not None and not any(
        sorted(event["recipients"]) == names.agencies(one.to) for event in found
    ):
        yield f"{one.type}: sent to {[event['recipients'] for event in found]}, not {one.to}"


@_hold.register
def _no_event(one: expected.NoEvent, stream: str, world: World, names: Names) -> Iterator[str]:
    for event in _matching(one, stream, world, names):
        yield f"{one.type} of {event['source']} is there"


def _matching(
    one: expected.Event | expected.NoEvent, stream: str, world: World, names: Names
) -> Iterator[JSON]:
    author = names.agency(one.author) if one.author else None
    wanted = names.filled(one.data)
    for event in world.history(stream):
        by = event["source"].partition("/")[0]
        if (
            event_name(event["type"]) == one.type
            and author in (None, by)
            and _within(wanted, event["data"])
        ):
            yield event


def _within(wanted: Any, seen: Any) -> bool:
    """Bodies among others, lists whole."""
    if isinstance(wanted, dict):
        return isinstance(seen, dict) and all(
            name in seen and _within(value, seen[name]) for name, value in wanted.items()
        )
    if isinstance(wanted, list):
        return (
            isinstance(seen, list)
            and len(wanted) == len(seen)
            and all(_within(one, other) for one, other in zip(wanted, seen, strict=True))
        )
    return bool(wanted == seen) or str(wanted) == str(seen)


@_hold.register
def _inbox(one: expected.Inbox, stream: str, world: World, names: Names) -> Iterator[str]:
    got = Counter(
        names.label((item["source"], item["id"])) or event_name(item["type"])
        for item in world.inbox(names.agency(one.agency), stream)
    )
    for label in one.has:
        if not got[label]:
            yield f"{one.agency} was not sent {label}"
    for label in one.lacks:
        if got[label]:
            yield f"{one.agency} was sent {label}"
    if one.exactly is not None and got != Counter(one.exactly):
        yield f"{one.agency} was sent {sorted(got.elements())}"


@_hold.register
def _access(one: expected.Access, stream: str, world: World, names: Names) -> Iterator[str]:
    agency = names.agency(one.agency)
    if world.sees(agency, stream) != one.allowed:
        yield f"{one.agency} {'sees no' if one.allowed else 'sees the'} case"
        return
    if one.seen is not None or one.withholds:
        yield from _sight(one, agency, world.sight(agency, stream), names)
    if one.audited and not world.noted(agency, stream, refused=not one.allowed):
        yield f"the access log has no look of {one.agency}"


def _sight(one: expected.Access, agency: str, history: list[JSON], names: Names) -> Iterator[str]:
    event = _identity(names, one.event) if one.event else None
    about = [row for row in history if _is_about(row, event, agency)]
    if not about:
        yield f"{one.agency} is shown no such event"
    for row in about:
        label = names.label((row["source"], row["id"])) or event_name(row["type"])
        if one.seen is not None and _how_much(row) != one.seen:
            yield f"{one.agency} sees {_how_much(row)} of {label}, not {one.seen}"
        for field in one.withholds:
            if field in row["data"] or not {field, "*"} & set(row["withheld"]):
                yield f"{one.agency} sees {field} of {label}"


def _is_about(row: JSON, event: tuple[str, str] | None, agency: str) -> bool:
    if event is not None:
        return (row["source"], row["id"]) == event
    return agency not in (row["source"].partition("/")[0], *row["recipients"])


def _how_much(row: JSON) -> str:
    if row["withheld"] == ["*"]:
        return "types" if not row["data"] and len(row["legal_time"]) == len("2026-03") else "days"
    return "parts" if row["withheld"] else "whole"


@_hold.register
def _assessment(one: expected.Assessment, stream: str, world: World, names: Names) -> Iterator[str]:
    """The assessment of the named step. Without a name: the last one, which is in force."""
    rows = world.case(stream).get("assessments") or []
    if one.event is not None:
        event = _identity(names, one.event)
        rows = [row for row in rows if _pair(row["event"]) == event]
    if not rows:
        yield "there is no assessment" + (f" of {one.event}" if one.event else "")
        return
    for field in ("verdict", "offence", "rule", "tier", "accumulated", "claimed"):
        wanted = getattr(one, field)
        if wanted is not None and rows[-1][field] != wanted:
            yield f"assessment: {field} is {rows[-1][field]}, not {wanted}"


@_hold.register
def _linked(one: expected.Linked, stream: str, world: World, names: Names) -> Iterator[str]:
    wanted = names.stream(one.to_stream)
    rows = [row for row in world.case(stream).get("links") or () if row["stream"] == wanted]
    if not rows:
        yield f"it is not linked to {one.to_stream}"
    elif one.kind is not None and all(row["relation"] != one.kind for row in rows):
        yield f"it is linked to {one.to_stream} as {rows[-1]['relation']}, not {one.kind}"


@_hold.register
def _origins(one: expected.Origins, stream: str, world: World, names: Names) -> Iterator[str]:
    merged = {row["stream"] for row in world.case(stream).get("origins") or ()}
    if merged | {stream} != {names.stream(name) for name in one.origins}:
        yield f"its origins are {sorted(merged | {stream})}, not {one.origins}"


@_hold.register
def _absorbed(one: expected.Absorbed, stream: str, world: World, names: Names) -> Iterator[str]:
    into = world.case(stream).get("absorbed_into") or {}
    if into.get("stream") != names.stream(one.into):
        yield f"it goes on in {into.get('stream')}, not in {one.into}"


@_hold.register
def _numbers(one: expected.Numbers, stream: str, world: World, _names: Names) -> Iterator[str]:
    for number in one.numbers:
        if not world.numbered(number, stream):
            yield f"{number} does not lead to the case"


def _identity(names: Names, label: str) -> tuple[str, str]:
    """An id that nothing has, for a step that has not been sent yet."""
    return names.events.get(label, ("", label))


def _pair(row: JSON | None) -> tuple[str, str] | None:
    return None if row is None else (row["source"], row["id"])


def _text(value: Any) -> str:
    return value.isoformat(" ") if hasattr(value, "isoformat") else str(value)
