"""Finds, lists and counts cases by the facts shown to a viewer.

There are three kinds of cases: open ones in which the viewer has a part, closed ones of the
viewer's team, and closed ones of others. The last are found by their opener, their procedure, the
month of their opening and the viewer's own numbers, as they are shown (ADR 0043, ADR 0059). Each
kind has its own query, with exactly the given conditions.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal, NamedTuple
from unicodedata import normalize
from uuid import UUID

from storage.handles import Handle, PoolHandle, Row
from storage.queries import load

_SQL = load("searching")
_PATIENCE = 5.0
_PAIR = 2


Sort = Literal["-changed", "changed", "-opened", "opened", "due"]
"""A minus is the latest first; by due the first due first, and last what has nothing due."""
By = Literal["all", "status", "procedure", "agency", "month"]

#: Used in place of a moment: nothing is due.
_NEVER = "timestamptz '9999-12-31 00:00:00+00'"
#: The order of cases: for open ones, and for closed ones as they are shown.
_PLACES: Mapping[str, tuple[str, str]] = {
    "changed": ("s.updated_at", "s.closed_changed"),
    "opened": ("s.opened", "s.closed_opened"),
    "due": (f"coalesce(next_due.due, {_NEVER})", _NEVER),
}
_MONTH = "to_char({} at time zone 'UTC', 'YYYY-MM')"
_COUNTED: Mapping[str, tuple[str, str]] = {
    "all": ("'all'::text", "'all'::text"),
    "status": ("s.status", "s.closed_status"),
    "procedure": ("coalesce(s.procedure, '')", "coalesce(s.procedure, '')"),
    "agency": ("coalesce(s.opener, '')", "coalesce(s.opener, '')"),
    "month": (_MONTH.format("s.opened"), _MONTH.format("s.closed_opened")),
}
#: States of a clock as shown (`gateway.shapes.clock_of`): past due and grace it is `unconfirmed`
#: until its end is journaled; `overdue` is owed and late, without history.
_OVER = "(c.breach_after <= {now} or c.lapse_after <= {now})"
_ENDED = ("paused", "met", "met_late", "cancelled", "lapsed")
_STATES: Mapping[str, str] = {
    "overdue": "c.status = 'running' and not c.historic and c.due < {now}",
    "running": f"c.status = 'running' and not c.breached and {_OVER} is not true",
    "unconfirmed": f"c.status = 'running' and not c.breached and {_OVER}",
    "breached": "c.breached",
    "late": "c.status = 'met_late' and not c.historic",
    **{name: f"c.status = '{name}' and not c.breached" for name in _ENDED},
}
CLOCK_STATES = tuple(_STATES)


@dataclass(frozen=True, slots=True)
class Viewing:
    """The viewer: an agency, or an operator (None), who has no part in any case."""

    agency: str | None
    #: True if it sees figures, duties and numbers in cases in which it holds no role.
    figures: bool
    now: datetime


@dataclass(frozen=True, slots=True)
class CaseFilter:
    """The conditions, which must all hold. Texts are canonical, moments aware."""

    status: str | None = None
    procedure: str | None = None
    #: It opened the case or holds a role in it.
    agency: str | None = None
    #: One of these opened it.
    openers: tuple[str, ...] | None = None
    clock: str | None = None
    clock_state: str | None = None
    #: The agency that must act by that clock.
    owes: str | None = None
    due_before: datetime | None = None
    finding: str | None = None
    #: The law's verdict on its figures.
    offence: str | None = None
    organisation: str | None = None
    number: str | None = None
    #: The id of an event of it.
    event: str | None = None
    #: For an event of it, as its `traceparent` has it: 32 hexadecimal digits.
    trace: bytes | None = None
    #: Words that are all in one title.
    title: str | None = None
    opened_from: datetime | None = None
    opened_before: datetime | None = None
    changed_from: datetime | None = None
    changed_before: datetime | None = None


@dataclass(frozen=True, slots=True)
class Page:
    sort: Sort
    #: The place at which the page before ended.
    after: tuple[datetime, UUID] | None
    limit: int


class NextDue(NamedTuple):
    """What a case falls due by next; `provisional`: it may still move."""

    due: datetime
    provisional: bool


@dataclass(frozen=True, slots=True)
class ValueCount:
    """How many cases have a value."""

    value: str
    count: int


async def next_dues(db: Handle, streams: Collection[UUID]) -> dict[UUID, NextDue]:
    """Of each case in which anything is due."""
    if not streams:
        return {}
    rows = await db.fetch(_SQL["next_dues"], list(streams), timeout=_PATIENCE)
    return {row["stream"]: NextDue(row["due"], row["provisional"]) for row in rows}


class _Values:
    """The values of one query; gives each its `$n`."""

    def __init__(self) -> None:
        self.given: list[Any] = []

    def __call__(self, value: Any) -> str:
        self.given.append(value)
        return f"${len(self.given)}"


async def page(db: PoolHandle, viewing: Viewing, wanted: CaseFilter, asked: Page) -> list[Row]:
    """Cases with their views; `place` is the position of each in the order."""
    values, by_part = _Values(), viewing.agency is not None
    word, falls = asked.sort.lstrip("-"), asked.sort.startswith("-")
    order = {
        "direction": "desc" if falls else "asc",
        # The place in reverse direction, or not: so one index serves both.
        "ties": "asc" if falls or word == "due" else "desc",
        "limit": values(asked.limit),
    }
    branches = [
        _SQL["page_of"].format(
            key=key,
            also=_SQL["next_due"] if word == "due" and not closed else "",
            conditions=" and ".join(
                (*conditions, *_after(key, asked.after, order, values, by_part=closed and by_part))
            ),
            **order,
        )
        for closed, conditions in _branches(viewing, wanted, values)
        for key in [_PLACES[word][closed]]
    ]
    return await _fetch(db, "page", branches, values, **order)


async def counts(db: PoolHandle, viewing: Viewing, wanted: CaseFilter, by: By) -> list[ValueCount]:
    """The number of cases for each `value`, the largest first."""
    values = _Values()
    branches = [
        _SQL["count_of"].format(
            key=_COUNTED[by][closed], also="", conditions=" and ".join(conditions)
        )
        for closed, conditions in _branches(viewing, wanted, values)
    ]
    return [ValueCount(**row) for row in await _fetch(db, "counts", branches, values)]


async def _fetch(
    db: PoolHandle, name: str, branches: list[str], values: _Values, **more: str
) -> list[Row]:
    query = _SQL[name].format(branches="\nunion all\n".join(branches), **more)
    async with db.acquire(timeout=_PATIENCE) as connection, connection.transaction(readonly=True):
        await connection.execute(_SQL["planned_anew"])
        rows: list[Row] = await connection.fetch(query, *values.given, timeout=_PATIENCE)
        return rows


def _branches(
    viewing: Viewing, wanted: CaseFilter, values: _Values
) -> Iterator[tuple[bool, list[str]]]:
    """(True for cases closed to the viewer, the conditions)."""
    viewer = viewing.agency and values(viewing.agency)
    part = [_SQL["is_part"].format(viewer=viewer)] if viewer else []
    team = _SQL["in_team"].format(viewer=viewer)
    asked = _Asked(viewing, wanted, values, viewer or "")
    yield False, ["not s.closed", *part, *asked.of_open()]
    if viewer:
        yield False, ["s.closed", team, *part, *asked.of_open()]
    closed = asked.of_closed()
    if closed is not None:
        yield True, ["s.closed", *([f"not {team}"] if viewer else ()), *part, *closed]


class _Asked:
    """The question as conditions: on known facts, and on the shown facts of closed cases."""

    def __init__(self, viewing: Viewing, wanted: CaseFilter, values: _Values, viewer: str) -> None:
        self._viewing, self._wanted, self._values, self._viewer = viewing, wanted, values, viewer

    def of_open(self) -> list[str]:
        """For viewers that may know of the case."""
        wanted, team = self._wanted, _SQL["in_team"].format(viewer=self._viewer)
        found = [
            *self._named("status", "procedure", "agency", "openers", "event", "trace"),
            *self._title(),
            *self._clock(),
            *self._between("s.opened", wanted.opened_from, wanted.opened_before),
            *self._between("s.updated_at", wanted.changed_from, wanted.changed_before),
        ]
        sees_all = self._viewing.agency is None
        for one in self._named("organisation"):
            found += [one] if sees_all else [one, team]
        for one in self._named("finding"):
            found += [one] if sees_all or self._viewing.figures else [one, team]
        if sees_all and wanted.offence is not None:
            # An operator sees no assessment.
            return [*found, "false"]
        for one in self._named("offence"):
            found += [one] if self._viewing.figures else [one, team]
        if wanted.number is not None:
            known = sees_all or self._viewing.figures
            found.append(self._own("number" if known else "known_number", wanted.number))
        return found

    def of_closed(self) -> list[str] | None:
        """For viewers that may not; None if such a case shows nothing of what is asked for."""
        wanted, put = self._wanted, self._values
        clock = (wanted.clock, wanted.clock_state, wanted.owes, wanted.due_before)
        hidden = (*clock, wanted.finding, wanted.offence, wanted.organisation, wanted.title)
        # A viewer finds its own numbers, events and deliveries; an operator has none.
        own = {name: getattr(wanted, name) for name in ("number", "event", "trace")}
        if self._viewing.agency is None:
            hidden = (*hidden, *own.values())
        if any(one is not None for one in hidden):
            return None
        shown = {"closed_status": wanted.status, "procedure": wanted.procedure}
        shown |= {"opener": wanted.agency}
        return [
            *(f"s.{name} = {put(one)}::text" for name, one in shown.items() if one is not None),
            *self._named("openers"),
            *(self._own(f"own_{name}", one) for name, one in own.items() if one is not None),
            *self._between("s.closed_opened", wanted.opened_from, wanted.opened_before),
            *self._between("s.closed_changed", wanted.changed_from, wanted.changed_before),
        ]

    def _named(self, *names: str) -> Iterator[str]:
        for name in names:
            value = getattr(self._wanted, name)
            if value is not None:
                yield _SQL[name].format(value=self._values(value))

    def _title(self) -> Iterator[str]:
        """All the words in one title: the state's, or one of the matter's that the viewer sees."""
        words, viewing, put = self._wanted.title, self._viewing, self._values
        if words is None:
            return
        query = "state_holds" if viewing.agency is None else "either_holds"
        holds = [_SQL[query].format(value=put(words))]
        holds += (
            _SQL["holds_word"].format(value=put(one))
            for one in words.split()
            # A word of one or two characters is a whole pair, so nothing is left to compare.
            if len(normalize("NFKC", one)) > _PAIR
        )
        if viewing.agency is not None and not viewing.figures:
            holds.append(_SQL["title_seen"].format(viewer=self._viewer))
        yield _SQL["title"].format(holds=" and ".join(holds))

    def _own(self, query: str, value: Any) -> str:
        return _SQL[query].format(value=self._values(value), viewer=self._viewer)

    def _clock(self) -> Iterator[str]:
        """All conditions hold for one and the same clock."""
        wanted, put, now = self._wanted, self._values, self._viewing.now
        parts = []
        if wanted.clock is not None:
            parts.append(f"c.clock = {put(wanted.clock)}::text")
        if wanted.owes is not None:
            parts.append(f"c.actor = {put(wanted.owes)}::text")
        if wanted.clock_state is not None:
            state = _STATES[wanted.clock_state]
            parts.append(state.format(now=f"{put(now)}::timestamptz") if "{" in state else state)
        if wanted.due_before is not None:
            parts.append("c.status = 'running' and not c.historic")
            parts += self._between("c.due", now, wanted.due_before)
        if parts:
            yield _SQL["clock"].format(clock=" and ".join(parts))

    def _between(
        self, column: str, since: datetime | None, before: datetime | None
    ) -> Iterator[str]:
        if since is not None:
            yield f"{column} >= {self._values(since)}::timestamptz"
        if before is not None:
            yield f"{column} < {self._values(before)}::timestamptz"


def _after(
    key: str,
    after: tuple[datetime, UUID] | None,
    order: Mapping[str, str],
    put: Callable[[Any], str],
    *,
    by_part: bool,
) -> Iterator[str]:
    """`by_part`: among the closed cases, those in which the viewer has a part, which are few."""
    if after is None:
        return
    moment, stream = f"{put(after[0])}::timestamptz", f"{put(after[1])}::uuid"
    beyond = {"asc": ">", "desc": "<"}
    past, tie = beyond[order["direction"]], beyond[order["ties"]]
    beyond_it = f"({key} {past} {moment} or {key} = {moment} and s.stream {tie} {stream})"
    # If parts are looked up one by one, the planner would look for each in every later moment.
    yield beyond_it if by_part else f"{key} {past}= {moment} and {beyond_it}"
