"""The shortest life of one procedure in which a clock starts and an event happens.

It is found in the law files by a walk through their statechart. So a test of a flow need not be
written again when the law changes.
"""

from __future__ import annotations

import datetime as dt
from collections import deque
from collections.abc import Collection, Iterator
from typing import Any

from casebus.cases import CaseEvent
from casebus.law import loader, models
from casebus.law.compiled import ALL, SAME
from tests.case_events import ROOT, event
from tests.walks import OFFICES

_FILES = loader.read(ROOT / "policies/law")
PROCEDURES = {
    one.id: one for one in loader.parse_all(_FILES, "procedures", models.ProcedureFile).values()
}
_CLOCKS = [
    row
    for file in loader.parse_all(_FILES, "clocks", models.ClockFile).values()
    for row in file.clocks
]
_BEGAN = dt.date(2026, 3, 2)
Way = tuple[models.Transition, ...]


def flow(procedure: str, clock: str | None, counted: Collection[str]) -> list[CaseEvent]:
    """Its events, a day apart; with no clock and nothing counted, the opening event alone."""
    file = PROCEDURES[procedure]
    way = _shortest(file, clock, counted)
    offices = {word: OFFICES[role.sectors[0]] for word, role in file.roles.items()}
    # Two roles of one sector are two agencies.
    taken = {word: office[at % 2] for at, (word, office) in enumerate(offices.items())}
    return [_event(at, row, taken, clock) for at, row in enumerate(way)]


def _shortest(file: models.ProcedureFile, clock: str | None, counted: Collection[str]) -> Way:
    todo: deque[tuple[str, Way]] = deque([(file.initial, ())])
    seen = set()
    while todo:
        state, way = todo.popleft()
        started = clock is None or any(clock in row.begins for row in way)
        happened = not counted or any(row.event in counted for row in way)
        if way and started and happened:
            return way
        if (state, started, happened) not in seen:
            seen.add((state, started, happened))
            todo += [(_to(row, state), (*way, row)) for row in _next(file, state, bool(way))]
    raise AssertionError(f"{file.id} never starts {clock} and says one of {counted}")


def _next(file: models.ProcedureFile, state: str, began: bool) -> Iterator[models.Transition]:
    for row in file.in_use:
        in_force = row.effective_from <= _BEGAN and (row.effective_to or _BEGAN) >= _BEGAN
        at = state in row.from_ or (began and row.from_ == (ALL,))
        if in_force and at and row.event != models.LAPSED and (began or row.opening):
            yield row


def _to(row: models.Transition, state: str) -> str:
    return state if row.to == SAME else row.to


def _event(at: int, row: models.Transition, taken: dict[str, str], clock: str | None) -> CaseEvent:
    author = next((taken[one] for one in row.by if one in taken), next(iter(taken.values())))
    day = _BEGAN + dt.timedelta(at)
    to = tuple(dict.fromkeys(one for one in taken.values() if one != author))
    data = _body(clock) if clock in row.begins else {}
    return event(author, row.event, str(day), id=f"f{at}", to=to, **data)


def _body(clock: str | None) -> dict[str, Any]:
    """The body that the clock's row asks of the event that starts it."""
    rows = [one for one in _CLOCKS if one.id == clock and one.enabled]
    wanted = next((one for one in rows if one.unit and not one.effective_to), rows[0]).when
    body: dict[str, Any] = {}
    for path, values in wanted.items():
        *above, last = path.split(".")
        place = body
        for name in above:
            place = place.setdefault(name, {})
        place[last] = values[0]
    return body
