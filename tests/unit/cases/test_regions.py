"""Procedures side by side in one case (ADR 0017)."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from casebus.cases import Case, CaseEvent, fold
from casebus.law import LawError
from tests.case_events import AMR, PRO, PSB, clock, event, kinds
from tests.case_events import LAW as SHIPPED
from tests.small_law import CLOCKS, MEDIATION, PENALTY, law

LAW = law()
ARB, OTHER_AMR = "cn-330100-arb", "cn-330108-amr"
FILED = event(AMR, "penalty.filed", "2026-03-02")
ASKED = event(ARB, "mediation.asked", "2026-03-04", to=(AMR,))


def case(*events: CaseEvent) -> Case:
    return fold(events, LAW)


def states(found: Case) -> dict[str, str]:
    return {one.procedure: one.status for one in found.regions}


def test_a_later_opening_event_of_another_procedure_opens_a_region() -> None:
    found = case(FILED, ASKED)
    assert (found.procedure, found.status, found.opener) == ("penalty", "filed", AMR)
    assert states(found) == {"penalty": "filed", "mediation": "asked"}
    assert found.regions[1].opened_by == (ARB, "mediation.asked")
    assert found.to_json()["regions"][1]["status"] == "asked"
    assert kinds(found) == []


def test_the_first_journaled_opening_leads_whichever_comes_first_in_fold_order() -> None:
    found = case(replace(FILED, position=(1, 0, 9)), replace(ASKED, position=(1, 0, 3)))
    assert found.procedure == "mediation"
    assert [one.procedure for one in found.regions] == ["mediation", "penalty"]


@pytest.mark.parametrize("system", [AMR, f"{AMR}/hall-2"])
def test_of_one_agency_s_openings_the_first_in_fold_order_leads(system: str) -> None:
    filed = event(AMR, "administrative_case.filed", "2026-03-02")
    sent = event(system, "referral.sent", "2026-03-04", to=(PSB,))
    journaled = [replace(sent, position=(1, 0, 1)), replace(filed, position=(1, 0, 2))]
    found, in_order = fold(journaled, SHIPPED), fold([filed, sent], SHIPPED)
    assert (found.procedure, found.opener) == ("administrative_case", AMR)
    assert [one.procedure for one in found.regions] == ["administrative_case", "referral"]
    assert found.digest() == in_order.digest()


def test_a_correction_of_its_day_may_change_which_opening_leads() -> None:
    filed = event(AMR, "administrative_case.filed", "2026-03-02")
    sent = event(AMR, "referral.sent", "2026-03-04", to=(PSB,))
    fix = event(
        AMR,
        "case.corrected",
        "2026-03-05",
        corrected_source=AMR,
        corrected_id=filed.id,
        changes={"$legaltime": '"2026-03-05"'},
    )
    assert fold([filed, sent, fix], SHIPPED).procedure == "referral"


def test_a_sector_that_may_not_open_a_procedure_opens_no_region() -> None:
    found = case(FILED, event(PSB, "mediation.asked", "2026-03-04"))
    assert states(found) == {"penalty": "filed"}
    assert kinds(found) == ["out_of_procedure"]


def test_every_region_that_knows_an_event_folds_it() -> None:
    answered = event(AMR, "mediation.answered", "2026-03-05")
    asked = event(AMR, "appraisal.requested", "2026-03-06")
    found = case(FILED, ASKED, answered, asked)
    assert kinds(found) == []
    assert clock(found, "A04").status == "paused"


def test_what_one_region_accepts_is_flagged_in_no_other() -> None:
    # The mediation is in a state in which it expects no appraisal.
    found = case(FILED, ASKED, event(AMR, "appraisal.requested", "2026-03-06"))
    assert kinds(found) == []


def test_what_no_region_knows_is_out_of_procedure() -> None:
    found = case(FILED, event(AMR, "goods.seized", "2026-03-03"))
    assert [(one.kind, one.detail["state"]) for one in found.findings] == [
        ("out_of_procedure", "filed")
    ]


def test_a_region_begins_with_the_roles_that_the_case_knows() -> None:
    decided = event(AMR, "penalty.decided", "2026-03-03", to=(PSB,))
    found = case(FILED, decided, replace(ASKED, to=(), to_sectors=()))
    assert found.regions[1].roles == {
        "mediation": (ARB,),
        "administrative": (AMR,),
        "police": (PSB,),
    }
    assert kinds(found) == []
    assert found.roles["mediation"] == (ARB,)


def test_all_of_a_region_is_not_all_of_the_case() -> None:
    ended = event(ARB, "mediation.ended", "2026-03-20", causation=("mediation.answered",))
    answered = event(AMR, "mediation.answered", "2026-03-05")
    found = case(FILED, ASKED, answered, ended)
    assert states(found) == {"penalty": "filed", "mediation": "over"}
    assert clock(found, "A04").status == "running"
    assert [(one.duty, one.procedure, one.is_open) for one in found.work] == [
        ("decide", "penalty", True),
        ("decide", "mediation", False),
    ]


def test_duties_that_two_procedures_call_alike_close_apart() -> None:
    found = case(FILED, ASKED, event(AMR, "penalty.decided", "2026-03-06", to=(PSB,)))
    assert [one.is_open for one in found.work] == [False, True]


def test_a_clock_of_another_region_is_meant_where_none_of_that_name_runs_here() -> None:
    also = MEDIATION.replace("stops: [M01]", "stops: [M01, A06]")
    found = fold(
        [FILED, ASKED, event(AMR, "mediation.answered", "2026-03-05")], law(mediation=also)
    )
    assert clock(found, "A06").status == "met"


def test_an_opening_event_begins_a_new_round_in_a_final_state() -> None:
    decided = event(AMR, "penalty.decided", "2026-03-03", to=(PSB,))
    closed = event(AMR, "penalty.closed", "2026-03-04")
    again = event(OTHER_AMR, "penalty.filed", "2026-04-01", id="again")
    found = case(FILED, decided, closed, again)
    assert (found.status, kinds(found)) == ("filed", [])
    assert found.regions[0].roles["administrative"] == (OTHER_AMR,)
    assert found.regions[0].opened_by == (AMR, "penalty.filed")
    assert [one.status for one in found.clocks if one.id == "A04"] == ["met", "running"]


def test_an_opening_event_of_another_opens_no_second_round_while_the_first_runs() -> None:
    found = case(FILED, event(OTHER_AMR, "penalty.filed", "2026-04-01", id="again"))
    assert kinds(found) == ["no_standing"]


def test_who_opens_a_region_unasked_gets_no_part_in_the_case_by_it() -> None:
    found = case(FILED, event(ARB, "mediation.asked", "2026-03-04", to=(AMR, "cn-330106-court")))
    assert states(found) == {"penalty": "filed", "mediation": "asked"}
    assert found.participants == (AMR,)
    warned = event("bus", "clock.warned", "2026-03-30", actor=ARB, to=(ARB,), clock_key="k")
    assert case(FILED, ASKED, warned).participants == (AMR,)
    named = event(AMR, "case.noted", "2026-03-05", to=(ARB,))
    assert case(FILED, ASKED, named).participants == (ARB, AMR)


def test_what_every_procedure_knows_needs_a_part_in_the_case_and_moves_nothing() -> None:
    noted = event(AMR, "case.noted", "2026-03-03", to=(PRO,))
    found = case(FILED, noted)
    assert (kinds(found), found.status, found.participants) == ([], "filed", (AMR, PRO))
    assert kinds(case(FILED, event(PSB, "case.noted", "2026-03-03"))) == ["no_standing"]


def test_two_regions_that_the_same_event_starts_the_same_clock_in_start_one() -> None:
    also = MEDIATION.replace(
        "{event: appraisal.requested, from: [answered]",
        "{event: appraisal.requested, from: [asked], starts: [M02]",
    )
    both = PENALTY.replace("pauses: [A04, A07],", "starts: [A06],")
    asked = event(AMR, "appraisal.requested", "2026-03-06")
    found = fold([FILED, ASKED, asked], law(mediation=also, penalty=both))
    assert [one.id for one in found.clocks] == ["A04", "A06", "A07", "M01", "A06", "M02"]
    assert len({one.key for one in found.clocks}) == 6


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"penalty": PENALTY.replace("extends: [A04]", "extends: [A06]")}, "A06 has no extensions"),
        ({"penalty": PENALTY.replace("extends: [A04]", "extends: [A99]")}, "unknown clock A99"),
        ({"penalty": PENALTY.replace("pauses: [A04, A07]", "pauses: [X01]")}, "transition 2"),
        ({"penalty": PENALTY.replace("from: [begun, closed]", "from: [closed]")}, "but not from"),
        ({"mediation": MEDIATION.replace("clock: M01, from", "clock: M02, from")}, "M02 is no"),
        ({"mediation": MEDIATION.replace("clock: M01, from", "from")}, "go together"),
        ({"mediation": MEDIATION.replace("by: [bus]", "by: [police]")}, "go together"),
        ({"mediation": MEDIATION.replace("id: mediation", "id: penalty")}, "another file"),
        (
            {
                "clocks": CLOCKS.replace(
                    "amount: 30, unit: d, article", "amount: 3, unit: h, article"
                )
            },
            "1 (A04)",
        ),
        ({"clocks": CLOCKS.replace("warn_at: null", "warn_at: 1.5")}, "2 (A06).warn_at"),
        ({"clocks": CLOCKS.replace("actor: mediation", "actor: court")}, "is no role here"),
    ],
)
def test_what_a_file_may_not_say_is_refused_with_its_place(
    changes: dict[str, Any], said: str
) -> None:
    with pytest.raises(LawError) as caught:
        law(**changes)
    assert said in caught.value.detail


def test_the_law_knows_which_procedures_know_an_event() -> None:
    assert [one.id for one in LAW.procedures_of("appraisal.requested")] == ["mediation", "penalty"]
    assert LAW.procedures_of("case.noted") == ()
    assert LAW.procedures["penalty"].final == {"closed"}
    assert LAW.procedures["mediation"].final == {"over"}
