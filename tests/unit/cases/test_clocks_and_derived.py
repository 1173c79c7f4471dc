from __future__ import annotations

import datetime as dt
import json
from dataclasses import replace
from typing import Any

from casebus.cases import Case, CaseEvent, Clock, Derived, breach_of, derive, raised_of
from casebus.events.legaltime import LegalTime
from tests.case_events import AMR, PRO, PSB, clock, event, folded, storyline, until

OVERDUE = until("referral.filed")


def journaled(derived: Derived, at: str = "2026-04-14 13:00") -> CaseEvent:
    name = derived.type.removeprefix("casebus.").removesuffix(".v1")
    data = {**derived.data, "told": ["cn-330100-amr"]}
    return replace(event("bus-bus", name, at, id=derived.id, **data), source="bus")


def types(case: Case) -> list[str]:
    return [one.type for one in derive(case)]


def test_a_breach_may_be_told_after_due_and_grace() -> None:
    found = clock(folded(OVERDUE), "T18")
    assert found.status == "running"
    assert found.breach_after.isoformat() == "2026-04-14T11:59:59+08:00"
    assert found.tell == ("superior", f"agency:{PRO}")


def test_before_a_procuratorate_takes_part_the_neighbouring_one_is_told() -> None:
    found = clock(folded(until("referral.proposed")), "T02")
    assert found.tell == ("superior", "same_division:procuratorate")


def test_a_breach_names_everything_that_its_readers_need() -> None:
    derived = breach_of(clock(folded(OVERDUE), "T18"))
    assert (derived.type, derived.of) == ("casebus.clock.breached.v1", AMR)
    assert derived.data["clock"] == "T18"
    assert derived.data["trigger_id"] == "referral.filed"
    assert derived.data["due"] == "2026-04-13T23:59:59+08:00"
    assert derived.data["cause"] == "open"
    assert derived.id == breach_of(clock(folded(list(reversed(OVERDUE))), "T18")).id


def test_a_journaled_breach_marks_its_clock_and_is_told_once() -> None:
    breach = journaled(breach_of(clock(folded(OVERDUE), "T18")))
    found = clock(folded([*OVERDUE, breach]), "T18")
    assert found.breach == ("bus", breach.id)
    assert found.breach_after is None


def test_a_clock_survives_its_json_form() -> None:
    for found in folded([*storyline()]).clocks:
        view = json.loads(json.dumps(found.to_json()))
        assert Clock.from_json(view) == found


def test_a_late_act_shows_the_breach_by_itself_with_the_schedulers_id() -> None:
    [derived] = [
        one for one in derive(folded(until("referral.goods_handed_over"))) if "clock" in one.type
    ]
    running = breach_of(clock(folded(OVERDUE), "T18"))
    assert derived.id == running.id
    assert derived.data["cause"] == "met_late"


def test_an_act_within_the_grace_breaches_nothing() -> None:
    handed = event(AMR, "referral.goods_handed_over", "2026-04-14 09:00", to=(PSB,))
    case = folded([*OVERDUE, handed])
    assert clock(case, "T18").status == "met_late"
    assert clock(case, "T18").breach_after is None
    assert types(case) == []


def test_a_breach_that_a_late_record_disproves_is_withdrawn_once() -> None:
    breach = journaled(breach_of(clock(folded(OVERDUE), "T18")))
    handed = event(
        AMR, "referral.goods_handed_over", "2026-04-12", recorded_at="2026-04-16", to=(PSB,)
    )
    [derived] = derive(folded([*OVERDUE, breach, handed]))
    assert derived.type == "casebus.clock.breach_withdrawn.v1"
    assert derived.data["breach_id"] == breach.id
    assert derived.to == ("cn-330100-amr",)
    case = folded([*OVERDUE, breach, handed, journaled(derived, "2026-04-16")])
    assert (derive(case), clock(case, "T18").breach, clock(case, "T18").revision) == ([], None, 1)


def test_a_breach_told_again_after_a_withdrawal_is_another_event() -> None:
    first = breach_of(clock(folded(OVERDUE), "T18"))
    again = breach_of(replace(clock(folded(OVERDUE), "T18"), revision=1))
    assert first.id != again.id


def test_a_breach_stands_when_the_act_comes_late() -> None:
    breach = journaled(breach_of(clock(folded(OVERDUE), "T18")))
    case = folded([*until("referral.goods_handed_over"), breach])
    assert types(case) == []


def test_a_breach_of_a_corrected_trigger_is_withdrawn() -> None:
    breach = journaled(breach_of(clock(folded(OVERDUE), "T18")))
    moved = event(
        PSB,
        "case.corrected",
        "2026-04-15",
        corrected_source=PSB,
        corrected_id="referral.filed",
        changes={"$legaltime": '"2026-04-14"'},
    )
    case = folded([*OVERDUE, breach, moved])
    assert clock(case, "T18").due.date() == dt.date(2026, 4, 17)
    assert types(case) == ["casebus.clock.breach_withdrawn.v1"]


def test_a_right_that_lapses_is_no_breach() -> None:
    found = clock(folded(until("referral.filing_refused")), "T10")
    assert (found.expiry, found.breach_after) == ("lapse", None)


def test_a_clock_whose_trigger_was_recorded_after_its_due_date_is_historic() -> None:
    late = event(AMR, "referral.proposed", "2026-03-02", recorded_at="2026-03-06")
    found = clock(folded([late]), "T02")
    assert (found.historic, found.breach_after) == (True, None)
    in_time = event(AMR, "referral.proposed", "2026-03-02", recorded_at="2026-03-05 23:00")
    assert not clock(folded([in_time]), "T02").historic


def test_what_an_import_minted_tells_nobody_anything() -> None:
    case = folded([replace(one, imported=True) for one in storyline()])
    assert all(one.historic for one in case.clocks)
    assert all(one.tell == () for one in case.findings)
    assert clock(case, "T18").status == "met_late"
    assert derive(case) == []


def test_a_finding_is_raised_once_and_withdrawn_when_it_is_gone() -> None:
    stray = event(PSB, "referral.filed", "2026-03-08", id="stray", to=(AMR,))
    events = [*until("referral.receipted"), stray]
    # It waits for what might heal it: the scheduler tells it.
    assert derive(folded(events)) == []
    [found] = folded(events).findings
    raised = raised_of(stray.stream, found, [])
    assert (raised.type, raised.to) == ("casebus.finding.raised.v1", (PSB,))
    told = journaled(raised)
    assert derive(folded([*events, told])) == []
    accepted = event(PSB, "referral.accepted", "2026-03-07", to=(AMR,))
    [withdrawn] = derive(folded([*events, told, accepted]))
    assert withdrawn.type == "casebus.finding.withdrawn.v1"
    gone = journaled(withdrawn)
    assert derive(folded([*events, told, accepted, gone])) == []
    [found] = folded([*events, told, gone]).findings
    assert (found.revision, found.tell_after) == (1, stray.recorded_at + dt.timedelta(hours=24))
    assert raised_of(stray.stream, found, []).id != raised.id


def test_an_owed_copy_is_derived_with_its_rule() -> None:
    sent = event(AMR, "referral.sent", "2026-03-05", to=(PSB,))
    [owed] = [one for one in derive(folded([sent])) if "copy_due" in one.type]
    assert (owed.to, owed.of) == (("same_division:procuratorate",), AMR)


def test_a_period_past_the_known_holidays_is_provisional() -> None:
    case = folded([event(AMR, "referral.proposed", "2026-12-30")])
    assert clock(case, "T02").provisional


def test_the_digest_is_of_the_case_and_not_of_the_laws_name() -> None:
    case: Any = folded(storyline())
    assert replace(case, law="other").digest() == case.digest()
    assert replace(case, status="trial").digest() != case.digest()


def test_a_clock_that_ends_with_the_calendar_can_be_asked_when_it_breaches() -> None:
    for index, one in enumerate(storyline()):
        last = replace(one, legal=LegalTime(dt.date.max))
        case = folded([*storyline()[:index], last])
        assert all(c.breach_after is None or c.breach_after.year <= 9999 for c in case.clocks)
        derive(case)
