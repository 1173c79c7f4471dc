"""Patent rulings, validity, drug patents and notarial evidence."""

from __future__ import annotations

from typing import Any

from casebus.cases import CaseEvent
from tests.case_events import clock, due, event, folded, kinds, lapse, status_of, the_clock

AMR, EXA, COURT, NOT = "cn-330100-amr", "cn-000000-exa", "cn-330100-court", "cn-330100-not"


def filed(at: str = "2026-03-02") -> list[CaseEvent]:
    return [
        event(AMR, "patent_ruling.requested", "2026-02-26"),
        event(AMR, "patent_ruling.accepted", at),
    ]


def served(**data: Any) -> list[CaseEvent]:
    return [*filed(), event(AMR, "patent_ruling.served", "2026-03-06", **data)]


def ruled() -> list[CaseEvent]:
    return [
        *served(),
        event(AMR, "patent_ruling.defence_filed", "2026-03-18"),
        event(AMR, "patent_ruling.served", "2026-03-20", id="defence_served"),
        event(AMR, "patent_ruling.hearing_held", "2026-04-15"),
        event(AMR, "patent_ruling.ruled", "2026-05-20"),
    ]


def opened() -> list[CaseEvent]:
    return [
        event(EXA, "validity.proceeding_opened", "2026-02-02"),
        event(EXA, "validity.decided", "2026-05-11"),
    ]


def declared() -> list[CaseEvent]:
    return [event(AMR, "drug_patent.dispute_declared", "2026-03-02")]


def test_a_request_is_filed_in_five_working_days_and_five_more() -> None:
    case = folded(filed()[:1])
    assert due(the_clock(case, "P01a")) == "2026-03-04"
    longer = event(AMR, "patent_ruling.extended", "2026-03-03")
    assert due(the_clock(folded([*filed()[:1], longer]), "P01a")) == "2026-03-11"


def test_the_request_is_served_in_five_working_days() -> None:
    assert due(the_clock(folded(filed()), "P01b")) == "2026-03-09"


def test_a_party_in_china_answers_in_fifteen_days_a_party_abroad_in_thirty() -> None:
    assert due(the_clock(folded(served()), "P01c")) == "2026-03-23"
    assert due(the_clock(folded(served(respondent_abroad=True)), "P01c")) == "2026-04-07"


def test_a_case_is_closed_in_three_months_one_more_and_two_more() -> None:
    assert due(the_clock(folded(filed()), "P01")) == "2026-06-02"
    head = event(AMR, "patent_ruling.extended", "2026-05-25")
    above = event(AMR, "patent_ruling.extended", "2026-06-25", id="above")
    assert due(the_clock(folded([*filed(), head]), "P01")) == "2026-07-02"
    case = folded([*filed(), head, above])
    assert (due(the_clock(case, "P01")), the_clock(case, "P01").extended) == ("2026-09-02", 2)
    third = event(AMR, "patent_ruling.extended", "2026-08-25", id="third")
    assert "data_quality" in kinds(folded([*filed(), head, above, third]))


def test_before_february_2025_a_case_had_three_months_and_one_more() -> None:
    found = the_clock(folded(filed("2025-01-06")), "P01")
    assert (due(found), found.law_version) == ("2025-04-07", "2015-07-01")


def test_suspension_and_appraisal_do_not_count() -> None:
    case = folded(
        [
            *served(),
            event(AMR, "patent_ruling.suspended", "2026-04-01"),
            event(AMR, "patent_ruling.resumed", "2026-04-21"),
            event(AMR, "appraisal.requested", "2026-04-22"),
            event(AMR, "appraisal.issued", "2026-05-02"),
        ]
    )
    assert due(the_clock(case, "P01")) == "2026-07-02"


def test_a_ruling_is_published_in_twenty_working_days() -> None:
    case = folded(ruled())
    assert (case.status, due(clock(case, "P01e"))) == ("ruled", "2026-06-17")
    assert the_clock(case, "P01").status == "met"


def test_a_ruling_that_nobody_challenges_in_fifteen_days_stands() -> None:
    served_on = [*ruled(), event(AMR, "patent_ruling.served_ruling", "2026-05-25")]
    assert due(the_clock(folded(served_on), "P01f")) == "2026-06-09"
    over = lapse("P01f", (AMR, "patent_ruling.served_ruling"), "2026-06-09 23:59:59")
    case = folded([*served_on, over, event(AMR, "patent_ruling.published", "2026-06-12")])
    assert (case.status, kinds(case)) == ("standing", [])


def test_a_changed_ruling_is_published_anew() -> None:
    case = folded(
        [
            *ruled(),
            event(AMR, "patent_ruling.published", "2026-06-01"),
            event(AMR, "patent_ruling.challenged", "2026-06-03"),
            event(AMR, "patent_ruling.ruled", "2026-09-01", id="anew"),
        ]
    )
    assert [one.status for one in case.clocks if one.id == "P01e"] == ["met", "running"]


def test_who_infringes_again_is_ruled_against_without_a_hearing() -> None:
    case = folded([*filed(), event(AMR, "patent_ruling.ruled", "2026-03-10", prior_ruling=True)])
    assert (case.status, kinds(case)) == ("ruled", [])


def test_a_decision_on_validity_is_contested_in_three_months() -> None:
    assert due(the_clock(folded(opened()), "P03")) == "2026-08-11"
    over = lapse("P03", (EXA, "validity.decided"), "2026-08-11 23:59:59")
    assert folded([*opened(), over]).status == "decision_stands"
    contested = event(EXA, "validity.appealed", "2026-06-01", to=(COURT,))
    judged = event(COURT, "validity.decided", "2026-11-02", id="judged")
    assert folded([*opened(), contested, judged]).status == "judged"


def test_a_decision_on_a_mark_is_contested_in_thirty_days() -> None:
    decided = event(EXA, "validity.decided", "2026-05-11", right={"kind": "TRADEMARK"})
    assert due(clock(folded([opened()[0], decided]), "P03")) == "2026-06-10"


def test_validity_suspends_the_ruling_beside_it() -> None:
    case = folded(
        [
            *served(),
            event(EXA, "validity.proceeding_opened", "2026-03-30", to=(AMR,)),
            event(AMR, "proceeding.suspended", "2026-04-01"),
        ]
    )
    assert status_of(case, "patent_ruling") == "suspended"
    assert status_of(case, "validity") == "opened"
    assert the_clock(case, "P01").status == "paused"


def test_the_owner_of_a_drug_patent_has_forty_five_days() -> None:
    assert due(the_clock(folded(declared()), "P05")) == "2026-04-16"
    over = lapse("P05", (AMR, "drug_patent.dispute_declared"), "2026-04-16 23:59:59")
    assert folded([*declared(), over]).status == "open_to_applicant"


def test_a_suit_over_a_drug_patent_lets_the_approval_wait_nine_months() -> None:
    case = folded(
        [
            *declared(),
            event(AMR, "drug_patent.suit_noted", "2026-04-01", to=(COURT,)),
            event(AMR, "drug_patent.marketing_stayed", "2026-04-10"),
        ]
    )
    assert (case.status, the_clock(case, "P05").status) == ("stayed", "met")
    assert str(the_clock(case, "P05b").nominal) == "2027-01-10"


def test_a_notary_certifies_preserved_evidence_in_fifteen_working_days() -> None:
    offered = event(NOT, "notary.evidence_offered", "2026-03-02")
    kept = event(NOT, "notary.evidence_preserved", "2026-03-09")
    case = folded([offered, kept])
    assert (case.status, due(the_clock(case, "N01"))) == ("preserved", "2026-03-30")
    done = event(NOT, "notary.certificate_issued", "2026-03-20")
    assert folded([offered, kept, done]).status == "certified"
