"""The last moment of a period and of its grace: in it nobody is late, after it everybody is."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from casebus.cases import fold
from casebus.cases.facets.clocks.clock import BREACH, LAPSE, MET_LATE, Clock
from tests.case_events import AMR, clock, event
from tests.small_law import law

ARB = "cn-330100-arb"
GRACE = timedelta(hours=24)
MOMENT = timedelta(microseconds=1)


def ended(expiry: str, after: timedelta) -> Clock:
    """A period whose act came so long after its certain last moment."""
    running: Clock = clock(
        fold([event(ARB, "mediation.asked", "2026-09-20", to=(AMR,))], law()), "M01"
    )
    assert running.certain is not None
    stopped = running.certain + after
    made: Clock = replace(running, expiry=expiry, status=MET_LATE, grace=GRACE, stopped=stopped)
    return made


@pytest.mark.parametrize(("after", "late"), [(GRACE, False), (GRACE + MOMENT, True)])
def test_the_last_moment_of_grace_is_still_grace(after: timedelta, late: bool) -> None:
    found = ended(BREACH, after)
    assert found.missed is late
    assert (found.breach_after is not None) is late


@pytest.mark.parametrize(("after", "late"), [(timedelta(), False), (MOMENT, True)])
def test_what_lapses_has_no_grace_for_the_act_itself(after: timedelta, late: bool) -> None:
    assert ended(LAPSE, after).missed is late


def test_a_breach_is_told_after_the_grace_and_not_after_the_period() -> None:
    found = ended(BREACH, GRACE + MOMENT)
    assert found.certain is not None
    assert found.breach_after == found.certain + GRACE
