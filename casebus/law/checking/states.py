"""Final states in which something is still owed, and duties that nobody can do."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from casebus.law import models
from casebus.law.checking.book import LawBook, LawProblem, Place
from casebus.law.compiled import ALL, ANY_ROLE, SAME
from casebus.law.ways import Ways

#: The clocks or duties that a transition begins, and those that it ends.
_Effect = Callable[[models.Transition], tuple[set[str], set[str]]]


def problems(book: LawBook) -> Iterator[LawProblem]:
    for name, file in book.procedures.items():
        yield from _ends(book, name, file)
        yield from _duties(book, name, file)
        yield from _already_done(book, name, file)


def _ends(book: LawBook, name: str, file: models.ProcedureFile) -> Iterator[LawProblem]:
    """A case rests in a state with no way out, so no clock or duty should be left there."""
    running, opened = left(file, clocks_of), left(file, duties_of)
    for state in sorted(Ways(file).final):
        place: Place = (name, "states", state)
        clocks = [one for one in sorted(running[state]) if _owed(book, one)]
        clocks = [one for one in clocks if not _ended_at(file, state, one, clocks_of)]
        clocks = [one for one in clocks if not _ended_by_opening(book, file, one)]
        if clocks:
            text = f"no way leads out of {state}, where {', '.join(clocks)} may still run"
            yield book.warning("dead_end", place, text)
        duties = sorted(one for one in opened[state] if not _ended_at(file, state, one, duties_of))
        if duties:
            text = f"no way leads out of {state}, where {', '.join(duties)} may still be open"
            yield book.warning("dead_end", place, text)


def _owed(book: LawBook, clock: str) -> bool:
    return any(one.expiry == "breach" and one.amount for one in book.law.clocks[clock])


def clocks_of(row: models.Transition) -> tuple[set[str], set[str]]:
    """The clocks that a transition starts, and those that it ends; `*` is all."""
    lapsed = {row.clock} if row.clock else set()
    return set(row.begins), {*row.stops, *row.cancels, *lapsed}


def duties_of(row: models.Transition) -> tuple[set[str], set[str]]:
    """The duties that a transition opens, and those that it closes."""
    return set(row.opens), set(row.closes)


def left(file: models.ProcedureFile, effect: _Effect) -> dict[str, set[str]]:
    """State -> the clocks or duties that some order of events leaves running or open there."""
    found: dict[str, set[str]] = {state: set() for state in file.states}
    moved = True
    while moved:
        moved = False
        for row in file.in_use:
            begins, ends = effect(row)
            for state in file.states if row.from_ == (ALL,) else row.from_:
                after = begins | (set() if ALL in ends else found[state] - ends)
                to = state if row.to == SAME else row.to
                if not after <= found[to]:
                    found[to] |= after
                    moved = True
    return found


def _ended_at(file: models.ProcedureFile, state: str, one: str, effect: _Effect) -> bool:
    rows = (row for row in file.in_use if state in row.from_ or row.from_ == (ALL,))
    return any({one, ALL} & effect(row)[1] for row in rows)


def _ended_by_opening(book: LawBook, file: models.ProcedureFile, clock: str) -> bool:
    """True if the opening of another procedure ends the clock, in whatever state this one is.

    A procedure that opened before the clock began no longer ends it. So the clock must not start
    then.
    """
    ending = {
        other.id
        for other in book.procedures.values()
        for row in other.in_use
        if row.opening and clock in clocks_of(row)[1]
    }
    begun = [set(row.unless_open) for row in file.in_use if clock in row.begins]
    return bool(ending) and all(ending <= done for done in begun)


def _already_done(book: LawBook, name: str, file: models.ProcedureFile) -> Iterator[LawProblem]:
    known = {one.id for one in book.procedures.values()}
    for at, row in enumerate(file.transitions):
        unknown = sorted(set(row.unless_open) - known)
        if unknown:
            text = f"unless_open: there is no procedure {', '.join(unknown)}"
            yield book.error("unknown_procedure", (name, "transitions", at), text)


def _duties(book: LawBook, name: str, file: models.ProcedureFile) -> Iterator[LawProblem]:
    opened = {word for row in file.in_use for word in row.opens}
    closed = {word for row in file.in_use for word in row.closes}
    for word, duty in file.duties.items():
        place: Place = (name, "duties", word)
        if word not in opened:
            yield book.warning("idle_duty", place, f"nothing opens the duty {word}")
        elif not closed & {word, ALL}:
            yield book.error("endless_duty", place, f"nothing closes the duty {word}")
        acts = {
            action: _may(book, file, duty.role, event) for action, event in duty.actions.items()
        }
        idle = [action for action, may in acts.items() if not may]
        if not any(may for action, may in acts.items() if action != "take"):
            text = f"{duty.role} may do nothing about the duty {word}"
            yield book.error("endless_duty", place, text)
        elif idle:
            text = f"{duty.role} has no transition for {', '.join(idle)} of the duty {word}"
            yield book.warning("idle_duty", place, text)


def _may(book: LawBook, file: models.ProcedureFile, role: str, event: str) -> bool:
    rows = [row for row in file.in_use if row.event == event]
    return event in book.law.common or any({role, ANY_ROLE} & set(row.by) for row in rows)
