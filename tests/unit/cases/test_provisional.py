"""A due date that the notice of holidays may still move tells nothing and makes nobody late."""

from __future__ import annotations

import datetime as dt
from dataclasses import replace

import pytest

from casebus.cases import Case, CaseEvent, Clock, Derived, breach_of, derive, fold, lapse_of
from casebus.cases.differences import differences
from casebus.law import Law
from rehearsal.scenario import scheduling
from tests.case_events import AMR, LAW, PSB, clock, event, folded
from tests.small_law import SHIPPED, law

HOLIDAYS = SHIPPED["holidays.yaml"].decode()
SMALL = law()
ARB = "cn-330100-arb"
#: As if the notice of 2027 gave 1 to 3 January and made 9 January, a Saturday, a working day.
NOTICE_2027 = HOLIDAYS + "  2027:\n    free: [2027-01-01]\n    worked: [2027-01-09]\n"
PROPOSED = event(AMR, "referral.proposed", "2026-12-29")


def t02(*events: CaseEvent) -> Clock:
    found: Clock = clock(folded([PROPOSED, *events]), "T02")
    return found


def day(moment: dt.datetime | None) -> str:
    assert moment is not None
    return moment.date().isoformat()


def told(case: Case) -> list[str]:
    return [one.type for one in derive(case) if ".clock." in one.type]


def journaled(said: Derived, at: str) -> CaseEvent:
    name = said.type.removeprefix("casebus.").removesuffix(".v1")
    made = event(
        "bus", name, at, id=said.id, causation=said.causation, **{**said.data, "told": [AMR]}
    )
    return made if said.legal is None else replace(made, legal=said.legal)


def test_new_years_day_2027_is_off_before_its_notice_is_out() -> None:
    found = t02()
    assert (found.provisional, day(found.due)) == (True, "2027-01-04")


def test_a_provisional_breach_waits_until_it_is_certain_whatever_the_notice_says() -> None:
    found = t02()
    assert day(found.certain) == "2027-01-11"
    assert found.certain is not None
    assert found.breach_after == found.certain + found.grace


def test_an_act_that_is_late_only_by_the_best_known_date_accuses_nobody() -> None:
    approved = event(AMR, "referral.approved", "2027-01-08")
    case = folded([PROPOSED, approved])
    assert clock(case, "T02").status == "met"
    assert told(case) == []


def test_an_act_that_is_late_whatever_the_notice_says_shows_the_breach_itself() -> None:
    approved = event(AMR, "referral.approved", "2027-01-20")
    case = folded([PROPOSED, approved])
    assert clock(case, "T02").status == "met_late"
    [said] = [one for one in derive(case) if one.type.endswith("clock.breached.v1")]
    assert (said.data["provisional"], said.data["certain"][:10]) == (True, "2027-01-11")


def test_the_warning_goes_by_the_best_known_date() -> None:
    found = t02()
    assert found.warn_after is not None
    assert found.due is not None
    assert found.warn_after < found.due


def test_when_the_year_is_announced_its_dates_are_final() -> None:
    shipped = Law({**SHIPPED, "holidays.yaml": NOTICE_2027.encode()})
    found: Clock = clock(fold([PROPOSED], shipped), "T02")
    assert (found.provisional, day(found.due), found.certain) == (False, "2027-01-04", found.due)
    late = event(AMR, "referral.approved", "2027-01-08")
    assert clock(fold([PROPOSED, late], shipped), "T02").status == "met_late"


def test_a_breach_told_when_certain_stands_when_the_year_is_announced() -> None:
    said = journaled(breach_of(t02()), "2027-01-12 02:00")
    later = HOLIDAYS + "  2027:\n    free: [2027-01-01, 2027-01-04, 2027-01-05]\n    worked: []\n"
    case = fold([PROPOSED, said], Law({**SHIPPED, "holidays.yaml": later.encode()}))
    assert day(clock(case, "T02").due) == "2027-01-06"
    assert told(case) == []


def test_a_breach_told_too_early_by_an_older_version_is_withdrawn() -> None:
    said = journaled(breach_of(t02()), "2027-01-05 02:00")
    old = replace(said, data={**said.data, "due": "2027-01-01T23:59:59+08:00", "certain": ""})
    assert told(folded([PROPOSED, old])) == ["casebus.clock.breach_withdrawn.v1"]


# Fifteen days from 2026-12-20 end on Monday 2027-01-04; 1 to 8 January may all be off.
ASKED = event(ARB, "mediation.asked", "2026-12-20", to=(AMR,))


def test_a_provisional_lapse_waits_too() -> None:
    found: Clock = clock(fold([ASKED], SMALL), "M01")
    assert (day(found.due), day(found.certain)) == ("2027-01-04", "2027-01-11")
    assert found.lapse_after == found.certain
    assert lapse_of(found).legal is not None
    assert str(lapse_of(found).legal)[:10] == "2027-01-11"


def test_an_answer_before_the_lapse_is_certain_is_in_time() -> None:
    lapse = journaled(lapse_of(clock(fold([ASKED], SMALL), "M01")), "2027-01-12 01:00")
    answered = event(AMR, "mediation.answered", "2027-01-07", to=(ARB,))
    case = fold([ASKED, lapse, answered], SMALL)
    assert (case.status, clock(case, "M01").status) == ("answered", "met")
    assert told(case) == ["casebus.clock.lapse_withdrawn.v1"]


def test_an_answer_after_the_best_known_date_shows_no_lapse() -> None:
    answered = event(AMR, "mediation.answered", "2027-01-07", to=(ARB,))
    case = fold([ASKED, answered], SMALL)
    assert (case.status, told(case)) == ("answered", [])


def test_a_lapse_that_was_said_of_the_best_known_date_does_not_move_the_case() -> None:
    said = lapse_of(clock(fold([ASKED], SMALL), "M01"))
    early = journaled(replace(said, legal=None), "2027-01-05 01:00")
    case = fold([ASKED, early], SMALL)
    assert (case.status, told(case)) == ("asked", ["casebus.clock.lapse_withdrawn.v1"])


def test_a_pause_over_unannounced_working_days_may_have_taken_fewer() -> None:
    filed = event(AMR, "penalty.filed", "2026-12-21")
    pause = event(AMR, "appraisal.requested", "2026-12-28")
    resume = event(AMR, "appraisal.issued", "2027-01-12")
    found: Clock = clock(fold([filed, pause, resume], SMALL), "A07")
    # 22, 23, 24, 25, 28 December are five of twenty working days. Fifteen more from 13 January on.
    assert (found.provisional, day(found.due)) == (True, "2027-02-02")
    # 13 to 28 January are twelve; of 29 January to 15 February none is sure: 16, 17, 18 February.
    assert day(found.certain) == "2027-02-18"


def test_an_extension_between_the_two_dates_is_no_late_one() -> None:
    # 90 days from 2026-10-03 end on 2027-01-01.
    filed = event(AMR, "penalty.filed", "2026-10-03")
    more = event(AMR, "penalty.extended", "2027-01-07")
    case = fold([filed, more], SMALL)
    assert clock(case, "A04").extended == 1
    assert [one.detail for one in case.findings] == []


def test_a_work_item_says_that_its_due_date_may_move() -> None:
    filed = event(AMR, "penalty.filed", "2026-10-03")
    [item] = fold([filed], SMALL).work
    assert (item.provisional, item.to_json()["provisional"]) == (True, True)
    [known] = fold([event(AMR, "penalty.filed", "2026-03-02")], SMALL).work
    assert not known.provisional


@pytest.mark.parametrize("at", ["2027-01-05", "2027-01-11"])
def test_nothing_but_the_warning_is_said_before_it_is_certain(at: str) -> None:
    case = folded([PROPOSED])
    moment = dt.datetime.fromisoformat(f"{at}T12:00:00+08:00")
    said = {
        one.derived.type
        for one in scheduling.due(case, moment)
        if one.derived.data["clock"] == "T02"
    }
    assert said <= {"casebus.clock.warned.v1"}


def test_what_if_calls_nobody_late_before_it_is_certain() -> None:
    shipped = Law({**SHIPPED, "holidays.yaml": NOTICE_2027.encode()})
    moment = dt.datetime.fromisoformat("2027-01-09T12:00:00+08:00")
    before, after = (fold([PROPOSED], one).to_json() for one in (LAW, shipped))
    [late] = [
        one
        for one in differences(before, after, moment)
        if one.kind == "breach" and "T02" in one.what
    ]
    assert (late.before, late.after) == ("", "late")


def test_beyond_the_tables_of_the_moving_days_nothing_is_told() -> None:
    found: Clock = clock(folded([event(AMR, "referral.proposed", "2101-06-01")]), "T02")
    assert (found.provisional, found.certain, found.breach_after) == (True, None, None)


def test_a_clock_as_an_older_fold_stored_it_is_read() -> None:
    view = t02().to_json()
    assert Clock.from_json(view) == t02()
    del view["certain"]
    assert Clock.from_json(view).certain == t02().due


def test_other_clocks_are_certain_when_they_are_due() -> None:
    case = folded([event(AMR, "referral.sent", "2026-03-05", to=(PSB,))])
    assert all(one.certain == one.due for one in case.clocks)
