"""A case's drawing: lanes, what waits between them, idle time folded, clocks as bars."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from itertools import pairwise
from typing import Any

from gateway.api.histories import HistoryItem
from gateway.console import timeline
from gateway.console.timeline import IDLE, drawn
from gateway.shapes import Clock

_BEGIN = datetime(2026, 3, 2, 1, tzinfo=UTC)
_AMR, _PSB = "cn-330106-amr", "cn-330106-psb"


def _item(
    name: str, source: str, days: float, *to: str, legal: str = "", folded: bool = True
) -> HistoryItem:
    at = _BEGIN + timedelta(days=days)
    return HistoryItem(
        type=f"casebus.{name}.v1",
        source=source,
        id=f"{name}-{days}",
        legal_time=legal or at.isoformat(),
        recorded_at=at,
        position=None,
        recipients=list(to),
        folded=folded,
        findings=[],
        data={},
        withheld=[],
        recalled=False,
    )


def _clock(state: str, **more: Any) -> Clock:
    said = {"key": "k", "id": "T04", "title": "签收", "started": _BEGIN.isoformat(), **more}
    return Clock(**said, state=state)


def _at(days: float) -> datetime:
    return _BEGIN + timedelta(days=days)


def test_every_author_and_recipient_has_a_lane_and_every_event_a_mark_on_it() -> None:
    found = drawn([_item("referral.sent", _AMR, 0, _PSB)], [], _at(1))
    assert [lane.agency for lane in found.lanes] == [_AMR, _PSB]
    assert [mark.y for mark in found.marks] == [found.lanes[0].y]


def test_a_hand_over_waits_until_the_recipient_acts_and_not_until_it_only_received() -> None:
    items = [
        _item("referral.sent", _AMR, 0, _PSB),
        _item("intake.received", _PSB, 0.5),
        _item("referral.receipted", _PSB, 1.5),
    ]
    [one] = drawn(items, [], _at(9)).hand_overs
    assert (one.waited, one.is_open) == (timedelta(days=1.5), False)


def test_what_nobody_answered_waits_until_now() -> None:
    found = drawn([_item("referral.sent", _AMR, 0, _PSB)], [], _at(4))
    [one] = found.hand_overs
    assert (one.waited, one.is_open, one.until) == (timedelta(days=4), True, found.now)


def test_idle_time_is_folded_whatever_its_length() -> None:
    def width(days: float) -> int:
        items = [_item("case.noted", _AMR, 0), _item("case.noted", _AMR, days)]
        [gap] = drawn(items, [], _at(days)).gaps
        assert gap.length == timedelta(days=days)
        return gap.width

    assert width(14) == width(1400)


def test_what_lies_ahead_is_not_idle() -> None:
    clock = _clock("running", due=_at(30))
    found = drawn([_item("case.noted", _AMR, 0)], [clock], _at(0.1))
    assert not found.gaps
    assert found.bars[0].due is not None
    assert found.bars[0].due > found.now


def test_a_shorter_time_is_never_drawn_wider() -> None:
    items = [_item("case.noted", _AMR, days) for days in (0, 0.1, 1, 2.9, 30)]
    places = [mark.x for mark in drawn(items, [], _at(30)).marks]
    widths = [after - before for before, after in pairwise(places)]
    assert widths == sorted(widths)


def test_the_line_never_runs_back_where_an_effect_bears_an_earlier_date() -> None:
    items = [_item("referral.sent", _AMR, 3), _item("case.noted", _PSB, 1)]
    first, second = drawn(items, [], _at(5)).marks
    assert first.x <= second.x


def test_a_breached_clock_reaches_past_its_due_date_and_a_met_one_ends_where_it_was_met() -> None:
    items = [_item("referral.sent", _AMR, 0), _item("referral.receipted", _PSB, 1)]
    late = _clock("breached", due=_at(2))
    met = _clock("met", due=_at(4), stopped=_at(1).isoformat())
    found = drawn(items, [late, met], _at(6))
    late_bar, met_bar = found.bars
    assert late_bar.due is not None
    assert late_bar.x + late_bar.width == found.now > late_bar.due
    assert met_bar.x + met_bar.width == found.marks[1].x
    assert met_bar.due is None


def test_a_clock_that_nobody_stopped_runs_up_to_now_though_it_was_due_before() -> None:
    found = drawn([_item("case.noted", _AMR, 0)], [_clock("running", due=_at(2))], _at(6))
    [bar] = found.bars
    assert bar.x + bar.width == found.now


def test_a_month_alone_and_a_date_stand_where_they_can_be_placed() -> None:
    assert timeline.moment_of(_item("case.noted", _AMR, 0, legal="2026-03")) == _BEGIN
    day = timeline.moment_of(_item("case.noted", _AMR, 0, legal="2026-03-02"))
    assert _BEGIN - IDLE < day <= _BEGIN


def test_a_case_of_which_nothing_is_shown_is_drawn_too() -> None:
    found = drawn([], [], _at(0))
    assert (found.lanes, found.marks, found.bars) == ([], [], [])
    assert found.width > 0
