"""Clocks that nothing starts, and clocks that nothing ends."""

from __future__ import annotations

from collections.abc import Iterator

from casebus.law.checking.book import Book, Place, Problem
from casebus.law.checking.states import clocks_of
from casebus.law.compiled import ALL


def problems(book: Book) -> Iterator[Problem]:
    started = _started(book)
    rows = [row for file in book.procedures.values() for row in file.transitions]
    ended = {one for row in rows for one in clocks_of(row)[1]}
    places = dict(_places(book))
    for clock, rules in book.law.clocks.items():
        place = places[clock]
        if clock not in started:
            yield book.warning("idle_clock", place, f"nothing starts {clock}")
            continue
        by_name = clock in ended or clock in book.law.thresholds.detection.clocks
        wholly = any(_ends_all(book, name) for name in started[clock])
        if by_name or all(one.expiry == "lapse" for one in rules):
            continue
        if wholly:
            text = f"no act stops {clock}: it ends only where all clocks of its procedure do"
            yield book.warning("endless_clock", place, text)
        else:
            yield book.error("endless_clock", place, f"{clock} runs for ever: nothing ends it")


def _started(book: Book) -> dict[str, set[str]]:
    """Clock -> the files of the procedures that start it."""
    found: dict[str, set[str]] = {one: set() for one in book.law.thresholds.detection.clocks}
    for name, file in book.procedures.items():
        for row in file.transitions:
            for clock in row.starts:
                found.setdefault(clock, set()).add(name)
    return found


def _ends_all(book: Book, name: str) -> bool:
    return any(ALL in clocks_of(row)[1] for row in book.procedures[name].transitions)


def _places(book: Book) -> Iterator[tuple[str, Place]]:
    for name, file in book.clocks.items():
        for at, row in enumerate(file.clocks):
            yield row.id, (name, "clocks", at)
