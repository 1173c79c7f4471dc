"""A case derived anew: what was told stands or is withdrawn, and nobody is accused of the past."""

from __future__ import annotations

import datetime as dt
from dataclasses import replace

import pytest

from casebus.cases import FOLD_VERSION, Case, CaseEvent, breach_of, derive, fold
from casebus.cases.facets.clocks import ClocksFacet, KnownClocks
from casebus.cases.facets.findings import FindingsFacet, KnownFindings
from casebus.cases.renewing import Before, ShownState, renewed
from casebus.events.legaltime import CHINA
from casebus.law import Law, loader
from tests.case_events import AMR, LAW, PSB, ROOT, clock, event

LATE = dt.datetime(2026, 6, 1, 9, tzinfo=CHINA)
SENT = event(AMR, "referral.sent", "2026-03-05", to=(PSB,))
NOTED = event(AMR, "case.noted", "2026-03-06")


def law_with(days: int) -> Law:
    """The police have so many working days to sign (T04)."""
    old = b"acknowledgement}\n    actor: police\n    amount: 3\n"
    new = old.replace(b"amount: 3", f"amount: {days}".encode())
    files = loader.read(ROOT / "policies/law")
    assert any(old in body for body in files.values())
    return Law({name: body.replace(old, new) for name, body in files.items()})


def before(case: Case, **more: object) -> Before:
    shown = Before(law="old", fold_version=3, digest="old", shown=ShownState.of(case))
    return replace(shown, **more)  # type: ignore[arg-type]


def without(case: Case, clock_id: str) -> Case:
    """As an older fold showed it, which knew no such period."""
    kept = tuple(one for one in case.clocks if one.id != clock_id)
    return replace(case, known={**case.known, ClocksFacet.name: KnownClocks(kept)})


def told(case: Case, clock_id: str) -> CaseEvent:
    """The breach as the journal holds it."""
    said = breach_of(clock(case, clock_id))
    return event(
        "bus", "clock.breached", "2026-03-20", id=said.id, to=(PSB,), **said.data | {"told": [PSB]}
    )


def test_where_nothing_that_people_see_changes_nothing_is_said() -> None:
    case = fold([SENT], LAW)
    due = frozenset({clock(case, "T04").key})
    said = frozenset(one.id for one in derive(case))
    assert renewed([SENT], before(case, pending=due, said=said), LAW, LATE).event is None


def test_what_only_the_new_reading_finds_overdue_is_history() -> None:
    case = fold([SENT], LAW)
    made = renewed([SENT], before(without(case, "T04")), LAW, LATE)
    assert made.event is not None
    assert (made.event.data["fold_before"], made.event.data["fold_after"]) == (3, FOLD_VERSION)
    assert (made.event.data["law_before"], made.event.data["law_after"]) == ("old", LAW.digest)
    assert (made.told, made.event.to) == ((), ())
    due = clock(made.case, "T04")
    assert (due.historic, due.breach_after, derive(made.case)) == (True, None, [])
    # What falls due afterwards is told as ever.
    early = renewed([SENT], before(without(case, "T04")), LAW, LATE.replace(month=3, day=6))
    assert not clock(early.case, "T04").historic


def test_what_was_due_by_the_older_reading_too_is_still_told() -> None:
    case = fold([SENT], LAW)
    owed = before(without(case, "T08"), pending=frozenset({clock(case, "T04").key}))
    made = renewed([SENT, NOTED], owed, law_with(4), LATE)
    assert made.event is not None
    assert not clock(made.case, "T04").historic
    assert clock(made.case, "T04").breach_after is not None


@pytest.mark.slow
def test_a_breach_that_was_told_stands_unless_it_is_unfounded_now() -> None:
    case = fold([SENT], LAW)
    breach = told(case, "T04")
    events = [SENT, breach]
    shown = fold(events, LAW)
    assert renewed(events, before(shown), law_with(2), LATE).case.clocks[0].breach is not None
    made = renewed(events, before(shown), law_with(60), LATE)
    [withdrawn] = derive(made.case)
    assert (withdrawn.type, withdrawn.to) == ("casebus.clock.breach_withdrawn.v1", (PSB,))
    assert made.told == (PSB,)
    assert made.event is not None
    assert made.event.to == (PSB,)


def test_findings_of_the_past_are_shown_and_told_to_nobody() -> None:
    stray = event(PSB, "referral.filed", "2026-03-06", to=(AMR,), recorded_at="2026-03-06 10:00")
    events = [SENT, stray]
    case = fold(events, LAW)
    assert any(one.tell for one in case.findings)
    made = renewed(
        events,
        before(replace(case, known={**case.known, FindingsFacet.name: KnownFindings()})),
        LAW,
        LATE,
    )
    assert len(made.case.findings) == len(case.findings)
    assert not any(one.tell for one in made.case.findings)
    # Of what came before, nothing is hushed that was shown already.
    again = renewed(
        events,
        before(replace(case, known={**case.known, ClocksFacet.name: KnownClocks()})),
        LAW,
        LATE,
    )
    assert any(one.tell for one in again.case.findings)


def test_renewing_gives_nobody_a_part_in_the_case() -> None:
    case = fold([SENT], LAW)
    made = renewed([SENT], before(without(case, "T04")), LAW, LATE)
    assert made.event is not None
    stranger = replace(made.event, to=("cn-330110-psb",))
    assert fold([SENT, stranger], LAW).participants == case.participants


def test_any_order_of_arrival_ends_in_the_same_case() -> None:
    made = renewed([SENT, NOTED], before(without(fold([SENT], LAW), "T04")), LAW, LATE)
    assert made.event is not None
    orders = ([SENT, NOTED, made.event], [made.event, NOTED, SENT], [NOTED, made.event, SENT])
    assert {fold(order, LAW).digest() for order in orders} == {made.case.digest()}


def test_what_was_on_its_way_when_the_case_was_renewed_is_told_as_ever() -> None:
    shown = without(fold([SENT], LAW), "T04")
    made = renewed([SENT], before(shown), LAW, LATE)
    assert made.event is not None
    # Admitted in March, recorded here only after the renewal of June: it opens a period.
    filed = event(PSB, "referral.filed", "2026-03-06", to=(AMR,))
    case = fold([SENT, made.event, filed], LAW)
    goods = clock(case, "T18")
    assert (goods.historic, goods.breach_after is not None) == (False, True)
    assert goods.breach_after is not None
    assert goods.breach_after < LATE
