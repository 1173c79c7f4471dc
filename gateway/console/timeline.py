"""A case's life as a drawing: one lane for each agency, hand-overs between them, idle time folded.

Pure geometry in pixels: the template draws it, and describes each thing in words.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import accumulate, pairwise

from casebus.errors import CasebusError
from casebus.events.envelope import agency_of
from casebus.events.legaltime import LegalTime
from casebus.events.types import all_of
from gateway.api.histories import HistoryItem
from gateway.shapes import Clock

#: Names of lanes and clocks are left of this.
LEFT = 190
_RIGHT = 40
_TOP = 34
_LANE = 46
_BAR = 24
#: Between two moments; idle time from this length on is folded to one width.
_NEAR, _FAR, _FOLDED = 30, 72, 84
#: A short story is drawn wider, up to this width and this factor.
_FILL, _MOST_WIDER = 720, 3
IDLE = timedelta(days=2)
#: Notes about others' events, or by the bus. They move no case.
_NOTES = (all_of("intake"), all_of("work"), all_of("clock"), all_of("finding"))
#: The due date of a clock in any other state is of no more interest.
_OPEN = frozenset({"running", "paused", "breached", "met_late", "unconfirmed"})


@dataclass(frozen=True, slots=True)
class TimelineLane:
    agency: str
    y: int


@dataclass(frozen=True, slots=True)
class EventMark:
    """An event, on its author's lane."""

    item: HistoryItem
    at: datetime
    x: int
    y: int

    @property
    def is_grave(self) -> bool:
        return any(one.severity in ("SERIOUS", "CRITICAL") for one in self.item.findings)


@dataclass(frozen=True, slots=True)
class DrawnHandOver:
    """An event's arrival in another lane, and the time that it waited there for an answer."""

    mark: EventMark
    to: str
    y: int
    #: The place of the answer, or of the present.
    until: int
    waited: timedelta
    is_open: bool


@dataclass(frozen=True, slots=True)
class Gap:
    """Time in which nothing happened, drawn shorter than it was."""

    x: int
    width: int
    length: timedelta


@dataclass(frozen=True, slots=True)
class ClockBar:
    """A clock from its start to its end, or to its due date."""

    clock: Clock
    x: int
    width: int
    y: int
    #: The place of its due date.
    due: int | None


@dataclass(frozen=True, slots=True)
class Timeline:
    width: int
    height: int
    lanes: list[TimelineLane]
    marks: list[EventMark]
    hand_overs: list[DrawnHandOver]
    gaps: list[Gap]
    bars: list[ClockBar]
    now: int
    #: The height at which the lanes end and the clocks begin.
    floor: int


class _Scale:
    """Moments to places: near ones close together, far ones no farther than needed."""

    def __init__(self, moments: Iterable[datetime]) -> None:
        self._knots = sorted(set(moments))
        steps = [_width(after - before) for before, after in pairwise(self._knots)]
        wider = min(max(_FILL / max(sum(steps), 1), 1), _MOST_WIDER)
        self._places = list(accumulate((round(one * wider) for one in steps), initial=LEFT + _NEAR))

    @property
    def end(self) -> int:
        return self._places[-1]

    def at(self, moment: datetime) -> int:
        """Between two knots in proportion; beyond the ends, at the end."""
        after = bisect_right(self._knots, moment)
        if after == 0 or after == len(self._knots):
            return self._places[0 if after == 0 else -1]
        before, next_ = self._knots[after - 1], self._knots[after]
        left, right = self._places[after - 1], self._places[after]
        return left + round((right - left) * ((moment - before) / (next_ - before)))

    def gaps(self, until: datetime) -> list[Gap]:
        """Idle time up to a moment: the future is not idle yet."""
        return [
            Gap(self.at(before), self.at(after) - self.at(before), after - before)
            for before, after in pairwise(self._knots)
            if after - before >= IDLE and after <= until
        ]


def _width(length: timedelta) -> int:
    if length >= IDLE:
        return _FOLDED
    return _NEAR + round((_FAR - _NEAR) * (length / IDLE))


def drawn(items: Sequence[HistoryItem], clocks: Sequence[Clock], now: datetime) -> Timeline:
    """The events, in the given order, and the clocks in their present state."""
    # A cause may have a later date than its effect: the line never runs back.
    moments = list(accumulate((moment_of(one) for one in items), max))
    latest = max([now, *moments])
    open_ones = [one for one in clocks if one.state in _OPEN]
    dues = [one.due for one in open_ones if one.due is not None and one.due > latest]
    scale = _Scale([*moments, now, *dues])
    lanes = _lanes(items)
    floor = _TOP + _LANE * len(lanes)
    rows = {lane.agency: lane.y for lane in lanes}
    marks = [
        EventMark(one, at, scale.at(at), rows[agency_of(one.source)])
        for one, at in zip(items, moments, strict=True)
    ]
    marks = _apart(marks)
    bars = [_bar(clock, scale, now, floor + 30 + _BAR * at) for at, clock in enumerate(clocks)]
    return Timeline(
        width=scale.end + _RIGHT,
        height=floor + (34 + _BAR * len(bars) if bars else 8),
        lanes=lanes,
        marks=marks,
        hand_overs=[
            one
            for at, mark in enumerate(marks, 1)
            for one in _hand_overs(mark, marks[at:], rows, scale, now)
        ],
        gaps=scale.gaps(latest),
        bars=bars,
        now=scale.at(now),
        floor=floor,
    )


def is_note(item: HistoryItem) -> bool:
    """True for mere notes: a receipt, who took what, an event of the bus."""
    return item.type.startswith(_NOTES)


def moment_of(item: HistoryItem) -> datetime:
    """Its legal time; a bare date not after its recording; for a bare month, its recording."""
    try:
        return min(LegalTime.parse(item.legal_time).moment(), item.recorded_at)
    except (CasebusError, ValueError):
        return item.recorded_at


def _lanes(items: Iterable[HistoryItem]) -> list[TimelineLane]:
    """In the order in which agencies appear; each recipient has a lane too."""
    named: dict[str, None] = {}
    for one in items:
        named |= dict.fromkeys([agency_of(one.source), *one.recipients])
    return [TimelineLane(agency, _TOP + _LANE * at + _LANE // 2) for at, agency in enumerate(named)]


def _apart(marks: list[EventMark]) -> list[EventMark]:
    """Events of one moment on one lane are drawn beside each other."""
    taken: dict[tuple[int, int], int] = {}
    found = []
    for one in marks:
        place = (one.x, one.y)
        beside = taken[place] = taken.get(place, -1) + 1
        found.append(EventMark(one.item, one.at, one.x + 11 * min(beside, 2), one.y))
    return found


def _hand_overs(
    mark: EventMark, later: Sequence[EventMark], rows: dict[str, int], scale: _Scale, now: datetime
) -> Iterable[DrawnHandOver]:
    for agency in mark.item.recipients:
        if rows[agency] == mark.y:
            continue
        answers = (one for one in later if one.y == rows[agency] and not is_note(one.item))
        answer = next(answers, None)
        until = answer.at if answer else now
        yield DrawnHandOver(
            mark,
            agency,
            rows[agency],
            answer.x if answer else scale.at(now),
            max(until - mark.at, timedelta()),
            answer is None,
        )


def _bar(clock: Clock, scale: _Scale, now: datetime, y: int) -> ClockBar:
    said = clock.model_dump()
    began = _legal(said.get("counted_from")) or _legal(said.get("started")) or now
    stopped = _moment(said.get("stopped"))
    ends = [stopped] if stopped else [one for one in (clock.due, now) if one is not None]
    x = scale.at(began)
    due = scale.at(clock.due) if clock.due is not None and clock.state in _OPEN else None
    return ClockBar(clock, x, max(scale.at(max(ends)) - x, 4), y, due)


def _legal(text: str | None) -> datetime | None:
    try:
        return LegalTime.parse(text).moment() if text else None
    except (CasebusError, ValueError):
        return None


def _moment(text: str | datetime | None) -> datetime | None:
    return datetime.fromisoformat(text) if isinstance(text, str) else text
