"""Cases that are linked, merged, and go on in another one."""

from __future__ import annotations

from casebus.cases import CaseEvent
from casebus.cases.facets import LinksFacet
from tests.case_events import AMR, PRO, PSB, clock, event, folded, kinds, until

NUMBER = {"source": "cn-330108-amr", "number": "杭滨市监立〔2026〕3号"}
OTHER = "01985f2e-7c1a-7b3e-9a55-1f0c6d2b4e02"


def absorbed(at: str = "2026-03-06 12:00") -> CaseEvent:
    return event(AMR, "case.absorbed", at, to=(PSB,), into={"stream": OTHER})


def test_a_case_that_goes_on_in_another_one_runs_no_clock_and_has_no_work() -> None:
    case = folded([*until("referral.receipted"), absorbed()])
    into = case.of(LinksFacet).absorbed_into
    assert into is not None
    assert (case.status, into.stream) == ("absorbed", OTHER)
    assert "running" not in {one.status for one in case.clocks}
    assert not [one for one in case.work if one.is_open]


def test_clocks_that_ran_are_cancelled_by_the_merger() -> None:
    case = folded([*until("referral.accepted"), absorbed("2026-03-07 12:00")])
    assert [clock(case, one).status for one in ("T06", "T08")] == ["cancelled", "cancelled"]


def test_what_comes_after_is_on_record_and_out_of_procedure() -> None:
    late = event(PSB, "referral.accepted", "2026-03-08")
    opened = event(AMR, "joint_case.opened", "2026-03-09", to=(PSB,))
    case = folded([*until("referral.receipted"), absorbed(), late, opened])
    assert (case.status, kinds(case)) == ("absorbed", ["out_of_procedure"] * 2)
    assert [one.procedure for one in case.regions] == ["referral"]


def test_what_came_before_in_law_counts_though_it_arrives_after() -> None:
    late = event(PSB, "referral.accepted", "2026-03-06 11:00", recorded_at="2026-03-09")
    case = folded([*until("referral.receipted"), absorbed(), late])
    assert kinds(case) == []
    assert clock(case, "T08").status == "cancelled"


def test_the_case_that_goes_on_keeps_each_origin_once() -> None:
    merged = [
        event(AMR, "case.merged", f"2026-03-0{day}", id=f"m{day}", linked={"stream": stream})
        for day, stream in ((6, OTHER), (7, OTHER), (8, "another"))
    ]
    case = folded([*until("referral.receipted"), *merged])
    assert [one.stream for one in case.of(LinksFacet).origins] == [OTHER, "another"]
    assert case.status == "receipted"


def test_only_who_has_a_role_may_merge() -> None:
    told = event(AMR, "case.noted", "2026-03-05 10:00", to=("cn-330108-psb",))
    said = event("cn-330108-psb", "case.absorbed", "2026-03-06", into={"stream": OTHER})
    case = folded([*until("referral.sent"), told, said])
    assert (case.status, kinds(case)) == ("sent", ["no_standing"])


def test_a_link_is_taken_back_by_stream_or_by_number() -> None:
    def link(name: str, at: str, **other: str) -> CaseEvent:
        return event(PRO, f"case.{name}", at, id=at, linked=other, relation="SAME_RIGHT")

    both = [
        *until("referral.sent"),
        link("linked", "2026-03-06 10:00", stream=OTHER),
        link("linked", "2026-03-06 11:00", **NUMBER),
    ]
    assert [one.stream for one in folded(both).of(LinksFacet).links] == [OTHER, ""]
    back = link("unlinked", "2026-03-06 12:00", stream=OTHER)
    again = link("unlinked", "2026-03-06 13:00", **NUMBER)
    assert [one.stream for one in folded([*both, back]).of(LinksFacet).links] == [""]
    assert folded([*both, back, again]).of(LinksFacet).links == ()
