"""What an import minted is history: judged as such, counted, and nobody is accused of it."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from casebus.cases import CaseEvent, derive, fold
from casebus.cases.facets import CopiesFacet, DeviationsFacet
from casebus.law import Law
from tests.case_events import AMR, COURT, FILES, LAW, PRO, PSB, event, folded, storyline, until

IMPORT = "0b8b3c9e-1111-5222-8333-444455556666"


def of_history(events: list[CaseEvent]) -> list[CaseEvent]:
    return [replace(one, imported=True, import_id=IMPORT) for one in events]


def old(source: str, name: str, at: str, **said: Any) -> CaseEvent:
    [one] = of_history([event(source, name, at, **said)])
    return one


def counted(events: list[CaseEvent]) -> list[tuple[str, str, str, str]]:
    case = folded(events)
    assert case.findings == ()
    assert derive(case) == []
    return [
        (one.kind, one.reason, one.event_name, one.import_id) for one in case.of(DeviationsFacet)
    ]


def test_a_step_of_history_out_of_procedure_is_counted_and_shown_as_no_finding() -> None:
    events = of_history(until("referral.receipted"))
    judged = old(PSB, "referral.filed", "2026-03-08", to=(AMR,))
    assert counted([*events, judged]) == [("out_of_procedure", "", "referral.filed", IMPORT)]


def test_standing_is_not_held_against_anyone_in_history() -> None:
    events = of_history(until("referral.receipted"))
    step = old(COURT, "referral.judged", "2026-03-08", to=(PRO,))
    assert [row[0] for row in counted([*events, step])] == ["no_standing"]


def test_history_is_never_told_too_late_or_too_early() -> None:
    absurd = [replace(one, flags=("absurd_time",)) for one in of_history(storyline()[:3])]
    assert counted(absurd) == []


def test_flags_and_mistakes_of_history_are_counted_with_what_they_are() -> None:
    [first, *others] = of_history(until("referral.receipted"))
    flagged = replace(first, flags=("unknown_recipient",))
    note = old(AMR, "case.noted", "2026-03-07", work_item="none")
    assert [row[:2] for row in counted([flagged, *others, note])] == [
        ("undeliverable", "unknown_recipient"),
        ("data_quality", "no_such_work_item"),
    ]


def test_goods_that_differ_stay_visible_for_people_and_are_told_to_nobody() -> None:
    case = folded(of_history(storyline()))
    assert [(one.kind, one.tell, one.tell_after) for one in case.findings] == [
        ("discrepancy", (), None)
    ]


def test_no_copy_is_owed_of_history() -> None:
    [*before, sent] = of_history(until("referral.sent"))
    alone = replace(sent, to=(PSB,), to_sectors=("police",))
    assert folded([*before, alone]).of(CopiesFacet) == ()
    assert folded([*until("referral.approved"), event(AMR, "referral.sent", "2026-03-05")]).of(
        CopiesFacet
    )


def test_what_happens_now_in_an_imported_case_is_judged_as_ever() -> None:
    events = of_history(until("referral.receipted"))
    case = folded([*events, event(COURT, "referral.judged", "2026-03-08", to=(PRO,))])
    assert [(one.kind, one.tell) for one in case.findings] == [("no_standing", (COURT, PRO))]


def test_history_that_opens_nothing_waits_for_no_opener() -> None:
    events = [old(PSB, "referral.accepted", "2026-03-07"), old(PSB, "referral.filed", "2026-03-08")]
    assert [row[0] for row in counted(events)] == ["never_opened"]
    assert folded(events).status == "none"
    assert folded([replace(one, imported=False) for one in events]).status == "unopened"


def test_a_law_of_before_there_was_the_file_shows_what_it_showed() -> None:
    files = dict(FILES)
    del files["findings.yaml"]
    stray = old(PSB, "referral.filed", "2026-03-08", to=(AMR,))
    case = fold([*of_history(until("referral.receipted")), stray], Law(files))
    assert [(one.kind, one.tell) for one in case.findings] == [("out_of_procedure", ())]
    assert case.of(DeviationsFacet) == ()


def test_the_state_is_the_same_whatever_is_counted() -> None:
    live, history = folded(storyline()), folded(of_history(storyline()))
    assert (live.status, live.roles) == (history.status, history.roles)
    assert fold(of_history(storyline()), LAW).digest() == history.digest()
