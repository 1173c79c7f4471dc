"""T08 stands still while the agency supplements, where that is switched on (程序规定 180 II)."""

from __future__ import annotations

import pytest

from casebus.cases import CaseEvent, fold
from casebus.law import Law, LawError, loader
from tests.case_events import AMR, LAW, PSB, ROOT, due, event, the_clock, until

FILES = loader.read(ROOT / "policies/law")
OFF, ON = b"    enabled: false\n", b"    enabled: true\n"
assert OFF in FILES["options.yaml"]
SWITCHED = Law({**FILES, "options.yaml": FILES["options.yaml"].replace(OFF, ON)})


def asked(at: str = "2026-03-07 16:00") -> list[CaseEvent]:
    """Signed on Friday 2026-03-06: T06 is due on the 7th, T08 on the 9th, T07 three days on."""
    accepted = event(PSB, "referral.accepted", "2026-03-07 09:00", to=(AMR,))
    missing = event(PSB, "referral.supplement_requested", at, to=(AMR,))
    return [*until("referral.receipted"), accepted, missing]


def supplemented(day: str) -> CaseEvent:
    return event(AMR, "referral.supplemented", day, to=(PSB,))


def test_as_the_law_stands_nothing_pauses_the_decision() -> None:
    found = the_clock(fold([*asked(), supplemented("2026-03-09")], LAW), "T08")
    assert (due(found), found.status) == ("2026-03-09", "running")


def test_where_it_is_switched_on_the_days_of_the_supplement_do_not_count() -> None:
    found = the_clock(fold([*asked(), supplemented("2026-03-09 10:00")], SWITCHED), "T08")
    assert (due(found), found.status) == ("2026-03-11", "running")


def test_an_agency_that_stays_silent_holds_the_decision_up_for_its_three_days_at_most() -> None:
    case = fold(asked(), SWITCHED)
    assert due(the_clock(case, "T07")) == "2026-03-10"
    found = the_clock(case, "T08")
    assert (due(found), found.breach_after is not None) == ("2026-03-12", True)
    late = fold([*asked(), supplemented("2026-03-20")], SWITCHED)
    assert due(the_clock(late, "T08")) == "2026-03-12"
    refused = event(PSB, "referral.filing_refused", "2026-03-13", to=(AMR,))
    assert the_clock(fold([*asked(), refused], SWITCHED), "T08").status == "met_late"


def test_what_was_asked_for_too_late_pauses_nothing() -> None:
    found = the_clock(fold(asked("2026-03-08 10:00"), SWITCHED), "T08")
    assert due(found) == "2026-03-09"


@pytest.mark.slow
def test_a_row_of_an_option_that_nobody_declares_is_refused_with_its_line() -> None:
    text = FILES["procedures/referral.yaml"].replace(
        b"option: supplement_pauses_filing", b"option: anything", 1
    )
    with pytest.raises(LawError, match=r"referral\.yaml: line \d+: unknown option anything"):
        Law({**FILES, "procedures/referral.yaml": text})


@pytest.mark.slow
def test_a_bundle_from_before_there_were_options_is_read() -> None:
    later = ("options.yaml", "procedures/penalty_entry.yaml")
    old = {name: text for name, text in FILES.items() if name not in later}
    lines = FILES["procedures/referral.yaml"].decode().splitlines(keepends=True)
    plain = "".join(line for line in lines if "option: supplement" not in line)
    with pytest.raises(LawError, match="twice"):
        Law({**old, "procedures/referral.yaml": plain.encode()})
    start = plain.index("  # An option of this installation")
    end = plain.index("  - event: referral.supplemented", plain.index("resumes: [T08]"))
    without = plain[:start] + plain[end:]
    kept = Law.from_bundle(Law({**old, "procedures/referral.yaml": without.encode()}).bundle())
    assert due(the_clock(fold(asked(), kept), "T08")) == "2026-03-09"
