"""Paths that no body has, and values that cannot stand at a path."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from fnmatch import fnmatchcase
from typing import Any

from casebus.law.checking.book import LawBook, LawProblem, Place
from casebus.law.checking.fields import FieldFound
from casebus.law.conditions import Condition
from casebus.law.figures import AMOUNTS
from casebus.law.venues import AUTHOR

#: The most events that a message names.
_SHOWN = 4
#: Lists in which events name goods piece by piece.
_GOODS = ("goods", "items")
_Path = tuple[Place, str, tuple[Any, ...]]
_NUMBERS = frozenset({"int", "long"})


def problems(book: LawBook) -> Iterator[LawProblem]:
    yield from _clocks(book)
    yield from _venues(book)
    for at, rule in enumerate(book.triage.rules if book.triage else ()):
        yield from _unknown(book, rule.events, _of(("triage.yaml", "rules", at), rule.when))
    for at, row in enumerate(book.rights.rules if book.rights else ()):
        here: Place = ("rights.yaml", "rules", at)
        fields = ((row.field, tuple(row.values)), (row.day, ()))
        yield from _unknown(book, (row.event,), [(here, one, of) for one, of in fields if one])
    yield from _figures(book)


def _venues(book: LawBook) -> Iterator[LawProblem]:
    """Problems of venues. Rules share choices, so a path must fit some event that has rules."""
    rows = book.venues.venues if book.venues else ()
    every = {event for one in rows for event in one.events}
    for at, row in enumerate(rows):
        for number, choice in enumerate(row.choices):
            here: Place = ("venues.yaml", "venues", at, "choices", number)
            named = [
                *choice.places,
                *choice.superior_of,
                *([choice.agency] if choice.agency else ()),
            ]
            named = [one for one in named if one != AUTHOR]
            paths = [(here, one, ()) for one in named]
            yield from _unknown(book, every, [*paths, *_of(here, choice.when)])
            if named and AUTHOR not in choice.places and not _any(book, row.events, named):
                text = f"{', '.join(named)}: no field of {', '.join(row.events)}"
                yield book.error("unknown_path", here, text)
    for at, one in enumerate(book.venues.concentrated if book.venues else ()):
        yield from _unknown(book, every, _of(("venues.yaml", "concentrated", at), one.when))


def _any(book: LawBook, events: Iterable[str], paths: Iterable[str]) -> bool:
    bodies = [fields for event in events if (fields := book.fields(event)) is not None]
    return not bodies or any(fields.at(path) for fields in bodies for path in paths)


def _of(place: Place, condition: Condition) -> Iterator[_Path]:
    for path, values in condition.has.items():
        yield (*place, "when"), path, values
    for path in condition.lacks:
        yield (*place, "when"), path, ()
    for path in (*condition.at_least, *condition.at_most):
        yield (*place, "when"), path, (0,)


def _unknown(
    book: LawBook, events: Iterable[str], paths: Iterable[_Path], *, lists: bool = True
) -> Iterator[LawProblem]:
    """Paths that none of these events has. If only some have it, it finds nothing in the others."""
    bodies = {event: fields for event in events if (fields := book.fields(event)) is not None}
    if not bodies:
        return
    for place, path, values in paths:
        found = [one for fields in bodies.values() if (one := fields.at(path)) is not None]
        if not found:
            text = f"{path} is no field of {_few(sorted(bodies))}"
            yield book.error("unknown_path", place, text)
        elif not lists and all(one.listed for one in found):
            yield book.error("unknown_path", place, f"{path} is a list, which is not looked into")
        else:
            for value in values:
                if not any(_fits(value, one) for one in found):
                    yield book.error("unknown_value", place, f"{path} is never {value}")


def _few(events: list[str]) -> str:
    left = len(events) - _SHOWN
    more = f" and {left} more" if left > 0 else ""
    return f"{', '.join(events[:_SHOWN])}{more}"


def _fits(value: Any, found: FieldFound) -> bool:
    if found.kind == "enum":
        return value in found.symbols
    if isinstance(value, bool):
        return found.kind == "boolean"
    if isinstance(value, int):
        return found.kind in _NUMBERS
    return found.kind == "string"


def _clocks(book: LawBook) -> Iterator[LawProblem]:
    triggers: dict[str, set[str]] = {}
    for file in book.procedures.values():
        for row in file.transitions:
            for clock in row.begins:
                triggers.setdefault(clock, set()).add(row.event)
    for name, clocks in book.clocks.items():
        for at, one in enumerate(clocks.clocks):
            conditions: Mapping[str, Mapping[str, tuple[Any, ...]]]
            conditions = {"when": one.when, "unless": one.unless}
            paths = [
                ((name, "clocks", at, word), path, values)
                for word, rows in conditions.items()
                for path, values in rows.items()
            ]
            yield from _unknown(book, triggers.get(one.id, ()), paths, lists=False)


def _figures(book: LawBook) -> Iterator[LawProblem]:
    """A problem if an event that is read for figures has none."""
    for name, file in book.thresholds.items():
        for word in ("restates", "adds"):
            for at, glob in enumerate(getattr(file.detection, word, ())):
                events = [one for one in book.schemas if fnmatchcase(one, glob)]
                if events and not any(_measures(book, one) for one in events):
                    place: Place = (name, "detection", word, at)
                    yield book.error("unknown_path", place, f"{glob} states no figure")


def _measures(book: LawBook, event: str) -> bool:
    fields = book.fields(event)
    return fields is not None and bool(fields.names & {*AMOUNTS, *_GOODS})
