"""Figures in the fold: assessments, the clocks of an owed transfer, omissions and their end."""

from __future__ import annotations

import datetime as dt
import itertools
from dataclasses import replace
from typing import Any

import pytest

from casebus.cases import Case, CaseEvent, derive
from casebus.cases.facets import AssessmentsFacet, OrganisationsFacet
from casebus.cases.facets.clocks.events import lapse_of
from casebus.events.doors import BUS
from casebus.events.legaltime import LegalTime
from casebus.law.assessment import Verdict
from tests.case_events import AMR, LAW, PRO, PSB, STREAM, clock, event, folded, kinds, until

USCC = "91330106MA2TEX7081"
SELLER = {"role": "SUSPECT", "organisation": {"name": "某公司", "uscc_raw": USCC}}


def yuan(amount: int) -> dict[str, Any]:
    return {"fen": amount * 100, "currency": "CNY"}


def seized(day: str = "2026-03-02", value: int = 160_000, **more: Any) -> CaseEvent:
    return event(AMR, "goods.seized", day, **{"goods_value": yuan(value), "offence": "214", **more})


def penalty(day: str = "2026-03-20", **more: Any) -> CaseEvent:
    return event(
        AMR, "penalty.decided", day, decided_on=day, decision_no="杭西市监处罚〔2026〕9号", **more
    )


def moment(legal: LegalTime | None) -> str:
    assert legal is not None
    return f"{legal.date} {legal.time}"


def after_lapse(events: list[CaseEvent], *clocks: str) -> list[CaseEvent]:
    """With the lapses that the scheduler tells."""
    case = folded(events)
    told = [lapse_of(clock(case, one)) for one in clocks]
    return [
        *events,
        *(event(BUS, "clock.lapsed", moment(one.legal), id=one.id, **one.data) for one in told),
    ]


def verdicts(case: Case) -> list[str]:
    return [str(one.assessment.verdict) for one in case.of(AssessmentsFacet)]


def omissions(case: Case) -> list[Any]:
    return [one for one in case.findings if one.kind == "omission"]


def test_figures_are_assessed_as_they_are_stated() -> None:
    case = folded([seized(value=100_000), penalty(sales_amount=yuan(21_000))])
    assert verdicts(case) == ["WATCH", "WATCH"]
    case = folded([seized(value=168_000), penalty(sales_amount=yuan(21_000))])
    last = case.of(AssessmentsFacet)[-1]
    assert verdicts(case) == ["MUST_TRANSFER", "MUST_TRANSFER"]
    assert (last.assessment.value, last.assessment.rule) == (18_900_000, "base+unsold")
    first, shown = case.to_json()["assessments"]
    assert (shown["verdict"], shown["steps"]) == ("MUST_TRANSFER", list(last.assessment.steps))
    assert "steps" not in first


def test_two_seizures_add_up_and_a_statement_counts_where_it_is_more() -> None:
    two = [seized(value=80_000), replace(seized("2026-03-03", value=80_000), id="second")]
    assert verdicts(folded(two)) == ["WATCH", "MUST_TRANSFER"]
    stated = penalty(goods_value=yuan(90_000), offence="214")
    assert folded([*two, stated]).of(AssessmentsFacet)[-1].assessment.value == 16_000_000


def test_an_owed_transfer_starts_both_clocks_once() -> None:
    case = folded([seized(), penalty()])
    assert [(one.id, str(one.started)) for one in case.clocks if one.id[0] == "O"] == [
        ("O01", "2026-03-02"),
        ("O02", "2026-03-02"),
    ]
    assert clock(case, "O01").actor == AMR
    assert clock(case, "O01").announced
    assert clock(case, "O02").tell == ("same_division:procuratorate",)


def test_no_clock_runs_where_the_standard_is_not_reached_or_nothing_was_seized() -> None:
    assert not [one for one in folded([seized(value=149_999)]).clocks if one.id[0] == "O"]
    filed = event(AMR, "administrative_case.filed", "2026-03-02", sales_amount=yuan(90_000))
    assert not [one for one in folded([filed]).clocks if one.id[0] == "O"]


def test_a_penalty_that_states_nothing_shows_the_omission_of_what_was_stated_before() -> None:
    filed = event(
        AMR,
        "administrative_case.filed",
        "2026-03-02",
        sales_amount=yuan(90_000),
        offence="214",
    )
    case = folded([filed, penalty()])
    assert str(clock(case, "O01").started) == "2026-03-20"


def test_the_agency_is_asked_first_and_the_procuratorate_later() -> None:
    events = [seized()]
    assert omissions(folded(events)) == []
    [first] = omissions(folded(after_lapse(events, "O01")))
    assert (first.tell, first.detail["clock"], first.severity) == ((AMR,), "O01", "SERIOUS")
    assert first.detail["citation"].endswith("第五条第一款第三项")
    _, second = omissions(folded(after_lapse(events, "O01", "O02")))
    assert second.tell == (AMR, "same_division:procuratorate")
    raised = [one for one in derive(folded(after_lapse(events, "O01", "O02"))) if one.to]
    assert {one.of for one in raised if one.data["kind"] == "omission"} == {AMR}


def test_the_transfer_takes_the_omission_back_whenever_it_arrives() -> None:
    lapsed = after_lapse([seized()], "O01", "O02")
    case = folded(lapsed)
    told = [
        event(BUS, "finding.raised", "2026-03-30", id=one.id, **one.data)
        for one in derive(case)
        if one.type.startswith("casebus.finding.raised")
    ]
    sent = event(AMR, "referral.sent", "2026-04-02", to=(PSB, PRO))
    after = folded([*lapsed, *told, sent])
    assert omissions(after) == []
    withdrawn = [one for one in derive(after) if one.type == "casebus.finding.withdrawn.v1"]
    assert sorted(one.to for one in withdrawn) == sorted(tuple(one.data["told"]) for one in told)
    assert len(withdrawn) == 2


def test_a_transfer_proved_to_be_earlier_takes_the_lapse_back_too() -> None:
    lapsed = after_lapse([seized()], "O01")
    sent = event(AMR, "referral.sent", "2026-03-05", to=(PSB, PRO), recorded_at="2026-04-02 10:00")
    after = folded([*lapsed, sent])
    assert clock(after, "O01").status == "met"
    assert [one.type for one in derive(after) if "lapse" in one.type] == [
        "casebus.clock.lapse_withdrawn.v1"
    ]


def test_a_transfer_under_way_starts_no_clock() -> None:
    events = [
        *until("referral.sent"),
        event(AMR, "case.penalty_recorded", "2026-03-06", sales_amount=yuan(90_000)),
    ]
    assert "omission" not in kinds(folded(events))
    assert not [one for one in folded(events).clocks if one.id[0] == "O"]


def test_figures_that_a_correction_lowers_end_what_was_owed() -> None:
    lapsed = after_lapse([seized()], "O01")
    fix = event(
        AMR,
        "case.corrected",
        "2026-03-25",
        corrected_source=AMR,
        corrected_id="goods.seized",
        changes={"goods_value.fen": "1000000"},
    )
    assert omissions(folded([*lapsed, fix])) == []


def test_what_an_import_brings_is_assessed_and_accuses_nobody() -> None:
    case = folded([replace(seized(), imported=True)])
    assert verdicts(case) == ["MUST_TRANSFER"]
    assert clock(case, "O01").lapse_after is None


def test_the_police_owe_no_transfer() -> None:
    filed = event(AMR, "administrative_case.filed", "2026-03-01", to=(PSB,))
    case = folded([filed, event(PSB, "goods.seized", "2026-03-02", goods_value=yuan(10**6))])
    assert not [one for one in case.clocks if one.id[0] == "O"]


def test_the_verdict_that_an_author_signed_stands_where_it_is_severer() -> None:
    sealed = event(
        AMR,
        "filing_standard.assessed",
        "2026-03-03",
        offence="219",
        assessment="MUST_TRANSFER",
    )
    filed = event(AMR, "administrative_case.filed", "2026-03-02")
    [found] = folded([filed, sealed]).of(AssessmentsFacet)
    assert (found.assessment.verdict, found.claimed) == (Verdict.MUST_TRANSFER, True)
    suspicion = replace(sealed, data={**sealed.data, "assessment": "TRANSFER_ON_SUSPICION"})
    assert verdicts(folded([filed, suspicion])) == ["TRANSFER_ON_SUSPICION"]


def test_what_a_lead_says_is_a_suspicion_until_figures_are_stated() -> None:
    lead = event(AMR, "lead.reported", "2026-03-01", sales_amount=yuan(10**6), offence="214")
    assert verdicts(folded([lead])) == ["TRANSFER_ON_SUSPICION"]
    assert verdicts(folded([lead, seized(value=10_000)])) == ["TRANSFER_ON_SUSPICION", "WATCH"]
    assert not [one for one in folded([lead, penalty()]).clocks if one.id[0] == "O"]


def test_what_the_police_sent_back_is_owed_to_them_no_more() -> None:
    back = event(PSB, "reverse_referral.sent", "2026-03-01", to=(AMR,), sales_amount=yuan(10**6))
    case = folded([back, seized(), penalty()])
    assert verdicts(case)[-1] == "MUST_TRANSFER"
    assert not [one for one in case.clocks if one.id[0] == "O"]


def answer(revision: int = 1, at: str = "2026-03-05", **data: Any) -> CaseEvent:
    return event(
        "bus/scheduler",
        "prior_sanctions.found",
        at,
        id=f"answer-{revision}",
        **{"uscc": USCC, "family": "trademark", "revision": revision, **data},
    )


PENALISED = {"decided_on": "2025-01-10", "stream": "other", "source": "x", "id": "penalty-1"}


def test_an_earlier_punishment_lowers_the_standard_and_starts_the_clocks() -> None:
    events = [seized(value=90_000, parties=[SELLER])]
    assert verdicts(folded(events)) == ["WATCH"]
    case = folded([*events, answer(sanctions=[PENALISED])])
    last = case.of(AssessmentsFacet)[-1]
    assert last.event == ("bus/scheduler", "answer-1")
    assert (last.assessment.verdict, last.assessment.sanctions) == (
        Verdict.MUST_TRANSFER,
        ("penalty-1",),
    )
    assert str(clock(case, "O01").started) == "2026-03-05"


def test_the_newest_answer_counts_in_whatever_order_they_come() -> None:
    events = [seized(value=90_000), answer(1, sanctions=[PENALISED]), answer(2, sanctions=[])]
    digests = {folded(list(order)).digest() for order in itertools.permutations(events)}
    assert len(digests) == 1
    assert verdicts(folded(events))[-1] == "WATCH"
    # Nothing is owed any more.
    assert clock(folded(events), "O01").status == "cancelled"


def test_unpunished_acts_of_other_cases_are_added() -> None:
    other = {
        "acts_from": "2026-01-01",
        "acts_to": "2026-02-01",
        "goods_value": yuan(70_000),
        "stream": "other",
        "events": ["a"],
    }
    case = folded([seized(value=80_000), answer(unpunished=[other])])
    last = case.of(AssessmentsFacet)[-1]
    assert (last.accumulated, last.assessment.value) == (True, 15_000_000)
    assert last.assessment.steps[0] == "未经处理的数额已累计"
    # What was punished is added to nothing.
    punished = folded([seized(value=80_000), penalty("2026-03-03"), answer(unpunished=[other])])
    assert verdicts(punished)[-1] == "WATCH"


def test_a_case_says_what_other_cases_are_to_know() -> None:
    case = folded([seized(value=80_000, parties=[SELLER])])
    [act] = case.of(OrganisationsFacet).acts
    assert (act.uscc, act.family, act.unpunished, act.asking) == (USCC, "trademark", True, True)
    assert (act.agency, act.acts.last) == (AMR, dt.date(2026, 3, 2))
    assert case.of(OrganisationsFacet).punished == ()
    fined = folded([seized(value=80_000, parties=[SELLER]), penalty()])
    [one] = fined.of(OrganisationsFacet).punished
    assert (one.uscc, one.decided_on, one.kind) == (USCC, dt.date(2026, 3, 20), "administrative")
    assert not fined.of(OrganisationsFacet).acts[0].unpunished


def test_an_annulled_penalty_is_no_punishment() -> None:
    annulled = event(AMR, "penalty.annulled", "2026-06-01", decision_no="杭西市监处罚〔2026〕9号")
    case = folded([seized(parties=[SELLER]), penalty(), annulled])
    assert case.of(OrganisationsFacet).punished == ()
    assert case.of(OrganisationsFacet).acts[0].unpunished


def test_a_right_holder_has_done_nothing() -> None:
    holder = {**SELLER, "role": "RIGHT_HOLDER"}
    assert folded([seized(parties=[holder])]).of(OrganisationsFacet).acts == ()


@pytest.mark.parametrize(
    "data",
    [
        {"goods_value": "much"},
        {"goods_value": {"fen": True}},
        {"goods_value": {"fen": 10**30}},
        {"goods_value": {"fen": 10**9, "currency": "USD"}},
        {"acts_to": "2026-02-30", "acts_from": 7},
        {"parties": [{"organisation": {"uscc_raw": "9" * 5000}}]},
        {"rights": [{"kind": 5}, "x"], "right_count": "two"},
        {"prior_sanctions": [{"decided_on": "yesterday"}]},
        {"offence": 214},
    ],
)
def test_odd_bodies_end_no_fold(data: dict[str, Any]) -> None:
    odd = event(AMR, "goods.seized", "2026-03-02", **data)
    assert folded([odd]).stream == STREAM
    folded([odd, answer(sanctions=[{"decided_on": 3}], unpunished=[data])])


def test_the_clocks_of_an_omission_are_law() -> None:
    for name in LAW.thresholds.detection.clocks:
        assert all(rule.expiry == "lapse" for rule in LAW.clocks[name])


COUNTERFEIT = {
    "right": "TRADEMARK",
    "act": "sells",
    "sold": False,
    "amount": yuan(160_000),
    "same_mark": True,
    "same_goods": True,
    "knowing": True,
    "permitted": False,
}


def itemised(*items: dict[str, Any], **more: Any) -> CaseEvent:
    return penalty(items=list(items), rights=[{"kind": "TRADEMARK"}], **more)


def test_items_that_are_one_offence_start_the_clocks_of_an_omission() -> None:
    case = folded([itemised(COUNTERFEIT)])
    assert verdicts(case) == ["MUST_TRANSFER"]
    assert (clock(case, "O01").actor, kinds(case)) == (AMR, [])


def test_of_an_open_offence_its_own_agency_alone_is_asked() -> None:
    case = folded([itemised({**COUNTERFEIT, "knowing": None})])
    assert [one.id for one in case.clocks if one.id[0] == "O"] == []
    [asked] = case.findings
    assert (asked.kind, asked.tell, asked.severity) == ("open_offence", (AMR,), "INFO")
    assert asked.detail["unknown"] == "knowing"
    # Nothing is asked once the agency has said what it is, or sent it.
    for later in (
        itemised({**COUNTERFEIT, "same_mark": False}),
        event(AMR, "referral.sent", "2026-03-21", to=(PSB, PRO)),
    ):
        open_yet = seized(items=[{**COUNTERFEIT, "act": ""}], offence="", goods_value=None)
        assert "open_offence" in kinds(folded([open_yet]))
        assert "open_offence" not in kinds(folded([open_yet, replace(later, id="later")]))


@pytest.mark.parametrize(
    "body",
    [
        {"rights": [{"kind": "TRADEMARK"}], "goods_value": yuan(60_000)},
        {"rights": [{"kind": "DESIGN"}], "goods_value": yuan(250_000)},
        {"rights": [{"kind": "PLANT_VARIETY"}], "goods_value": yuan(300_000)},
        {"copy_count": 300, "goods_value": yuan(40_000)},
        {"rights": [{"kind": "TRADEMARK"}], "goods_value": yuan(10**7)},
    ],
)
def test_totals_without_an_offence_accuse_nobody(body: dict[str, Any]) -> None:
    case = folded([penalty(**body)])
    assert [one.id for one in case.clocks if one.id[0] == "O"] == []
    assert {one for finding in case.findings for one in finding.tell} <= {AMR}


def test_totals_that_are_not_what_the_items_come_to_are_told_to_their_author() -> None:
    agreeing = itemised(COUNTERFEIT, goods_value=yuan(160_000))
    assert kinds(folded([agreeing])) == []
    case = folded([itemised(COUNTERFEIT, goods_value=yuan(16_000))])
    [finding] = case.findings
    assert (finding.kind, finding.tell) == ("data_quality", (AMR,))
    assert finding.detail == {"reason": "totals_beside_items", "fields": "goods_value"}
    assert case.of(AssessmentsFacet)[-1].assessment.value == 16_000_000


def test_a_punishment_for_infringing_a_patent_is_none_for_passing_one_off() -> None:
    infringed = penalty(parties=[SELLER], rights=[{"kind": "INVENTION"}], goods_value=yuan(10))
    assert folded([infringed]).of(OrganisationsFacet).punished == ()
    passed = {"right": "INVENTION", "act": "passes_off", "amount": yuan(10)}
    [one] = folded([penalty(parties=[SELLER], items=[passed])]).of(OrganisationsFacet).punished
    assert one.family == "patent"


def test_what_can_be_prosecuted_no_more_is_owed_to_nobody_whoever_signs_it() -> None:
    old = penalty(offence="213", illegal_business_amount=yuan(60_000), acts_to="2008-05-01")
    signed = replace(old, data={**old.data, "assessment": "MUST_TRANSFER"})
    for one in (old, signed):
        case = folded([one])
        assert (verdicts(case), [c.id for c in case.clocks if c.id[0] == "O"]) == (["WATCH"], [])
