"""What a late event may heal is shown at once, and told only when that event has had time."""

from __future__ import annotations

import datetime as dt
from dataclasses import replace
from typing import get_args

import pytest

from casebus.cases import CaseEvent, Finding, derive, fold, raised_of
from casebus.cases.reporting import KINDS
from casebus.law import Law, LawError
from casebus.law.findings import Kind
from tests.case_events import AMR, COURT, FILES, LAW, PSB, event, folded, until

DAY = dt.timedelta(hours=24)
STRAY = event(PSB, "referral.filed", "2026-03-06 15:00", id="stray", to=(AMR,))
EVENTS = [*until("referral.receipted"), STRAY]
ACCEPTED = event(PSB, "referral.accepted", "2026-03-06 12:00", to=(AMR,), recorded_at="2026-03-07")


def the_finding(events: list[CaseEvent], kind: str) -> Finding:
    [found] = [one for one in folded(events).findings if one.kind == kind]
    return found


def test_it_is_shown_at_once_and_told_a_day_after_its_event_was_recorded() -> None:
    case = folded(EVENTS)
    [found] = case.findings
    assert (found.tell, found.tell_after) == ((PSB,), STRAY.recorded_at + DAY)
    assert derive(case) == []


def test_what_came_late_by_its_own_date_waits_from_when_it_was_recorded() -> None:
    late = replace(STRAY, recorded_at=STRAY.recorded_at + 30 * DAY)
    assert the_finding([*EVENTS[:-1], late], "out_of_procedure").tell_after == (
        late.recorded_at + DAY
    )


def test_what_is_healed_in_time_is_told_to_nobody() -> None:
    case = folded([*EVENTS, ACCEPTED])
    assert case.findings == ()
    assert derive(case) == []


def test_what_was_told_waits_no_more_and_is_withdrawn_when_it_is_healed() -> None:
    [found] = folded(EVENTS).findings
    told = raised_of(EVENTS[0].stream, found, [])
    heard = event("bus", "finding.raised", "2026-03-07", id=told.id, **told.data)
    assert the_finding([*EVENTS, heard], "out_of_procedure").tell_after is None
    [withdrawn] = derive(folded([*EVENTS, heard, ACCEPTED]))
    assert withdrawn.type == "casebus.finding.withdrawn.v1"


def test_what_nothing_can_heal_is_told_at_once() -> None:
    flagged = replace(EVENTS[0], flags=("unknown_recipient",))
    said = derive(folded([flagged, *EVENTS[1:3]]))
    assert [one.data["kind"] for one in said if one.type.endswith("raised.v1")] == ["undeliverable"]


@pytest.mark.parametrize(
    ("stray", "kind"),
    [
        (event(COURT, "referral.judged", "2026-03-06", to=(AMR,)), "no_standing"),
        (event(AMR, "case.noted", "2026-03-06", work_item="none"), "data_quality"),
        (event(AMR, "case.corrected", "2026-03-06", corrected_id="none"), "data_quality"),
        (event(AMR, "clock.paused", "2026-03-06", clock="Z99"), "data_quality"),
    ],
)
def test_what_names_something_that_may_be_on_its_way_waits(stray: CaseEvent, kind: str) -> None:
    found = the_finding([*until("referral.receipted"), stray], kind)
    assert found.tell_after == stray.recorded_at + DAY


def test_goods_counted_before_their_list_arrived_accuse_nobody_yet() -> None:
    bags = {"name": "包", "unit": "只"}
    counted = event(PSB, "referral.goods_received", "2026-04-15", goods=[{**bags, "received": 3}])
    found = the_finding([*until("referral.filed"), counted], "discrepancy")
    assert found.tell_after == counted.recorded_at + DAY
    listed = event(AMR, "referral.goods_handed_over", "2026-04-14", goods=[{**bags, "listed": 3}])
    assert [one.kind for one in folded([*until("referral.filed"), counted, listed]).findings] == []


def test_a_law_without_the_file_waits_for_nothing() -> None:
    files = dict(FILES)
    del files["findings.yaml"]
    [raised] = derive(fold(EVENTS, Law(files)))
    assert raised.data["kind"] == "out_of_procedure"


def test_the_hours_are_the_law_file_s() -> None:
    files = dict(FILES)
    files["findings.yaml"] = files["findings.yaml"].replace(b"hours: 24", b"hours: 5")
    [found] = fold(EVENTS, Law(files)).findings
    assert found.tell_after == STRAY.recorded_at + dt.timedelta(hours=5)


def test_a_kind_that_does_not_exist_or_is_named_twice_is_refused() -> None:
    files = dict(FILES)
    good = files["findings.yaml"]
    for word in (b"gaps", b"cycle"):
        with pytest.raises(LawError):
            Law(files | {"findings.yaml": good.replace(b"kind: gap", b"kind: " + word)})


def test_every_kind_that_the_fold_finds_is_named_in_the_file() -> None:
    assert set(get_args(Kind)) == set(KINDS)
    assert {kind for kind, _ in LAW.waits.pairs} == set(get_args(Kind))
