"""Clocks that nothing starts or ends, pauses that nothing ends, and breaches that cannot happen."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from casebus.law import models
from casebus.law.agencies import ROLE
from casebus.law.checking.book import LawBook, LawProblem, Place
from casebus.law.checking.states import clocks_of, left
from casebus.law.compiled import ALL


def problems(book: LawBook) -> Iterator[LawProblem]:
    started = _started(book)
    ended = {one for row in _transitions(book) for one in clocks_of(row)[1]}
    optional = {one for row in _optional(book) for one in row.begins}
    places = dict(_places(book))
    for clock, rules in book.law.clocks.items():
        place = places[clock]
        owed = any(one.expiry == "breach" for one in rules)
        if clock not in started and clock in optional:
            # Nothing starts it unless this installation chooses the option.
            continue
        if clock not in started:
            tell = book.error if owed else book.warning
            text = f"nothing starts {clock}: name it in `starts` of a transition, or drop the row"
            yield tell("idle_clock", place, text)
            continue
        by_name = clock in ended or clock in book.law.thresholds.detection.clocks
        if by_name or not owed:
            continue
        if any(_ends_all(book, name) for name in started[clock]):
            text = f"no act stops {clock}: it ends only where all clocks of its procedure do"
            yield book.warning("endless_clock", place, text)
        else:
            yield book.error("endless_clock", place, f"{clock} runs for ever: nothing ends it")
    for place, row in _rows(book):
        yield from _breach(book, place, row, started)
    yield from _receipts(book)
    yield from _pauses(book)
    yield from _lapses(book)


def _breach(
    book: LawBook, place: Place, row: models.ClockVersion, started: dict[str, set[str]]
) -> Iterator[LawProblem]:
    """The reasons why nobody would be told of the end of a clock, although the row says so."""
    if row.expiry == "breach" and row.amount is None:
        text = (
            f"{row.id} has no period, so that its breach never happens: give it one (`own_choice:"
            " true` where no text does), or say `expiry: lapse`"
        )
        yield book.error("impossible_breach", place, text)
    if row.expiry == "breach" and not row.tell:
        text = f"a breach of {row.id} is told to nobody: name them in `tell`"
        yield book.error("untold_breach", place, text)
    files = [book.procedures[name] for name in sorted(started.get(row.id, ()))]
    if row.expiry == "breach" and files and not _can_be_held(book, row.actor):
        text = f"nobody can be {row.actor}, who owes {row.id}: bind the role in some transition"
        yield book.error("nobody_owes", place, text)
    for rule in row.tell:
        role = rule.removeprefix(ROLE)
        known = role in book.sectors.sectors or all(role in file.roles for file in files)
        if rule.startswith(ROLE) and not known:
            text = f"{row.id} tells {rule}, which is no role where it starts, and no sector"
            yield book.error("told_nobody", place, text)


def _receipts(book: LawBook) -> Iterator[LawProblem]:
    """A problem if a clock counts from receipt but no rule gives the day of receipt."""
    places = [place for place, row in _rows(book) if row.counts_from == "receipt"]
    if places and (book.common is None or book.common.receipt is None):
        text = "it counts from receipt: say in `receipt: {within_hours}` of common.yaml by when"
        yield book.error("receipt_unsaid", places[0], text)


def _can_be_held(book: LawBook, role: str) -> bool:
    """True if some procedure gives the role, which the whole case then knows."""
    return any(
        role in file.roles
        and file.roles[role].sectors
        and (role == file.opener or any(role in row.binds for row in file.in_use))
        for file in book.procedures.values()
    )


def _pauses(book: LawBook) -> Iterator[LawProblem]:
    for name, file in book.procedures.items():
        resumed = {clock for row in _transitions(book) for clock in row.resumes}
        for at, row in enumerate(file.transitions):
            stuck = sorted(set(row.pauses) - resumed) if row.enabled and ALL not in resumed else []
            if stuck:
                text = f"nothing resumes {', '.join(stuck)}: name them in `resumes` of a transition"
                yield book.error("endless_pause", (name, "transitions", at), text)


def _lapses(book: LawBook) -> Iterator[LawProblem]:
    """Transitions that wait for the end of a clock in states where the clock cannot run."""
    for name, file in book.procedures.items():
        running = left(file, clocks_of)
        for at, row in enumerate(file.transitions):
            states = file.states if row.from_ == (ALL,) else row.from_
            if row.enabled and row.clock and not any(row.clock in running[one] for one in states):
                text = f"{row.clock} never runs in {', '.join(states)}: start it on the way there"
                yield book.error("idle_lapse", (name, "transitions", at), text)


def _transitions(book: LawBook) -> Iterator[models.Transition]:
    for file in book.procedures.values():
        yield from file.in_use


def _optional(book: LawBook) -> Iterator[models.Transition]:
    """The transitions that are in force only if an installation chooses them."""
    for file in book.procedures.values():
        yield from (row for row in file.transitions if row.option is not None)


def _started(book: LawBook) -> dict[str, set[str]]:
    """Clock -> the files of the procedures that start it."""
    found: dict[str, set[str]] = {one: set() for one in book.law.thresholds.detection.clocks}
    for name, file in book.procedures.items():
        for row in file.in_use:
            for clock in row.begins:
                found.setdefault(clock, set()).add(name)
    return found


def _ends_all(book: LawBook, name: str) -> bool:
    return any(ALL in clocks_of(row)[1] for row in book.procedures[name].in_use)


def _rows(book: LawBook) -> Iterable[tuple[Place, models.ClockVersion]]:
    for name, file in book.clocks.items():
        for at, row in enumerate(file.clocks):
            if row.enabled:
                yield (name, "clocks", at), row


def _places(book: LawBook) -> Iterator[tuple[str, Place]]:
    for place, row in _rows(book):
        yield row.id, place
