"""States in which nothing would ever fall due, if nobody acted any more (ADR 25)."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from casebus.law import models
from casebus.law.checking.book import LawBook, LawProblem, Place
from casebus.law.checking.states import clocks_of
from casebus.law.compiled import ALL, SAME
from casebus.law.ways import Ways

_Running = frozenset[str]


def problems(book: LawBook) -> Iterator[LawProblem]:
    for name, file in book.procedures.items():
        silent = _silent(book, file)
        # The rows of an installation that chooses no option.
        plain = _silent(book, _without_options(file))
        for state, said in file.states.items():
            place: Place = (name, "states", state)
            if said.silence is None and state in silent:
                text = (
                    f"in {state} nothing falls due if nobody acts: on every way there, start a"
                    " clock of who must act, or say in `silence: {zh, en}` of the state why not"
                )
                yield book.error("silent_state", place, text)
            elif said.silence is not None and state not in silent | plain:
                text = f"{state} says why nothing falls due there, but something does: drop it"
                yield book.warning("idle_silence", place, text)
    yield from _standstill(book)


def _standstill(book: LawBook) -> Iterator[LawProblem]:
    rows = [
        (name, "transitions", at)
        for name, file in book.procedures.items()
        for at, row in enumerate(file.transitions)
        if row.enabled and row.pauses
    ]
    if rows and (book.common is None or book.common.standstill is None):
        text = "it pauses a clock: say in `standstill: {zh, en}` of common.yaml what ends a pause"
        yield book.error("silent_pause", rows[0], text)


def _without_options(file: models.ProcedureFile) -> models.ProcedureFile:
    rows = tuple(row for row in file.transitions if row.option is None)
    return file.model_copy(update={"transitions": rows})


def _silent(book: LawBook, file: models.ProcedureFile) -> set[str]:
    """States that a case can reach without any clock that is certain to run and be announced.

    Final states are left out: nobody waits for anything there.
    """
    found = _runs(file, {clock for clock in _begun(file) if _falls(book, file, clock)})
    rests = Ways(file).final
    return {state for state in file.states if state not in rests and frozenset() in found[state]}


def _runs(file: models.ProcedureFile, known: set[str]) -> dict[str, set[_Running]]:
    """State -> the clocks that may run together there, as the smallest such sets only.

    If fewer clocks run before a transition, fewer run after it. So the smallest sets stand for all.
    A pause removes no clock: somebody's recorded act caused it (`standstill` of common.yaml).
    """
    found: dict[str, set[_Running]] = {state: set() for state in file.states}
    moved = True
    while moved:
        moved = False
        for row in file.in_use:
            begins, ends = clocks_of(row)
            # If the case stays in the state, the end of the clock is itself the thing that falls
            # due.
            ends = ends - {row.clock} if row.to == SAME else ends
            for state in file.states if row.from_ == (ALL,) else row.from_:
                before = set(found[state])
                if row.opening and state == file.initial:
                    before.add(frozenset())
                left = [frozenset() if ALL in ends else one - ends for one in before]
                to = state if row.to == SAME else row.to
                after = _smallest({*found[to], *(one | (begins & known) for one in left)})
                moved = moved or after != found[to]
                found[to] = after
    return found


def _smallest(sets: set[_Running]) -> set[_Running]:
    return {one for one in sets if not any(other < one for other in sets)}


def _begun(file: models.ProcedureFile) -> set[str]:
    return {clock for row in file.in_use for clock in row.begins}


def _falls(book: LawBook, file: models.ProcedureFile, clock: str) -> bool:
    """True if a clock, once started, is certain to run and somebody is told of its end."""
    rows = [one for one in book.rows_of(clock) if one.effective_to is None]
    moves = any(row.clock == clock for row in file.in_use)
    return bool(rows) and _for_every_body(rows) and all(_is_told(one, moves=moves) for one in rows)


def _is_told(row: models.ClockVersion, *, moves: bool) -> bool:
    if row.amount is None or row.when_held or row.owed_if_done:
        return False
    return bool(row.tell) or (moves and row.expiry == "lapse")


def _for_every_body(rows: Iterable[models.ClockVersion]) -> bool:
    """True if the rows cover every body: a value that one row excludes is named by another."""
    named = {
        (path, value)
        for row in rows
        for path, values in row.when.items()
        for value in values
        if len(row.when) == 1
    }
    return any(
        not row.when
        and all((path, value) in named for path, values in row.unless.items() for value in values)
        for row in rows
    )
