"""Fold order (design rule 4): one deterministic topological sort of a stream.

Among the events whose causes are done, the smallest comes next: by legal date, time of day (a bare
date is 00:00), source, sequence (missing first), time of the event, id. The lapse of a clock comes
at the end of its second.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from heapq import heappop, heappush

from casebus.cases.event import UNSAID, CaseEvent
from casebus.events.types import CLOCK_LAPSED

_MIDNIGHT = dt.time()
_LATEST = "\U0010ffff"
#: Rank of an event -> ranks of the events that it caused.
_Edges = list[list[int]]
Place = tuple[dt.date, dt.time, str, int, dt.datetime, str]


def sort_key(event: CaseEvent) -> Place:
    """The order of events that do not wait for each other; total, because it holds the identity."""
    place: Place | None = event.place
    if place is None:
        place = _place(event)
        object.__setattr__(event, "place", place)
    return place


def _place(event: CaseEvent) -> Place:
    legal = event.legal
    if event.type == CLOCK_LAPSED:
        # At the last second of the clock: what was done in that second is in time.
        time = (legal.time or _MIDNIGHT).replace(microsecond=999_999)
        return (legal.date, time, _LATEST, -1, UNSAID, event.id)
    return (
        legal.date,
        legal.time or _MIDNIGHT,
        event.source,
        -1 if event.sequence is None else event.sequence,
        event.said_at,
        event.id,
    )


def fold_order(events: Sequence[CaseEvent]) -> tuple[list[CaseEvent], list[list[CaseEvent]]]:
    """The events in fold order, and each cycle of causes whose edges were dropped.

    Identities must be distinct.
    """
    ranked = sorted(events, key=sort_key)
    if not any(event.causation for event in ranked):
        return ranked, []
    pairs = _pairs(ranked)
    # The sorted order already obeys every cause: it equals the topological sort.
    if all(cause < effect for cause, effect in pairs):
        return ranked, []
    order = _topological(len(ranked), pairs)
    cycles: list[list[int]] = []
    if len(order) < len(ranked):
        cycles = _cycles(len(ranked), pairs)
        group = {rank: at for at, cycle in enumerate(cycles) for rank in cycle}
        kept = [
            (cause, effect)
            for cause, effect in pairs
            if cause not in group or group[cause] != group.get(effect)
        ]
        order = _topological(len(ranked), kept)
    return [ranked[rank] for rank in order], [[ranked[rank] for rank in one] for one in cycles]


def _pairs(ranked: list[CaseEvent]) -> list[tuple[int, int]]:
    """(cause, effect) by rank; an id that two sources used names both their events."""
    effects = [(cause, rank) for rank, event in enumerate(ranked) for cause in event.causation]
    by_id = {event.id: rank for rank, event in enumerate(ranked)}
    if len(by_id) == len(ranked):
        return [(by_id[cause], rank) for cause, rank in effects if cause in by_id]
    every: dict[str, list[int]] = {}
    for rank, event in enumerate(ranked):
        every.setdefault(event.id, []).append(rank)
    return [(found, rank) for cause, rank in effects for found in every.get(cause, ())]


def _topological(count: int, pairs: list[tuple[int, int]]) -> list[int]:
    """Ranks in order, the smallest ready one first; ranks that wait for themselves are left out."""
    waiting = [0] * count
    following: dict[int, list[int]] = {}
    for cause, effect in pairs:
        following.setdefault(cause, []).append(effect)
        waiting[effect] += 1
    order: list[int] = []
    #: A rank that is smaller than the present one, and waits for nothing more, comes next.
    late: list[int] = []
    for rank in range(count):
        if waiting[rank]:
            continue
        done = rank
        while True:
            order.append(done)
            for effect in following.get(done, ()):
                waiting[effect] -= 1
                if not waiting[effect] and effect < rank:
                    heappush(late, effect)
            if not late:
                break
            done = heappop(late)
    return order


def _cycles(count: int, pairs: list[tuple[int, int]]) -> list[list[int]]:
    """Strongly connected groups (Kosaraju) of two or more, and events that name themselves."""
    forward: _Edges = [[] for _ in range(count)]
    backward: _Edges = [[] for _ in range(count)]
    for cause, effect in pairs:
        forward[cause].append(effect)
        backward[effect].append(cause)
    finished: list[int] = []
    seen = [False] * count
    for rank in range(count):
        _visit(rank, forward, seen, finished)
    groups: list[list[int]] = []
    seen = [False] * count
    for rank in reversed(finished):
        group: list[int] = []
        _visit(rank, backward, seen, group)
        if len(group) > 1 or (group and rank in forward[rank]):
            groups.append(sorted(group))
    return sorted(groups)


def _visit(start: int, edges: _Edges, seen: list[bool], finished: list[int]) -> None:
    """Depth first without recursion: a long chain of causes must not end the worker."""
    if seen[start]:
        return
    seen[start] = True
    stack = [(start, iter(edges[start]))]
    while stack:
        rank, following = stack[-1]
        fresh = next((one for one in following if not seen[one]), None)
        if fresh is None:
            finished.append(rank)
            stack.pop()
        else:
            seen[fresh] = True
            stack.append((fresh, iter(edges[fresh])))
