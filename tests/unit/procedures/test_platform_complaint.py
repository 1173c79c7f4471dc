"""Complaints to a platform: fifteen days in which the owner sues, or the measure is lifted."""

from __future__ import annotations

from casebus.cases import CaseEvent, derive
from tests.case_events import due, event, folded, lapse, status_of, the_clock

PLATFORM, COURT, EXA = "cn-330110-pla-a", "cn-330100-court", "cn-000000-exa"


def forwarded() -> list[CaseEvent]:
    """The seller's statement reaches the owner on 2026-09-20: fifteen days end on 10-05."""
    return [
        event(PLATFORM, "platform.notice", "2026-09-10"),
        event(PLATFORM, "patent_report.attached", "2026-09-10 10:00"),
        event(PLATFORM, "platform.measure", "2026-09-11"),
        event(PLATFORM, "platform.forwarded", "2026-09-12", id="to_seller"),
        event(PLATFORM, "platform.counter_notice", "2026-09-18"),
        event(PLATFORM, "platform.forwarded", "2026-09-20", id="to_owner"),
    ]


def test_the_fifteen_days_begin_when_the_statement_reaches_the_owner() -> None:
    case = folded(forwarded())
    found = the_clock(case, "E01")
    assert (case.status, found.trigger) == ("waiting", (PLATFORM, "to_owner"))


def test_a_fifteenth_day_in_the_holidays_rolls_on_and_stays_on_record() -> None:
    found = the_clock(folded(forwarded()), "E01")
    assert (found.nominal.isoformat(), due(found)) == ("2026-10-05", "2026-10-08")


def test_no_suit_in_fifteen_days_lifts_the_measure_by_itself() -> None:
    case = folded([*forwarded(), lapse("E01", (PLATFORM, "to_owner"), "2026-10-08 23:59:59")])
    assert case.status == "lifted"
    assert the_clock(case, "E01").status == "lapsed"
    assert the_clock(case, "E03").status == "cancelled"
    assert {"restore", "publish_result"} <= {one.duty for one in case.work if one.is_open}


def test_a_suit_proved_on_the_last_day_keeps_the_measure() -> None:
    proof = event(PLATFORM, "platform.suit_proved", "2026-10-08 16:00")
    late = lapse("E01", (PLATFORM, "to_owner"), "2026-10-08 23:59:59")
    case = folded([*forwarded(), proof, late])
    assert case.status == "stayed"
    assert the_clock(case, "E01").status == "met"


def test_a_suit_proved_late_is_on_record_and_brings_nothing_back() -> None:
    lapsed = lapse("E01", (PLATFORM, "to_owner"), "2026-10-08 23:59:59")
    case = folded([*forwarded(), lapsed, event(PLATFORM, "platform.suit_proved", "2026-10-09")])
    assert (case.status, [one.kind for one in case.findings]) == ("lifted", [])


def test_the_grace_waits_for_a_proof_on_its_way_and_lengthens_no_period() -> None:
    case = folded([*forwarded(), event(PLATFORM, "platform.suit_proved", "2026-10-09 00:00")])
    assert [one.type for one in derive(case)] == ["casebus.clock.lapsed.v1"]
    case = folded([*forwarded(), event(PLATFORM, "platform.suit_proved", "2026-10-08")])
    assert derive(case) == []


def test_a_notarisation_holds_the_period_up_for_twenty_working_days_at_most() -> None:
    paused = event(PLATFORM, "clock.paused", "2026-09-25", clock="E01", reasons="权利人办理公证")
    case = folded([*forwarded(), paused])
    assert the_clock(case, "E01").status == "paused"
    assert due(the_clock(case, "E03")) == "2026-10-23"
    ended = lapse("E03", (PLATFORM, "to_owner"), "2026-10-23 23:59:59")
    case = folded([*forwarded(), paused, ended])
    assert (case.status, the_clock(case, "E01").status) == ("lifted", "cancelled")


def test_the_result_is_published() -> None:
    lapsed = lapse("E01", (PLATFORM, "to_owner"), "2026-10-08 23:59:59")
    restored = event(PLATFORM, "platform.measure_lifted", "2026-10-09")
    published = event(PLATFORM, "platform.result_published", "2026-10-10")
    case = folded([*forwarded(), lapsed, restored, published])
    assert case.status == "restored"
    assert not [one for one in case.work if one.is_open]
    assert [one.status for one in case.clocks if one.id == "E02"] == ["met", "met"]


def test_a_notice_without_grounds_is_dismissed() -> None:
    case = folded([*forwarded()[:1], event(PLATFORM, "platform.result_published", "2026-09-11")])
    assert case.status == "dismissed"


def test_a_right_that_was_decided_on_has_the_measure_reviewed() -> None:
    opened = event(EXA, "validity.proceeding_opened", "2026-09-13", to=(PLATFORM,))
    decided = event(EXA, "validity.decided", "2026-09-16", to=(PLATFORM,))
    case = folded([*forwarded()[:4], opened, decided])
    [item] = [one for one in case.work if one.duty == "review_measure"]
    assert (item.agency, item.is_open) == (PLATFORM, True)


def test_a_site_is_blocked_when_asked_and_ordered() -> None:
    amr = "cn-330106-amr"
    case = folded(
        [
            event(amr, "site_blocking.requested", "2026-09-01", to=(PLATFORM,)),
            event(amr, "site_blocking.ordered", "2026-09-02", to=(PLATFORM,)),
            event(PLATFORM, "site_blocking.executed", "2026-09-03", to=(amr,)),
        ]
    )
    assert (case.status, case.findings) == ("executed", ())


def test_an_evaluation_report_is_owed_in_two_months() -> None:
    asked = event(PLATFORM, "patent_report.requested", "2026-08-03", to=(EXA,))
    case = folded([asked])
    assert due(the_clock(case, "E04")) == "2026-10-08"
    issued = event(EXA, "patent_report.issued", "2026-09-30", to=(PLATFORM,))
    attached = event(PLATFORM, "patent_report.attached", "2026-10-02")
    case = folded([asked, issued, attached])
    assert status_of(case, "patent_report") == "attached"
    assert the_clock(case, "E04").status == "met"


def test_a_measure_after_the_sellers_statement_is_the_measure_that_was_owed() -> None:
    events = [
        event(PLATFORM, "platform.notice", "2026-09-10"),
        event(PLATFORM, "platform.counter_notice", "2026-09-11"),
        event(PLATFORM, "platform.measure", "2026-09-12"),
    ]
    case = folded(events)
    assert (case.status, the_clock(case, "E01a").status) == ("countered", "met")
    assert "take_measure" not in [one.duty for one in case.work if one.is_open]
