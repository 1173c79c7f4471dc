"""Matters abroad, reports and the registers: small procedures, and a home for every event."""

from __future__ import annotations

import json

import pytest

from casebus.events.schemas import type_of
from casebus.events.types import event_name
from tests.case_events import LAW, ROOT, event, folded, kinds

CENTRE, NATION, EXA = "cn-330100-cen", "cn-000000-cen", "cn-000000-exa"
AMR, CITY, SUP, PLATFORM = "cn-330106-amr", "cn-330100-amr", "cn-330100-sup", "cn-330110-pla-a"

LEVELS = ("county", "city", "province", "national")
REGISTERS = [
    (EXA, "roster.changed", "kept"),
    (AMR, "watchlist.updated", "kept"),
    (AMR, "bulletin.published", "published"),
    (AMR, "model_case.published", "published"),
    (AMR, "campaign.tagged", "tagged"),
    (EXA, "pledge.registered", "registered"),
    (EXA, "bad_faith_filing.flagged", "flagged"),
    (SUP, "indicator.computed", "computed"),
    (SUP, "stats.snapshot", "computed"),
    (SUP, "breach.notice_issued", "issued"),
    (CENTRE, "risk_warning.issued", "issued"),
    (PLATFORM, "platform.rule_reported", "reported"),
    (AMR, "major_issue.escalated", "escalated"),
]


@pytest.mark.parametrize(("author", "name", "state"), REGISTERS)
def test_an_entry_of_a_register_has_a_stream_and_a_state(
    author: str, name: str, state: str
) -> None:
    again = event(author, name, "2026-09-02", id="again")
    case = folded([event(author, name, "2026-09-01"), again])
    assert case.status == state


def test_a_report_sent_back_is_sent_again() -> None:
    case = folded(
        [
            event(AMR, "report.submitted", "2026-09-01", to=(CITY,)),
            event(CITY, "report.rejected", "2026-09-02", to=(AMR,)),
            event(AMR, "report.submitted", "2026-09-03", id="again", to=(CITY,)),
            event(CITY, "report.accepted", "2026-09-04", to=(AMR,)),
        ]
    )
    assert (case.status, kinds(case)) == ("accepted", [])
    assert not [one for one in case.work if one.is_open]


def test_a_major_dispute_abroad_is_always_alerted_one_level_up() -> None:
    assert LAW.copies("casebus.overseas.major_dispute_alerted.v1") == ("superior",)
    case = folded(
        [
            event(CENTRE, "overseas.dispute_reported", "2026-09-01"),
            event(CENTRE, "overseas.major_dispute_alerted", "2026-09-02", to=(NATION,)),
            event(NATION, "overseas.guidance_given", "2026-09-05", to=(CENTRE,)),
            event(CENTRE, "overseas.dispute_closed", "2026-11-01"),
        ]
    )
    assert (case.status, kinds(case)) == ("closed", [])


def test_assistance_is_asked_assigned_and_given() -> None:
    case = folded(
        [
            event(CENTRE, "assistance.requested", "2026-09-01", to=(NATION,)),
            event(NATION, "assistance.assigned", "2026-09-02", to=(CENTRE,)),
            event(NATION, "assistance.completed", "2026-09-20", to=(CENTRE,)),
        ]
    )
    assert (case.status, kinds(case)) == ("completed", [])


def test_evidence_goes_abroad_only_with_the_word_of_whom_it_was_put_to() -> None:
    asked = event(CENTRE, "evidence_export.requested", "2026-09-01", to=(SUP,))
    own = event(CENTRE, "evidence_export.approved", "2026-09-02")
    case = folded([asked, own])
    assert (case.status, kinds(case)) == ("requested", ["no_standing"])
    case = folded([asked, event(SUP, "evidence_export.refused", "2026-09-02", to=(CENTRE,))])
    assert case.status == "refused"


def test_figures_for_an_inspection_are_asked_for_and_given() -> None:
    case = folded(
        [
            event(SUP, "inspection.export_requested", "2026-09-01", to=(AMR,)),
            event(AMR, "evaluation.exported", "2026-09-10", to=(SUP,)),
        ]
    )
    assert (case.status, kinds(case)) == ("exported", [])


def test_a_flagged_filing_is_confirmed_or_cleared() -> None:
    flagged = event(EXA, "bad_faith_filing.flagged", "2026-09-01")
    assert folded([flagged, event(EXA, "bad_faith_filing.cleared", "2026-09-09")]).status == (
        "cleared"
    )


def test_a_pledge_ends_with_its_release() -> None:
    events = [
        event(EXA, "pledge.registered", "2026-01-05"),
        event(EXA, "pledge.changed", "2026-03-05"),
        event(EXA, "pledge.released", "2026-09-05"),
    ]
    assert folded(events).status == "released"


def test_what_is_not_modelled_yet_is_kept_step_by_step() -> None:
    events = [
        event(AMR, "proceeding.step_recorded", "2026-09-01", id="one"),
        event(AMR, "proceeding.suspended", "2026-09-02"),
        event(AMR, "proceeding.resumed", "2026-09-12"),
        event(AMR, "proceeding.step_recorded", "2026-09-13", id="two"),
    ]
    case = folded(events)
    assert (case.procedure, case.status, kinds(case)) == ("proceeding", "running", [])


def test_every_event_that_an_agency_may_send_has_a_home() -> None:
    domains = json.loads((ROOT / "schemas/ids.json").read_text(encoding="utf-8")).values()
    types = {type_of(row["subject"]) for row in domains if ".shared." not in row["subject"]}
    sectors = [one for one in LAW.sectors if one != "bus"]
    homeless = {
        one
        for one in types
        if any(LAW.may_emit(sector, level, one) for sector in sectors for level in LEVELS)
        and event_name(one) not in LAW.known_events
        and not LAW.is_beside(event_name(one))
    }
    assert homeless == set()
