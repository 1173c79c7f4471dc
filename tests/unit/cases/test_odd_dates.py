"""Dates at the edges: before the law, in the future, 29 February, midnight, the Spring Festival."""

from __future__ import annotations

import pytest

from casebus.cases import derive
from tests.case_events import AMR, COURT, PRO, PSB, clock, due, event, folded, kinds


def proposed(at: str) -> str:
    return due(clock(folded([event(AMR, "referral.proposed", at)]), "T02"))


@pytest.mark.parametrize("day", ["0001-01-01", "1979-07-01", "2001-07-08"])
def test_an_event_of_before_the_first_law_is_recorded_and_starts_no_clock(day: str) -> None:
    case = folded(
        [event(AMR, "referral.sent", day, to=(PSB, PRO)), event(PSB, "referral.receipted", day)]
    )
    assert len(case.order) == 2
    assert case.opener == AMR
    assert [one.id for one in case.clocks if one.due] == []
    derive(case)


@pytest.mark.parametrize("day", ["2027-06-01", "2999-12-31", "9999-12-31"])
def test_an_event_of_the_future_counts_by_the_day_of_its_admission(day: str) -> None:
    case = folded([event(AMR, "referral.proposed", day, recorded_at="2026-03-02")])
    assert case.status == "pending_approval"
    assert due(clock(case, "T02")) == "2026-03-05"
    derive(case)


@pytest.mark.parametrize("day", ["2027-06-01", "2999-12-31", "9999-12-31"])
def test_an_import_of_the_future_is_counted_on_days_that_nobody_knows_yet(day: str) -> None:
    case = folded([event(AMR, "referral.proposed", day, recorded_at="2026-03-02", imported=True)])
    assert clock(case, "T02").provisional
    assert clock(case, "T02").due is not None
    derive(case)


@pytest.mark.parametrize(
    ("start", "end"),
    [
        ("2024-02-26", "2024-02-29"),
        # A Thursday; the third day is a Sunday.
        ("2024-02-29", "2024-03-04"),
        # No leap year: the third day is the first of March, a Sunday again.
        ("2026-02-26", "2026-03-02"),
    ],
)
def test_days_are_counted_over_the_end_of_february(start: str, end: str) -> None:
    assert proposed(start) == end


@pytest.mark.parametrize(
    ("start", "end"),
    [
        ("2024-01-31", "2024-02-29"),
        ("2023-01-31", "2023-02-28"),
        # From a last day to a last day, which is a Sunday, and a Monday (法释〔2021〕1号 202).
        ("2024-02-29", "2024-04-01"),
        ("2024-02-28", "2024-03-28"),
    ],
)
def test_a_month_ends_on_the_same_day_or_on_the_last(start: str, end: str) -> None:
    events = [
        event(AMR, "referral.sent", "2023-01-03", to=(PSB, PRO)),
        event(PSB, "referral.prosecution_requested", start, to=(PRO,)),
    ]
    assert due(clock(folded(events), "J01")) == end


@pytest.mark.parametrize("start", ["2026-03-02", "2026-03-02 00:00", "2026-03-02 23:59:59"])
def test_the_day_of_the_event_is_not_counted_whatever_its_hour(start: str) -> None:
    assert proposed(start) == "2026-03-05"


@pytest.mark.parametrize(
    ("done", "status"),
    [
        ("2026-03-05", "met"),
        ("2026-03-05 23:59:59", "met"),
        ("2026-03-05 23:59:59.999999", "met"),
        ("2026-03-06 00:00", "met_late"),
        ("2026-03-06", "met_late"),
    ],
)
def test_the_last_second_of_the_last_day_is_in_time_and_midnight_is_not(
    done: str, status: str
) -> None:
    events = [event(AMR, "referral.proposed", "2026-03-02"), event(AMR, "referral.approved", done)]
    assert clock(folded(events), "T02").status == status


@pytest.mark.parametrize(
    ("done", "status"),
    [("2026-03-05 00:00", "met"), ("2026-03-05 00:00:01", "met_late")],
)
def test_hours_from_midnight_end_at_midnight(done: str, status: str) -> None:
    events = [
        event(AMR, "referral.proposed", "2026-03-02"),
        event(AMR, "referral.approved", "2026-03-04 00:00"),
        event(AMR, "referral.sent", done, to=(PSB, PRO)),
    ]
    found = clock(folded(events), "T03")
    assert str(found.due) == "2026-03-05 00:00:00+08:00"
    assert found.status == status


@pytest.mark.parametrize(
    ("start", "end"),
    [
        # Off from Sunday 15 to Monday 23 February; worked on Saturday 14 and Saturday 28.
        ("2026-02-11", "2026-02-14"),
        ("2026-02-12", "2026-02-24"),
        ("2026-02-20", "2026-02-24"),
        ("2026-02-21", "2026-02-24"),
        ("2026-02-25", "2026-02-28"),
        ("2026-02-26", "2026-03-02"),
    ],
)
def test_natural_days_roll_over_the_spring_festival_and_end_on_a_worked_saturday(
    start: str, end: str
) -> None:
    assert proposed(start) == end


@pytest.mark.parametrize(
    ("start", "end"),
    [("2026-02-13", "2026-02-25"), ("2026-02-24", "2026-02-27"), ("2026-02-26", "2026-03-02")],
)
def test_working_days_leave_out_the_festival_and_count_the_worked_saturdays(
    start: str, end: str
) -> None:
    events = [
        event(AMR, "referral.sent", "2026-01-05", to=(PSB, PRO)),
        event(PSB, "referral.prosecution_requested", "2026-01-20", to=(PRO,)),
        event(PRO, "referral.non_prosecuted", start),
    ]
    assert due(clock(folded(events), "R03")) == end


def test_hours_run_through_the_festival() -> None:
    events = [
        event(AMR, "referral.proposed", "2026-02-14"),
        event(AMR, "referral.approved", "2026-02-16 10:00"),
    ]
    assert str(clock(folded(events), "T03").due) == "2026-02-17 10:00:00+08:00"


def test_an_author_of_another_century_does_not_change_who_opened_the_case() -> None:
    events = [
        event(AMR, "referral.sent", "2026-03-05", to=(PSB, PRO), position=1),
        event(COURT, "referral.judged", "1900-01-01", position=2),
    ]
    case = folded(events)
    assert case.opener == AMR
    assert "no_standing" in kinds(case) or "out_of_procedure" in kinds(case)
