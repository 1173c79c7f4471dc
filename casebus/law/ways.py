"""Where the transitions of a procedure lead: what lies ahead of a state, and where it ends."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from casebus.law import models
from casebus.law.compiled import ALL, SAME

_Edge = tuple[str, str]


class Ways:
    """The ways between the states of one procedure.

    A new round (an opening transition out of a state that its target leads to) leads nowhere ahead,
    and neither do acts that may happen in any state. Otherwise everything would lie ahead of
    everything.
    """

    def __init__(self, file: models.ProcedureFile) -> None:
        self._states = tuple(file.states)
        plain, opening = set(_edges(file, opening=False)), set(_edges(file, opening=True))
        begun = {edge for edge in opening if edge[0] == file.initial}
        first = self._following(plain | begun)
        left = {state for state, _ in plain}
        rounds = {
            (state, to)
            for state, to in opening - begun
            if state not in left and state in {to, *_reach(to, first)}
        }
        following = self._following((plain | opening) - rounds)
        #: State -> the states that can follow it, near or far; it itself is not one of them.
        self.ahead = {
            state: frozenset(_reach(state, following) - {state}) for state in self._states
        }
        #: States without a way out but into a new round.
        self.final = frozenset(state for state in self._states if not following[state])
        anywhere = {row.to for row in file.in_use if row.from_ == (ALL,) and row.to != SAME}
        starts = {file.initial, *anywhere}
        #: States that some order of events leads to.
        self.reachable = starts.union(*(self.ahead.get(state, ()) for state in starts))

    def _following(self, edges: Iterable[_Edge]) -> dict[str, set[str]]:
        following: dict[str, set[str]] = {state: set() for state in self._states}
        for state, to in edges:
            following[state].add(to)
        return following


def _edges(file: models.ProcedureFile, *, opening: bool) -> Iterable[_Edge]:
    for row in file.in_use:
        if row.opening == opening and row.from_ != (ALL,):
            yield from ((state, row.to) for state in row.from_ if row.to not in (SAME, state))


def _reach(state: str, following: Mapping[str, set[str]]) -> set[str]:
    reached: set[str] = set()
    todo = [state]
    while todo:
        fresh = following[todo.pop()] - reached
        reached |= fresh
        todo.extend(fresh)
    return reached
