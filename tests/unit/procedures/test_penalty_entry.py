"""有案不录: a penalty that was published and that the bus lacks is asked about, and answered."""

from __future__ import annotations

import pytest

from casebus.cases import Case, CaseEvent, fold
from casebus.law import Law, loader
from casebus.law.checking import check
from tests.case_events import AMR, LAW, ROOT, due, event, kinds, the_clock
from tests.world import SCHEMAS

SUP, BUS = "cn-330100-sup", "bus/scheduler"
FILES = loader.read(ROOT / "policies/law")
OPTION = FILES["options.yaml"].index(b"penalty_entry_period")
SWITCHED = Law(
    {
        **FILES,
        "options.yaml": FILES["options.yaml"][:OPTION]
        + FILES["options.yaml"][OPTION:].replace(b"enabled: false", b"enabled: true", 1),
    }
)
ASKED = event(SUP, "penalty_entry.asked", "2026-03-02 09:00", to=(AMR,))
EXPLAINED = event(AMR, "penalty_entry.explained", "2026-03-05 09:00", to=(SUP,), reason="NOT_IP")
FOUND = event(BUS, "penalty_entry.found", "2026-03-06 09:00", to=(SUP, AMR))


def open_work(case: Case) -> list[tuple[str, str]]:
    return [(one.agency, one.duty) for one in case.work if one.closed_by is None]


def test_the_office_has_it_to_do_and_no_clock_runs_where_none_was_set() -> None:
    case = fold([ASKED], LAW)
    assert (case.status, open_work(case), case.clocks) == ("asked", [(AMR, "enter_penalty")], ())
    assert case.participants == (SUP, AMR)


def test_where_a_period_is_set_the_item_is_due_ten_working_days_after_it_was_received() -> None:
    case = fold([ASKED], SWITCHED)
    clock = the_clock(case, "PE01")
    assert (clock.actor, clock.status, due(clock)) == (AMR, "running", "2026-03-16")
    assert case.work[0].due == clock.due
    assert SUP in " ".join(clock.tell)


@pytest.mark.parametrize(
    ("answer", "status", "ended"),
    [
        (EXPLAINED, "explained", "met"),
        (FOUND, "entered", "met"),
        (event(SUP, "penalty_entry.withdrawn", "2026-03-05"), "withdrawn", "cancelled"),
    ],
)
def test_a_reason_an_entry_and_a_withdrawal_end_the_work_and_the_clock(
    answer: CaseEvent, status: str, ended: str
) -> None:
    case = fold([ASKED, answer], SWITCHED)
    assert (case.status, open_work(case)) == (status, [])
    assert the_clock(case, "PE01").status == ended
    assert kinds(case) == []


def test_what_is_entered_after_a_reason_was_given_counts_as_entered() -> None:
    assert fold([ASKED, EXPLAINED, FOUND], LAW).status == "entered"


def test_a_reason_that_does_not_satisfy_is_asked_again() -> None:
    again = event(SUP, "penalty_entry.asked", "2026-03-09 09:00", id="again", to=(AMR,))
    case = fold([ASKED, EXPLAINED, again], LAW)
    assert (case.status, open_work(case)) == ("asked", [(AMR, "enter_penalty")])


def test_only_the_bus_says_that_it_was_found() -> None:
    said = event(AMR, "penalty_entry.found", "2026-03-06", to=(SUP,))
    case = fold([ASKED, said], LAW)
    assert (case.status, kinds(case)) == ("asked", ["no_standing"])


def test_who_may_ask_and_who_may_answer() -> None:
    def may(sector: str, level: str, word: str) -> bool:
        return LAW.may_emit(sector, level, f"casebus.penalty_entry.{word}.v1")

    assert may("supervision", "city", "asked")
    assert may("procuratorate", "county", "asked")
    assert may("administrative", "city", "asked")
    assert not may("administrative", "county", "asked")
    assert not may("police", "city", "asked")
    assert not may("administrative", "county", "found")
    assert may("customs", "county", "explained")


@pytest.mark.slow
@pytest.mark.parametrize("law", [LAW, SWITCHED])
def test_the_law_is_without_fault_whether_the_period_is_on_or_off(law: Law) -> None:
    files = dict(law._files)
    assert [one for one in check(files, SCHEMAS) if "penalty_entry" in one.file] == []
