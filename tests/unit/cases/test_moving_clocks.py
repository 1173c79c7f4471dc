"""Pauses, extensions, changes of the law, posting, custody, closing times, causes."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest

from casebus.cases import Case, CaseEvent, Clock, breach_of, derive, fold, warning_of
from tests.case_events import AMR, PSB, clock, event, kinds
from tests.small_law import CLOCKS, PENALTY, law

LAW = law()
FILED = event(AMR, "penalty.filed", "2026-03-02")


def case(*events: CaseEvent, clocks: str = "") -> Case:
    return fold([FILED, *events], law(clocks=clocks) if clocks else LAW)


def a04(*events: CaseEvent, clocks: str = "") -> Clock:
    found: Clock = clock(case(*events, clocks=clocks), "A04")
    return found


def requested(at: str, **data: Any) -> CaseEvent:
    return event(AMR, "appraisal.requested", at, **data)


def issued(at: str) -> CaseEvent:
    return event(AMR, "appraisal.issued", at)


def due_day(found: Clock) -> str:
    assert found.due is not None
    return found.due.date().isoformat()


def reasons(found: Case) -> list[str]:
    return [one.detail["reason"] for one in found.findings]


def test_ninety_days_are_counted_and_rolled_over() -> None:
    found = a04()
    assert (found.nominal, due_day(found)) == (dt.date(2026, 5, 31), "2026-06-01")


def test_a_paused_clock_is_not_due_and_breaches_nobody() -> None:
    found = a04(requested("2026-03-10"))
    assert (found.status, found.due, found.breach_after, found.warn_after) == (
        "paused",
        None,
        None,
        None,
    )
    assert str(found.paused_since) == "2026-03-10"
    assert [item.due for item in case(requested("2026-03-10")).work] == [None]


def test_a_pause_shifts_the_last_day_before_it_rolls() -> None:
    found = a04(requested("2026-03-10"), issued("2026-03-16"))
    assert (found.status, found.nominal, due_day(found)) == (
        "running",
        dt.date(2026, 6, 6),
        "2026-06-08",
    )


def test_a_pause_of_working_days_is_counted_in_working_days() -> None:
    plain, paused = case(), case(requested("2026-03-05"), issued("2026-03-09"))
    assert due_day(clock(plain, "A07")) == "2026-03-30"
    # Friday the 6th and Monday the 9th.
    assert due_day(clock(paused, "A07")) == "2026-04-01"


def test_two_grounds_of_a_pause_end_one_by_one() -> None:
    hearing = event(AMR, "hearing.notified", "2026-03-12")
    held = event(AMR, "hearing.held", "2026-03-20")
    half = a04(requested("2026-03-10"), hearing, issued("2026-03-16"))
    assert half.status == "paused"
    whole = a04(requested("2026-03-10"), hearing, issued("2026-03-16"), held)
    assert (whole.status, whole.nominal) == ("running", dt.date(2026, 6, 10))


def test_the_same_ground_twice_is_one_pause() -> None:
    again = event(AMR, "appraisal.requested", "2026-03-12", id="again")
    found = a04(requested("2026-03-10"), again, issued("2026-03-16"))
    assert (found.status, found.nominal) == ("running", dt.date(2026, 6, 6))


def test_a_resumption_of_another_ground_ends_every_pause() -> None:
    resumed = event(AMR, "clock.resumed", "2026-03-16", clock="A04")
    found = a04(requested("2026-03-10"), resumed)
    assert (found.status, found.nominal) == ("running", dt.date(2026, 6, 6))


def test_a_pause_after_the_due_moment_does_nothing() -> None:
    found = a04(requested("2026-06-02"))
    assert (found.status, due_day(found)) == ("running", "2026-06-01")


def test_an_act_while_the_clock_is_paused_meets_it() -> None:
    decided = event(AMR, "penalty.decided", "2026-09-01", to=(PSB,))
    found = a04(requested("2026-03-10"), decided)
    assert found.status == "met"


def test_the_extensions_of_the_law_are_applied_in_their_order_and_no_more() -> None:
    once = event(AMR, "penalty.extended", "2026-05-20", id="once")
    twice = event(AMR, "penalty.extended", "2026-06-20", id="twice")
    found = case(once, twice)
    assert clock(found, "A04").extended == 1
    assert clock(found, "A04").nominal == dt.date(2026, 6, 30)
    assert reasons(found) == ["no_more_extensions"]


def test_an_extension_after_the_due_moment_does_nothing_and_is_flagged() -> None:
    found = case(event(AMR, "penalty.extended", "2026-06-02"))
    assert (clock(found, "A04").extended, reasons(found)) == (0, ["past_due"])


def test_an_agency_with_a_role_moves_a_clock_by_name() -> None:
    paused = event(AMR, "clock.paused", "2026-03-10", clock="A06", reasons="鉴定")
    resumed = event(AMR, "clock.resumed", "2026-03-12", clock="A06")
    found = case(paused, resumed)
    assert clock(found, "A06").nominal == dt.date(2026, 4, 3)
    assert kinds(found) == []


@pytest.mark.parametrize(
    ("name", "named", "reason"),
    [
        ("clock.paused", "Z99", "no_such_clock"),
        ("clock.resumed", "A06", "not_paused"),
        ("clock.extended", "A06", "no_more_extensions"),
        ("clock.extended", "", "no_such_clock"),
    ],
)
def test_a_move_that_does_nothing_is_flagged(name: str, named: str, reason: str) -> None:
    found = case(event(AMR, name, "2026-03-10", clock=named))
    assert (kinds(found), reasons(found)) == (["data_quality"], [reason])


def test_who_has_no_role_in_the_region_moves_none_of_its_clocks() -> None:
    noted = event(AMR, "case.noted", "2026-03-03", to=("cn-330106-court",))
    paused = event("cn-330106-court", "clock.paused", "2026-03-10", clock="A04")
    found = case(noted, paused)
    assert (kinds(found), clock(found, "A04").status) == (["no_standing"], "running")


def test_a_recorded_cause_is_shown_with_the_clock_and_in_its_breach() -> None:
    cause = event(AMR, "clock.cause_recorded", "2026-05-30", clock="A04", cause="LINK_DOWN")
    found = a04(cause)
    assert found.cause == "LINK_DOWN"
    assert breach_of(found).data["cause"] == "LINK_DOWN"
    assert breach_of(a04()).data["cause"] == "open"


def test_an_actor_is_warned_once_at_a_share_of_the_period() -> None:
    found = a04()
    # 91 days from the end of 2026-03-02.
    assert found.warn is not None
    assert found.warn.isoformat() == "2026-05-14T19:11:59+08:00"
    said = warning_of(found)
    assert (said.to, said.data["clock"]) == ((f"agency:{AMR}",), "A04")
    told = event("bus-bus", "clock.warned", "2026-05-14", id=said.id, clock_key=found.key)
    again = a04(told, requested("2026-05-20"), issued("2026-05-22"))
    assert again.warned is None, "only what the bus itself says counts"


def test_a_warning_of_the_bus_is_said_once() -> None:
    found = a04()
    said = warning_of(found)
    told = event("bus", "clock.warned", "2026-05-14", id=said.id, clock_key=found.key)
    again = a04(told, requested("2026-05-20"), issued("2026-05-22"))
    assert (again.warned, again.warn_after) == (("bus", said.id), None)
    assert derive(case(told)) == []


def test_a_row_may_say_that_nobody_is_warned() -> None:
    assert clock(case(), "A06").warn is None


def test_the_day_of_posting_counts_as_the_day_of_the_act_where_the_law_says_so() -> None:
    arb = "cn-330100-arb"
    asked = event(arb, "mediation.asked", "2026-03-02", to=(AMR,))
    late = event(AMR, "mediation.answered", "2026-03-19")
    posted = event(AMR, "mediation.answered", "2026-03-19", posted_on="2026-03-17")
    assert clock(fold([asked, late], LAW), "M01").status == "met_late"
    assert clock(fold([asked, posted], LAW), "M01").status == "met"


def test_nothing_rolls_over_for_a_person_in_custody() -> None:
    rule = CLOCKS.replace("warn_at: null", "custody_no_roll: true")
    held = event(AMR, "penalty.filed", "2026-02-16", in_custody=True)
    free = event(AMR, "penalty.filed", "2026-02-21")
    found = clock(fold([held], law(clocks=rule)), "A06")
    assert found.due.date() == dt.date(2026, 3, 18)
    held = event(AMR, "penalty.filed", "2026-02-05", in_custody=True)
    found = clock(fold([held], law(clocks=rule)), "A06")
    assert found.due.date() == dt.date(2026, 3, 7)
    found = clock(fold([free], law(clocks=rule)), "A06")
    assert found.due.date() == dt.date(2026, 3, 23)


def test_a_last_day_may_end_at_the_close_of_business() -> None:
    rule = CLOCKS.replace("warn_at: null", 'closes_at: "17:30"')
    found = clock(case(clocks=rule), "A06")
    assert found.due.isoformat() == "2026-04-01T17:30:00+08:00"
    both = PENALTY.replace("stops: [A04],\n     cancels: [A06, A07]", "stops: [A04, A06]")
    for at, status in (("17:30", "met"), ("17:31", "met_late")):
        decided = event(AMR, "penalty.decided", f"2026-04-01 {at}", to=(PSB,))
        ended = fold([FILED, decided], law(clocks=rule, penalty=both))
        assert clock(ended, "A06").status == status


SHORTER = CLOCKS.replace(
    "  - {id: A06,",
    """  - {id: A04, title: {zh: 决定, en: Decide}, actor: administrative, amount: 60, unit: d,
     count_rule: natural_roll, transition: pending, source: 新法, article: 第一条,
     effective_from: 2026-04-01, confidence: M+}
  - {id: A06,""",
).replace(
    "extensions: [{amount: 30, unit: d, article: 第二条, by: {zh: 负责人, en: Head}}]",
    "effective_to: 2026-03-31",
)


def test_a_change_of_the_law_that_counts_for_pending_clocks_moves_those_that_still_run() -> None:
    calm = PENALTY.replace("extends: [A04]", "cancels: []")
    changed = law(clocks=SHORTER, penalty=calm)
    running = clock(fold([FILED], changed), "A04")
    assert (running.law_version, running.nominal) == ("2026-04-01", dt.date(2026, 5, 1))
    decided = event(AMR, "penalty.decided", "2026-03-30", to=(PSB,))
    ended = clock(fold([FILED, decided], changed), "A04")
    assert (ended.law_version, ended.status) == ("2020-01-01", "met")
    old = event(AMR, "penalty.filed", "2025-12-01")
    over = clock(fold([old], changed), "A04")
    assert over.law_version == "2020-01-01"
    new = event(AMR, "penalty.filed", "2026-04-01")
    assert clock(fold([new], changed), "A04").nominal == dt.date(2026, 5, 31)


def test_a_row_counts_for_the_bodies_that_it_is_meant_for() -> None:
    some = CLOCKS.replace(
        "  - {id: A06,",
        """  - {id: A06, title: {zh: 扣押, en: Seizure}, actor: administrative, amount: 7, unit: d,
     count_rule: natural_roll, source: 某法, article: 第三条, effective_from: 2020-01-01,
     confidence: M+, when: {goods.kind: [PERISHABLE]}, unless: {urgent: [false]}}
  - {id: A06,""",
    )
    changed = law(clocks=some)

    def days(**data: Any) -> int:
        found = clock(fold([event(AMR, "penalty.filed", "2026-03-02", **data)], changed), "A06")
        return int((found.nominal - dt.date(2026, 3, 2)).days)

    assert days() == 30
    assert days(goods={"kind": "PERISHABLE"}) == 7
    assert days(goods={"kind": "PERISHABLE"}, urgent=True) == 7
    assert days(goods={"kind": "PERISHABLE"}, urgent=False) == 30
    assert days(goods=["PERISHABLE"]) == 30


def test_a_clock_survives_its_json_form_wherever_it_stands() -> None:
    for events in ((), (requested("2026-03-10"),), (requested("2026-03-10"), issued("2026-03-16"))):
        for found in case(*events).clocks:
            assert Clock.from_json(found.to_json()) == found
