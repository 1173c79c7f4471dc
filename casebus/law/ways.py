"""Where the transitions of a procedure lead: the states ahead of a state, and the final ones."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from casebus.law import models
from casebus.law.compiled import ALL, SAME

_Edge = tuple[str, str]


class Ways:
    """The ways between the states of one procedure.

    A new round is an opening transition from a state to which its target leads. Neither a new round
    nor acts that may happen in any state lead ahead. Otherwise every state would lie ahead of every
    other.
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
        #: State -> the states that can follow it, near or far, without the state itself.
        self.ahead = {
            state: frozenset(_reach(state, following) - {state}) for state in self._states
        }
        #: States without a way out, except into a new round.
        self.final = frozenset(state for state in self._states if not following[state])
        anywhere = {row.to for row in file.in_use if row.from_ == (ALL,) and row.to != SAME}
        starts = {file.initial, *anywhere}
        #: States that some order of events reaches.
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
