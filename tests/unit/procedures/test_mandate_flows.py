"""Flows that the mandate names and that no procedure of its own chapter shows elsewhere."""

from __future__ import annotations

import json
from typing import Any

import pytest

from casebus.cases import Case
from casebus.cases.facets import LinksFacet, ProposalsFacet
from tests.case_events import (
    AMR,
    COURT,
    PRO,
    PSB,
    ROOT,
    due,
    event,
    folded,
    kinds,
    region,
    status_of,
    the_clock,
    until,
)

EXA, CENTRE, PLATFORM = "cn-000000-exa", "cn-330100-cen", "cn-330110-pla-a"
GUANGDONG, SUP = "cn-440000-amr", "cn-330100-sup"
FIRM = {"name": "广州某贸易有限公司", "uscc": "91440106MA59AAAA0W"}
OTHER = "01985f2e-7c1a-7b3e-9a55-1f0c6d2b4e02"


def open_work(case: Case) -> list[tuple[str, str]]:
    return [(one.agency, one.duty) for one in case.work if one.is_open]


def test_a_case_of_a_campaign_is_tagged_and_goes_on_as_it_was() -> None:
    filed = event(AMR, "administrative_case.filed", "2026-05-06")
    tagged = event(AMR, "campaign.tagged", "2026-05-07", campaign="2026-铁拳")
    alone, case = folded([filed]), folded([filed, tagged])
    assert (case.status, status_of(case, "campaign")) == ("filed", "tagged")
    assert the_clock(case, "A04").due == the_clock(alone, "A04").due
    assert kinds(case) == []


def test_seized_goods_are_in_custody_until_their_destruction_is_recorded() -> None:
    seized = [
        event(AMR, "administrative_case.filed", "2026-05-06"),
        event(AMR, "goods.seized", "2026-05-07"),
    ]
    case = folded([*seized, event(AMR, "goods.disposed", "2026-05-20", method="DESTROYED")])
    assert (the_clock(case, "A06").status, kinds(case)) == ("met", [])
    assert (AMR, "handle_seized") in open_work(folded(seized))
    assert (AMR, "handle_seized") not in open_work(case)


def test_evidence_is_checked_against_its_standard_and_moves_nothing() -> None:
    before = until("referral.accepted")
    checked = event(PSB, "evidence.standard_checked", "2026-03-07 10:00", to=(AMR,))
    stamped = event(AMR, "evidence.timestamped", "2026-03-07 11:00", sha256="00" * 32)
    case = folded([*before, checked, stamped])
    assert (case.status, kinds(case)) == (folded(before).status, [])


def test_a_registered_pledge_is_its_home_regulators_to_show() -> None:
    registered = event(EXA, "pledge.registered", "2026-09-01", to=(GUANGDONG,), pledgor=FIRM)
    case = folded([registered])
    assert (region(case, "pledge").roles["home_agency"], kinds(case)) == ((GUANGDONG,), [])
    assert open_work(case) == [(GUANGDONG, "publish")]
    shown = folded([registered, event(GUANGDONG, "decision.published", "2026-09-04")])
    assert (shown.status, open_work(shown), kinds(shown)) == ("registered", [], [])


def test_a_pledge_that_no_regulator_was_sent_is_flagged() -> None:
    assert kinds(folded([event(EXA, "pledge.registered", "2026-09-01")])) == ["data_quality"]


def test_a_spot_check_elsewhere_is_its_home_regulators_to_show() -> None:
    checked = event(AMR, "spot_check.result", "2026-09-01", to=(GUANGDONG,), organisation=FIRM)
    assert open_work(folded([checked])) == [(GUANGDONG, "publish")]
    own = event(AMR, "spot_check.result", "2026-09-01", organisation=FIRM)
    assert open_work(folded([own])) == [(AMR, "publish")]
    shown = folded([checked, event(GUANGDONG, "decision.published", "2026-09-04")])
    assert (shown.status, kinds(shown)) == ("published", [])


def test_an_expert_is_asked_assigned_and_heard_while_the_periods_run_on() -> None:
    filed = [event(AMR, "administrative_case.filed", "2026-05-06")]
    heard = [
        event(AMR, "expert.requested", "2026-05-08", to=(EXA,)),
        event(EXA, "expert.assigned", "2026-05-11", to=(AMR,), expert="E-17"),
        event(EXA, "expert.opinion_filed", "2026-05-20", to=(AMR,)),
    ]
    case = folded([*filed, *heard])
    assert (case.status, kinds(case)) == ("filed", [])
    assert the_clock(case, "A04").due == the_clock(folded(filed), "A04").due


def test_an_appraisal_holds_the_period_of_the_penalty_up_until_it_is_issued() -> None:
    filed = [event(AMR, "administrative_case.filed", "2026-05-06")]
    asked = [*filed, event(AMR, "appraisal.requested", "2026-05-10")]
    assert the_clock(folded(asked), "A04").status == "paused"
    issued = folded([*asked, event(AMR, "appraisal.issued", "2026-05-30")])
    # Ninety days from 05-06 end on 08-04; twenty of them did not count.
    assert (due(the_clock(folded(filed), "A04")), due(the_clock(issued, "A04"))) == (
        "2026-08-04",
        "2026-08-24",
    )


def test_cases_on_one_right_are_linked_and_told_of_a_new_status() -> None:
    events = [
        *until("referral.accepted"),
        event(
            PSB, "case.linked", "2026-03-07 10:00", linked={"stream": OTHER}, relation="SAME_RIGHT"
        ),
        event(PSB, "case.status_changed", "2026-03-07 11:00", to=(PRO,), status="accepted"),
    ]
    case = folded(events)
    assert [(one.stream, one.relation) for one in case.of(LinksFacet).links] == [
        (OTHER, "SAME_RIGHT")
    ]
    assert (case.status, kinds(case)) == ("accepted", [])


def test_a_track_and_a_way_are_proposed_and_an_officer_decides_them() -> None:
    received = event(AMR, "complaint.received", "2026-05-06", arbitration_clause=True)
    case = folded([received])
    [one] = case.of(ProposalsFacet)
    assert (one.proposal.track, [way for way, _ in one.proposal.first]) == (
        "simple",
        ["arbitration", "mediation"],
    )
    decided = [
        event(AMR, "case.triaged", "2026-05-07", track="SIMPLE"),
        event(AMR, "arbitration_mediation.recommended", "2026-05-07 10:00"),
    ]
    assert (folded([received, *decided]).status, kinds(folded([received, *decided]))) == (
        "received",
        [],
    )


@pytest.mark.parametrize(
    ("author", "name", "body"),
    [
        (AMR, "watchlist.updated", {"watch_kind": "MARKET", "market": "某小商品市场"}),
        (EXA, "roster.changed", {"roster": "EXPERT", "entry": "E-17"}),
    ],
)
def test_an_entry_of_a_list_is_added_changed_and_removed_in_one_stream(
    author: str, name: str, body: dict[str, Any]
) -> None:
    changes = ("ADDED", "CHANGED", "REMOVED")
    entries = [
        event(author, name, f"2026-09-0{day}", id=f"e{day}", change=change, **body)
        for day, change in enumerate(changes, start=1)
    ]
    case = folded(entries)
    assert (case.status, kinds(case)) == ("kept", [])
    stranger = event(PLATFORM, name, "2026-09-09", id="other", change="REMOVED", **body)
    assert kinds(folded([*entries, stranger])) == ["no_standing"]


@pytest.mark.parametrize("name", ["model_case.published", "bulletin.published"])
def test_what_is_published_was_checked_for_redaction_first(name: str) -> None:
    checked = event(COURT, name, "2026-04-26", redaction_checked=True, checked_by="officer-3")
    assert (folded([checked]).status, kinds(folded([checked]))) == ("published", [])
    unchecked = folded([event(COURT, name, "2026-04-26", redaction_checked=False)])
    [found] = unchecked.findings
    assert (found.kind, found.detail["reason"], found.tell) == (
        "data_quality",
        "redaction_unchecked",
        (COURT,),
    )


def test_the_warning_of_a_risk_abroad_is_renewed_as_the_law_there_changes() -> None:
    issued = [
        event(CENTRE, "risk_warning.issued", f"2026-0{month}-01", id=f"w{month}")
        for month in (3, 6)
    ]
    assert (folded(issued).status, kinds(folded(issued))) == ("issued", [])


def test_a_disputes_evidence_waits_at_the_gate_until_it_may_go_abroad() -> None:
    events = [
        event(CENTRE, "overseas.dispute_reported", "2026-09-01"),
        event(CENTRE, "overseas.major_dispute_alerted", "2026-09-02"),
        event(CENTRE, "evidence_export.requested", "2026-09-03", to=(SUP,)),
    ]
    waiting = folded(events)
    assert (waiting.status, status_of(waiting, "evidence_export")) == ("alerted", "requested")
    assert (SUP, "decide_export") in open_work(waiting)
    allowed = folded([*events, event(SUP, "evidence_export.approved", "2026-09-08")])
    assert (status_of(allowed, "evidence_export"), kinds(allowed)) == ("approved", [])


def test_a_reward_rests_on_a_closed_case_and_begins_beside_it() -> None:
    fine = {"fen": 3_000_000, "currency": "CNY"}
    events = [
        event(AMR, "administrative_case.filed", "2026-05-06"),
        event(AMR, "penalty.decided", "2026-06-01", fine=fine),
        event(AMR, "administrative_case.closed", "2026-07-01"),
        event(AMR, "informant.reward_proposed", "2026-07-10", informant="V-9", closed_amount=fine),
    ]
    case = folded(events)
    assert (case.status, status_of(case, "informant_reward")) == ("closed", "proposed")
    assert (AMR, "decide") in open_work(case)
    outsider = event(PLATFORM, "informant.reward_approved", "2026-07-12")
    assert kinds(folded([*events, outsider])) == ["no_standing"]


def test_a_reward_names_its_informant_by_the_vault_and_its_closed_case() -> None:
    fields = {
        row["name"]: row
        for row in json.loads(
            (ROOT / "schemas/informant/reward_proposed.v1/001.avsc").read_text(encoding="utf-8")
        )["fields"]
    }
    assert {"closed_amount", "penalty_no", "linked"} <= set(fields)
    assert fields["informant"]["visibility"] == "RESTRICTED"


def test_a_transfer_that_supervision_finds_wanting_is_noted_and_answered() -> None:
    events = [
        *until("referral.accepted"),
        event(SUP, "breach.notice_issued", "2026-03-20", to=(PSB,)),
    ]
    case = folded(events)
    assert status_of(case, "admonition") == "issued"
    assert (PSB, "answer") in open_work(case)


def test_the_missed_publication_of_a_penalty_is_on_record() -> None:
    events = [
        event(AMR, "penalty.decided", "2026-05-06"),
        event(SUP, "publication.overdue", "2026-06-10", to=(AMR,)),
    ]
    case = folded(events)
    assert (case.status, the_clock(case, "A07").status) == ("decided", "running")
