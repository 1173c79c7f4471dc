"""A quota counts records: a door that brings too many waits, and no other door with it."""

from __future__ import annotations

from services.admission.pace import BURST_SECONDS, Pace


def test_a_door_within_its_quota_never_waits():
    pace = Pace(100, 10)
    assert {pace.owed("events.police", 45, 0, now) for now in (1.0, 1.5, 2.0, 2.5)} == {0.0}


def test_after_a_pause_a_door_brings_some_seconds_worth_at_once():
    pace = Pace(100, 10)
    assert pace.owed("events.police", 100 * BURST_SECONDS, 0, 1_000.0) == 0.0
    assert pace.owed("events.police", 100, 0, 1_000.0) == 1.0


def test_what_is_rejected_uses_the_quota_up_sooner():
    pace = Pace(100, 10)
    assert pace.owed("events.police", 50 * BURST_SECONDS, 5 * BURST_SECONDS, 1_000.0) == 0.0
    assert pace.owed("events.police", 0, 10, 1_000.0) == 1.0


def test_a_flooded_door_is_taken_at_its_pace_and_the_others_at_theirs():
    pace, now, taken = Pace(100, 10), 1_000.0, 0
    while now < 1_100.0:
        taken += 50
        now += pace.owed("events.administrative", 0, 50, now)
        assert pace.owed("events.police", 0, 0, now) == 0.0
    assert taken <= 10 * (100 + BURST_SECONDS) + 50
