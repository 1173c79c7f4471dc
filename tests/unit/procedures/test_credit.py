"""The list of the seriously dishonest: three years, and an early end after one."""

from __future__ import annotations

from typing import Any

import pytest

from casebus.cases import CaseEvent
from tests.case_events import AMR, COURT, due, event, folded, kinds, lapse, the_clock


def listed(at: str = "2026-05-08", **data: Any) -> list[CaseEvent]:
    return [
        event(AMR, "credit.listed", at, **data),
        event(AMR, "credit.published", at + " 16:00"),
    ]


@pytest.mark.parametrize(
    ("at", "version"), [("2026-03-20", "2021-09-01"), ("2026-05-08", "2026-04-01")]
)
def test_a_listing_is_shown_for_three_years_by_the_rule_of_its_day(at: str, version: str) -> None:
    found = the_clock(folded(listed(at)), "A10")
    assert (due(found), found.law_version) == (at.replace("2026", "2029"), version)


def test_early_removal_may_be_asked_after_a_year() -> None:
    assert due(the_clock(folded(listed()), "A10a")) == "2027-05-08"


def test_an_application_is_accepted_in_five_and_decided_in_fifteen_working_days() -> None:
    events = [
        *listed("2025-05-08"),
        event(AMR, "credit.repair_applied", "2026-05-11"),
        event(AMR, "credit.repair_accepted", "2026-05-15"),
        event(AMR, "credit.repaired", "2026-06-01"),
        event(AMR, "credit.removed", "2026-06-02"),
    ]
    case = folded(events)
    assert [
        (due(the_clock(case, one)), the_clock(case, one).status) for one in ("A10b", "A10c")
    ] == [
        ("2026-05-18", "met"),
        ("2026-06-05", "met"),
    ]
    assert (case.status, the_clock(case, "A10").status, kinds(case)) == ("removed", "cancelled", [])


@pytest.mark.parametrize("said", ["credit.repair_refused", "credit.removal_refused"])
def test_a_refusal_leaves_the_party_on_the_list(said: str) -> None:
    events = [
        *listed("2025-05-08"),
        event(AMR, "credit.repair_applied", "2026-05-11"),
        event(AMR, said, "2026-05-15"),
    ]
    case = folded(events)
    assert (case.status, the_clock(case, "A10").status) == ("listed", "running")


def test_after_three_years_the_agency_is_to_remove_the_party() -> None:
    over = lapse("A10", (AMR, "credit.listed"), "2029-05-08 23:59:59")
    case = folded([*listed(), over])
    assert [one.duty for one in case.work if one.is_open] == ["remove"]


def test_a_judgment_debtor_is_listed_for_two_years() -> None:
    case = folded([event(COURT, "credit.listed", "2026-05-08", list="JUDGMENT_DEBTOR")])
    assert {one.id: due(one) for one in case.clocks} == {"A10": "2028-05-08"}


def test_a_new_listing_after_a_removal_is_a_new_round() -> None:
    events = [
        *listed(),
        event(AMR, "credit.removed", "2029-05-09"),
        event(AMR, "credit.listed", "2030-01-07", id="again"),
    ]
    case = folded(events)
    assert (case.status, due(the_clock(case, "A10"))) == ("listed", "2033-01-07")
