"""Periods from receipt (310 Art. 9 and 12, 程序规定 181 and 182, 刑诉规则 560 and 563)."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from casebus.cases import Case, CaseEvent
from casebus.cases.facets.clocks.clock import Clock
from tests.case_events import AMR, LAW, OTHER_PSB, PRO, PSB, due, event, folded, the_clock, until
from tests.examples import examples

SENT = event(AMR, "referral.sent", "2026-03-02", to=(PSB, PRO))
ACCEPTED = event(PSB, "referral.accepted", "2026-03-03", to=(AMR,))
#: Filed on a Thursday, and in the journal on Saturday only.
FILED = event(
    PSB, "referral.filed", "2026-03-05", to=(AMR, PRO), recorded_at="2026-03-07 10:00", id="filed"
)
HANDED = event(AMR, "referral.goods_handed_over", "2026-03-10 10:00", to=(PSB,))


def evidence(
    agency: str, step: str, at: str, *, recorded_at: str | None = None, of: str = "", **data: Any
) -> CaseEvent:
    """The agency's intake says that it has the notice of filing."""
    about = {"agency": of or agency, "event_source": PSB, "event_id": "filed"}
    return event(
        agency, f"intake.{step}", at, recorded_at=recorded_at, id=f"{agency}{step}{at}",
        **{**about, **data},
    )  # fmt: skip


def handed_over(*more: CaseEvent, filed: CaseEvent = FILED) -> Any:
    return the_clock(folded([SENT, ACCEPTED, filed, *more]), "T18")


def said(found: Any) -> tuple[str, str, str]:
    return due(found), str(found.counted_from)[:10], found.counted_by


def test_goods_handed_over_three_days_after_the_notice_came_are_in_time() -> None:
    found = handed_over(HANDED)
    assert found.status == "met"
    assert str(found.started) == "2026-03-05"
    assert said(found) == ("2026-03-10", "2026-03-07", "presumed")


@pytest.mark.parametrize(("step", "known_by"), [("received", "received"), ("opened", "retrieved")])
def test_the_receiver_s_own_intake_shows_when_it_came(step: str, known_by: str) -> None:
    late = replace(FILED, recorded_at=event(PSB, "x.y", "2026-03-07 20:00").recorded_at)
    assert said(handed_over(filed=late)) == ("2026-03-11", "2026-03-08", "presumed")
    shown = evidence(AMR, step, "2026-03-07 20:00")
    assert said(handed_over(shown, filed=late)) == ("2026-03-10", "2026-03-07", known_by)


def test_the_receiver_s_own_word_shows_that_paper_came_before_the_record() -> None:
    word = event(
        AMR, "case.noted", "2026-03-07 11:00", causation=("filed",), received_on="2026-03-06"
    )
    assert said(handed_over(word)) == ("2026-03-09", "2026-03-06", "declared")


def test_the_earliest_of_several_counts() -> None:
    more = [
        evidence(AMR, "opened", "2026-03-07 12:00"),
        evidence(AMR, "received", "2026-03-07 10:01"),
        event(AMR, "case.noted", "2026-03-08", causation=("filed",), received_on="2026-03-05"),
    ]
    assert said(handed_over(*more)) == ("2026-03-09", "2026-03-05", "declared")


@pytest.mark.parametrize("step", ["received", "opened"])
def test_nobody_moves_their_own_deadline_by_opening_late(step: str) -> None:
    late = evidence(AMR, step, "2026-03-09 17:00")
    assert said(handed_over(late)) == ("2026-03-10", "2026-03-07", "presumed")


@pytest.mark.parametrize("day", ["2026-03-20", "2099-01-01", "2026-W20-1", "a day", ""])
def test_nobody_moves_their_own_deadline_by_saying_that_it_came_late(day: str) -> None:
    word = event(AMR, "case.noted", "2026-03-08", causation=("filed",), received_on=day)
    assert said(handed_over(word)) == ("2026-03-10", "2026-03-07", "presumed")


def test_a_receipt_never_lies_before_the_date_of_what_was_received() -> None:
    early = evidence(AMR, "received", "2026-03-01", recorded_at="2026-03-07 10:01")
    assert said(handed_over(early)) == ("2026-03-09", "2026-03-05", "received")


def test_evidence_recorded_before_the_event_came_counts_all_the_same() -> None:
    early = evidence(AMR, "opened", "2026-03-06 09:00")
    assert said(handed_over(early)) == ("2026-03-09", "2026-03-06", "retrieved")


@pytest.mark.parametrize("recorded", ["2026-03-10 00:00", "2026-03-12", "2026-06-01"])
def test_what_is_recorded_after_the_due_date_that_it_would_give_moves_nothing(
    recorded: str,
) -> None:
    late = evidence(AMR, "received", "2026-03-06", recorded_at=recorded)
    found = handed_over(late, HANDED)
    assert said(found) == ("2026-03-10", "2026-03-07", "presumed")
    assert found.status == "met"


@pytest.mark.parametrize("author", [PSB, PRO, OTHER_PSB])
def test_an_agency_speaks_for_itself_only(author: str) -> None:
    about_another = evidence(author, "received", "2026-03-05 12:00", of=AMR)
    about_itself = evidence(author, "opened", "2026-03-05 12:00")
    word = event(
        author, "case.noted", "2026-03-06", causation=("filed",), received_on="2026-03-05", id="n"
    )
    found = handed_over(about_another, about_itself, word)
    assert said(found) == ("2026-03-10", "2026-03-07", "presumed")


def test_who_was_sent_nothing_has_no_evidence_of_its_receipt() -> None:
    elsewhere = replace(FILED, to=(PRO,), to_sectors=("procuratorate",))
    shown = evidence(AMR, "received", "2026-03-05 12:00")
    assert said(handed_over(shown, filed=elsewhere)) == ("2026-03-10", "2026-03-07", "presumed")


def test_a_correction_moves_no_receipt() -> None:
    shown = evidence(AMR, "received", "2026-03-06 09:00")
    fix = event(
        AMR,
        "case.corrected",
        "2026-03-20",
        corrected_source=AMR,
        corrected_id=shown.id,
        changes={"$legaltime": '"2026-03-07"'},
    )
    assert said(handed_over(shown, fix)) == ("2026-03-09", "2026-03-06", "received")


def test_what_is_imported_counts_from_its_own_date() -> None:
    found = handed_over(filed=replace(FILED, imported=True))
    assert said(found) == ("2026-03-09", "2026-03-05", "own_date")
    assert found.historic


def test_who_acts_on_its_own_event_counts_from_its_date() -> None:
    own = event(AMR, "complaint.received", "2026-05-06", recorded_at="2026-05-09")
    found = the_clock(folded([own]), "A03")
    assert (str(found.counted_from), found.counted_by) == ("2026-05-06", "own_date")


def test_the_text_of_each_row_says_from_receipt() -> None:
    rows = {rule.id for versions in LAW.clocks.values() for rule in versions if rule.from_receipt}
    assert {"T07", "T10", "T11", "T12", "T13", "T15", "T18", "R05a"} <= rows
    # From the decision, from the filing, at once: their texts name another day.
    assert not rows & {"T02", "T03", "T05", "T08", "T17", "T20", "A07", "O01", "J01", "J03", "J05"}


def test_a_clock_stored_before_there_were_receipts_is_read() -> None:
    found = handed_over()
    view = found.to_json()
    assert Clock.from_json(view) == found
    for name in ("counted_from", "counted_by"):
        del view[name]
    assert Clock.from_json(view) == replace(found, counted_from=None, counted_by="")


@pytest.mark.parametrize(
    ("posted", "status"),
    [
        ("2026-03-16", "met"),
        ("2026-03-02", "met_late"),
        ("2099-01-01", "met_late"),
        ("", "met_late"),
    ],
)
def test_nobody_posts_an_answer_before_what_it_answers(posted: str, status: str) -> None:
    asked = event(PRO, "referral.explanation_demanded", "2026-03-09", to=(PSB,))
    refused = event(PSB, "referral.filing_refused", "2026-03-05", to=(AMR,))
    given_ = event(PSB, "referral.explanation_given", "2026-03-20", to=(PRO,), posted_on=posted)
    case = folded([SENT, ACCEPTED, refused, supervised(), asked, given_])
    assert the_clock(case, "T13").status == status


def supervised() -> CaseEvent:
    return event(AMR, "referral.supervision_requested", "2026-03-06", to=(PRO,))


EVENTS = [
    SENT,
    ACCEPTED,
    FILED,
    HANDED,
    evidence(AMR, "opened", "2026-03-08 09:00"),
    evidence(AMR, "received", "2026-03-06 22:00"),
    evidence(AMR, "received", "2026-03-05", recorded_at="2026-03-11"),
    evidence(PSB, "received", "2026-03-05 12:00", of=AMR),
    event(AMR, "case.noted", "2026-03-08", causation=("filed",), received_on="2026-03-07"),
    event(AMR, "case.noted", "2026-03-09", causation=("filed",), received_on="2026-03-31", id="n2"),
]


def seen(case: Case) -> Any:
    return [one.to_json() for one in case.clocks], [one.to_json() for one in case.findings]


@settings(max_examples=examples(150))
@given(st.permutations(EVENTS))
def test_receipts_do_not_depend_on_the_order_of_arrival(came: list[CaseEvent]) -> None:
    placed = [replace(one, position=(1, 0, at)) for at, one in enumerate(came)]
    found = folded(placed)
    assert said(the_clock(found, "T18")) == ("2026-03-09", "2026-03-06", "received")
    assert seen(found) == seen(folded(EVENTS))


def test_a_correction_of_the_recipients_makes_no_receipt_evidence() -> None:
    """Whom the stamps of the journal named then counts, not whom the author names now."""
    filed = replace(FILED, to=(PRO,), to_sectors=("procuratorate",))
    fixed = event(
        PSB, "case.corrected", "2026-03-07 10:05", to=(AMR, PRO),
        corrected_source=PSB, corrected_id="filed", changes={"$to": "[]"},
    )  # fmt: skip
    shown = evidence(AMR, "received", "2026-03-06 09:00", recorded_at="2026-03-07 10:01")
    assert said(handed_over(fixed, shown, filed=filed))[2] == "presumed"
    assert said(handed_over(fixed, shown))[2] == "received"


@pytest.mark.parametrize(("to", "unit"), [((PSB,), "经侦"), ((), None)])
def test_an_intake_names_the_unit_of_what_its_agency_was_sent_and_of_nothing_else(
    to: tuple[str, ...], unit: str | None
) -> None:
    asked = event(AMR, "referral.reconsideration_requested", "2026-03-12", to=to, id="asked")
    about: dict[str, Any] = {
        "agency": PSB,
        "event_source": AMR,
        "event_id": "asked",
        "unit": "经侦",
    }
    told = event(PSB, "intake.received", "2026-03-12 10:00", id="told", **about)
    work = folded([*until("referral.filing_refused"), asked, told]).work
    assert [one.unit for one in work if one.opened_by == (AMR, "asked")] == [unit]
