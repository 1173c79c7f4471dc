from __future__ import annotations

from itertools import permutations

from casebus.cases import Case
from casebus.cases.sequences import USED_TWICE
from tests.case_events import AMR, event, folded


def repeated(case: Case) -> list[dict[str, str]]:
    return [one.detail for one in case.findings if one.detail.get("reason") == USED_TWICE]


def test_a_store_that_begins_again_is_told_to_its_agency_once_and_with_what_to_do() -> None:
    first = [event(AMR, "referral.proposed", "2026-03-02", sequence=1, id="a1")]
    first += [event(AMR, "case.noted", "2026-03-02", sequence=n, id=f"a{n}") for n in (2, 3)]
    again = [event(AMR, "case.noted", "2026-03-03", sequence=n, id=f"b{n}") for n in (1, 2, 3, 4)]
    case = folded([*first, *again])
    [found] = repeated(case)
    assert (found["sequence"], found["times"]) == ("1", "3")
    assert "casebus doctor" in found["advice"]
    [told] = [one.tell for one in case.findings if one.detail == found]
    assert told == (AMR,)


def test_each_of_two_systems_has_findings_of_its_own_name_only() -> None:
    desk = f"{AMR}/desk-2"
    events = [
        event(AMR, "referral.proposed", "2026-03-02", sequence=1, id="a"),
        event(desk, "case.noted", "2026-03-02", sequence=1, id="b"),
    ]
    assert repeated(folded(events)) == []


def test_whatever_order_they_come_in_the_finding_is_one() -> None:
    events = [
        event(AMR, "referral.proposed", "2026-03-02", sequence=1, id="a"),
        event(AMR, "case.noted", "2026-03-02", sequence=2, id="b"),
        event(AMR, "case.noted", "2026-03-02", sequence=1, id="c"),
        event(AMR, "case.noted", "2026-03-02", sequence=2, id="d"),
    ]
    keys = {
        tuple(one.key for one in folded(list(some)).findings if "sequence" in one.detail)
        for some in permutations(events)
    }
    assert len(keys) == 1
