"""Who handles a case: consultation, the common superior, one transfer; joint cases and centres."""

from __future__ import annotations

from casebus.cases import CaseEvent
from tests.case_events import LAW, due, event, folded, kinds, lapse, status_of, the_clock

ZJ, GD, NATION = "cn-330106-amr", "cn-440106-amr", "cn-000000-amr"
COURT, OTHER_COURT, HIGH_COURT = "cn-330106-court", "cn-440106-court", "cn-000000-court"
CENTRE, MED = "cn-330100-cen", "cn-330100-med"


def disputed() -> list[CaseEvent]:
    return [event(ZJ, "jurisdiction.disputed", "2026-09-25", to=(GD,))]


def test_two_agencies_have_seven_working_days_to_consult() -> None:
    found = the_clock(folded(disputed()), "A11")
    assert due(found) == "2026-10-12"
    assert "第三十三条" in found.citation


def test_before_the_rule_of_2026_the_former_article_counts() -> None:
    found = the_clock(folded([event(ZJ, "jurisdiction.disputed", "2026-03-02", to=(GD,))]), "A11")
    assert "第三十条" in found.citation


def test_without_agreement_the_dispute_goes_to_the_common_superior() -> None:
    ended = lapse("A11", (ZJ, "jurisdiction.disputed"), "2026-10-12 23:59:59", to=(ZJ, NATION))
    case = folded([*disputed(), ended])
    assert case.status == "unresolved"
    escalated = event(ZJ, "major_issue.escalated", "2026-10-13", to=(NATION,))
    case = folded([*disputed(), ended, escalated])
    assert (case.status, case.roles["superior"]) == ("escalated", (NATION,))
    designated = event(NATION, "jurisdiction.designated", "2026-10-16", to=(GD, ZJ))
    case = folded([*disputed(), ended, escalated, designated])
    assert (case.status, the_clock(case, "A11a").status) == ("designated", "met")


def test_the_superior_may_designate_of_its_own_accord() -> None:
    events = [
        event(ZJ, "jurisdiction.disputed", "2026-09-25", to=(GD, NATION)),
        event(NATION, "jurisdiction.designated", "2026-09-28", to=(ZJ, GD)),
    ]
    case = folded(events)
    assert (case.status, the_clock(case, "A11").status) == ("designated", "cancelled")
    assert kinds(case) == []


def test_once_it_is_put_to_a_superior_nobody_else_designates() -> None:
    events = [
        *disputed(),
        event(GD, "major_issue.escalated", "2026-09-28", to=(NATION, ZJ)),
        event(GD, "jurisdiction.designated", "2026-09-29", to=(ZJ,)),
    ]
    case = folded(events)
    assert (case.status, kinds(case)) == ("escalated", ["no_standing"])


def test_an_agency_of_the_lowest_level_designates_nobody() -> None:
    ce_type = "casebus.jurisdiction.designated.v1"
    levels = ("county", "city", "province", "national")
    allowed = [LAW.may_emit("administrative", level, ce_type) for level in levels]
    assert allowed == [False, True, True, True]


def test_who_gives_way_hands_the_case_over() -> None:
    case = folded(
        [
            *disputed(),
            event(GD, "jurisdiction.consulted", "2026-09-28", to=(ZJ,)),
            event(GD, "jurisdiction.accepted", "2026-09-29", to=(ZJ,)),
        ]
    )
    assert (case.status, kinds(case)) == ("accepted", [])
    assert not [one for one in case.work if one.is_open]


def test_a_court_that_receives_a_case_wrongly_asks_its_superior() -> None:
    case = folded(
        [
            event(COURT, "jurisdiction.transferred", "2026-09-01", to=(OTHER_COURT,)),
            event(OTHER_COURT, "jurisdiction.disputed", "2026-09-04", to=(HIGH_COURT,)),
            event(HIGH_COURT, "jurisdiction.designated", "2026-09-10", to=(OTHER_COURT,)),
        ]
    )
    assert (case.status, kinds(case)) == ("designated", [])


def test_a_case_is_not_passed_on_twice() -> None:
    case = folded(
        [
            event(COURT, "jurisdiction.transferred", "2026-09-01", to=(OTHER_COURT,)),
            event(OTHER_COURT, "jurisdiction.transferred", "2026-09-04", id="again", to=(COURT,)),
        ]
    )
    assert (case.status, kinds(case)) == ("transferred", ["out_of_procedure"])


def test_a_joint_case_is_opened_joined_and_closed_by_its_leader() -> None:
    case = folded(
        [
            event(ZJ, "joint_case.opened", "2026-09-01", to=(GD,)),
            event(GD, "joint_case.joined", "2026-09-02", to=(ZJ,)),
            event(ZJ, "joint_case.closed", "2026-09-30", to=(GD,)),
        ]
    )
    assert (case.status, kinds(case)) == ("closed", [])


def test_a_joint_case_runs_beside_the_case_it_is_about() -> None:
    case = folded(
        [
            event(ZJ, "referral.proposed", "2026-09-01"),
            event(ZJ, "joint_case.opened", "2026-09-02", to=(GD,)),
        ]
    )
    assert (case.status, status_of(case, "joint_case")) == ("pending_approval", "opened")


def test_a_centre_puts_a_matter_on_its_way() -> None:
    case = folded(
        [
            event(CENTRE, "centre.intake", "2026-09-01"),
            event(CENTRE, "case.triaged", "2026-09-01 10:00"),
            event(CENTRE, "centre.preexam_requested", "2026-09-02"),
            event(CENTRE, "centre.preexam_closed", "2026-09-08"),
            event(CENTRE, "centre.routed", "2026-09-09", to=(MED,)),
            event(CENTRE, "centre.closed", "2026-10-20"),
        ]
    )
    assert (case.status, kinds(case)) == ("closed", [])
    assert case.roles["counterpart"] == (MED,)
