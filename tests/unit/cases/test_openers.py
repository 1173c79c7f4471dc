"""Being first in a stream, or being named in it, gives no right (ADR 40): each way in is tried."""

from __future__ import annotations

from dataclasses import replace
from itertools import permutations
from typing import Any

import pytest

from casebus.cases import Case, CaseEvent, derive
from casebus.cases.facets import AssessmentsFacet, ProposalsFacet
from casebus.cases.facets.links import KnownLinks, LinksFacet
from casebus.cases.facets.rights import RightsFacet
from casebus.events.minted import mints, stream_id
from tests.case_events import AMR, COURT, OTHER_PSB, PRO, PSB, event, folded, until

OTHER_AMR, ARB = "cn-330108-amr", "cn-330100-arb"
NUMBER = [{"kind": "letter_no", "value": "杭西市监移〔2026〕7号"}]
#: Anyone who has read the number can compute this.
MINTED = stream_id(AMR, "letter_no", "杭西市监移(2026)7号")


def imported(*events: CaseEvent, stream: str = MINTED) -> list[CaseEvent]:
    return [replace(one, stream=stream) for one in events]


SQUATTED = event(OTHER_AMR, "referral.sent", "2026-03-01", to=(OTHER_PSB,), id="squatted")
OWN = event(AMR, "referral.sent", "2026-03-05", to=(PSB,), id="own", numbers=NUMBER)


def test_whose_source_and_number_mint_the_id_is_the_opener_whoever_came_first() -> None:
    found = folded(imported(SQUATTED, OWN))
    assert (found.opener, found.participants) == (AMR, (AMR, PSB))
    assert [one.kind for one in found.findings if one.event[1] == "squatted"] == ["no_standing"]
    assert {one.agency for one in found.work} == {PSB}
    assert OTHER_AMR not in found.team


def test_the_number_of_another_makes_nobody_the_opener() -> None:
    """A squatter knows the number and writes it, but under its own name it mints another id."""
    lying = replace(SQUATTED, data={"numbers": NUMBER})
    assert folded(imported(lying, OWN)).opener == AMR
    assert not mints(OTHER_AMR, [("letter_no", NUMBER[0]["value"])], MINTED)


def test_where_no_opening_event_mints_the_id_the_first_journaled_stays_the_opener() -> None:
    own = replace(OWN, data={})
    for stream in (MINTED, "01985f2e-7c1a-7b3e-9a55-1f0c6d2b4e01"):
        assert folded(imported(SQUATTED, own, stream=stream)).opener == OTHER_AMR
        assert folded(imported(SQUATTED, OWN, stream=stream[:14] + "7" + stream[15:])).opener == (
            OTHER_AMR
        )


def test_a_system_of_the_giver_is_the_giver() -> None:
    assert folded(imported(SQUATTED, replace(OWN, source=f"{AMR}/sys1"))).opener == f"{AMR}/sys1"


def test_the_opener_is_the_same_for_any_order_of_arrival() -> None:
    noted = event(AMR, "case.noted", "2026-03-06", numbers=NUMBER)
    for order in permutations((SQUATTED, OWN, noted)):
        placed = [replace(one, position=(1, 0, at)) for at, one in enumerate(order)]
        found = folded(imported(*placed))
        assert (found.opener, found.participants) == (AMR, (AMR, PSB))


GIVEN = event(PSB, "case.noted", "2026-03-02", id="given", numbers=NUMBER)


def given(to: tuple[str, ...] = ()) -> CaseEvent:
    """What the police import opens nothing."""
    return replace(GIVEN, to=to, to_sectors=tuple("administrative" for _ in to))


def test_who_opens_what_another_has_numbered_opens_it_unasked() -> None:
    """What opens no procedure is nobody's to take: who opens one in it does not read the rest."""
    stream = stream_id(PSB, "letter_no", NUMBER[0]["value"])
    found = folded(imported(given(), SQUATTED, stream=stream))
    assert (found.opener, found.status) == (OTHER_AMR, "sent")
    assert (found.participants, found.team) == ((PSB,), (PSB,))
    named = folded(imported(given((OTHER_AMR,)), SQUATTED, stream=stream))
    assert set(named.participants) == {PSB, OTHER_AMR, OTHER_PSB}


MEDIATED = event(ARB, "arbitration.requested", "2026-03-10", to=(PSB,), id="asked")


def unasked(*more: CaseEvent) -> Case:
    """A case in which a stranger opens a procedure beside the referral, naming the police."""
    return folded([*until("referral.accepted"), MEDIATED, *more])


def test_an_answer_in_a_procedure_opened_unasked_gives_no_part_in_the_case() -> None:
    assert [one.procedure for one in unasked().regions][1:] == ["arbitration"]
    assert ARB not in unasked().participants
    answer = event(PSB, "arbitration.accepted", "2026-03-11", to=(ARB,), causation=("asked",))
    assert ARB not in unasked(answer).participants
    [item, *_] = [one for one in unasked().work if one.procedure == "arbitration"]
    acted = event(item.agency, "case.noted", "2026-03-11", to=(ARB,), work_item=item.key)
    assert ARB not in unasked(acted).participants


def test_who_has_a_part_names_whom_it_will_and_then_the_role_counts() -> None:
    named = unasked(event(PSB, "case.noted", "2026-03-11", to=(ARB,)))
    assert ARB in named.participants
    assert ARB in named.team


def test_a_role_that_one_gave_oneself_is_no_role_in_the_case() -> None:
    assert set(unasked().team) == {AMR, PSB, PRO}
    assert ARB in {one for held in unasked().regions[1].roles.values() for one in held}


def test_who_begins_a_new_round_of_a_closed_case_unasked_takes_nobody_s_sight() -> None:
    closed = [
        event(AMR, "referral.proposed", "2026-03-02"),
        event(AMR, "referral.declined", "2026-03-03", id="declined"),
    ]
    again = event(OTHER_AMR, "referral.sent", "2026-04-01", to=(PSB,), id="again")
    found = folded([*closed, again])
    assert (found.participants, found.team) == ((AMR,), (AMR,))
    answered = event(PSB, "referral.receipted", "2026-04-02", to=(OTHER_AMR,))
    assert OTHER_AMR not in folded([*closed, again, answered]).participants


def test_a_stranger_is_told_of_its_event_and_none_of_the_case_s_numbers() -> None:
    noted = event(COURT, "case.noted", "2026-03-06", id="strange", flags=("wrong_partition",))
    own = event(AMR, "penalty.filed", "2026-03-07", id="wrong", flags=("wrong_partition",))
    found = folded([*until("referral.sent"), OWN, noted, own])
    told = {one.causation[0]: one for one in derive(found) if one.data.get("kind")}
    assert told["strange"].data["numbers"] == []
    assert told["wrong"].data["numbers"] == NUMBER


def test_a_copy_owed_for_a_stranger_s_procedure_says_nothing_of_the_case() -> None:
    found = unasked()
    copies = [one for one in derive(found) if one.of == ARB and "owed_to" in one.data]
    assert all((one.data["title"], one.data["numbers"]) == ("", []) for one in copies)


@pytest.mark.parametrize("name", ["case.linked", "case.merged", "case.absorbed"])
def test_a_link_names_another_case_and_gives_no_part_in_it(name: str) -> None:
    """A fold reads its own stream: that another case names this one is not heard here."""
    theirs = folded([*until("referral.sent")])
    field = "into" if name == "case.absorbed" else "linked"
    other: dict[str, Any] = {field: {"stream": "x"}}
    linked = event(COURT, name, "2026-03-06", **other)
    strange = folded([*until("referral.sent"), linked])
    assert strange.participants == theirs.participants
    assert strange.of(LinksFacet) == KnownLinks()


def test_a_proposal_or_a_mark_of_secrecy_by_a_stranger_is_not_the_case_s() -> None:
    marked = event(COURT, "case.noted", "2026-03-06", secrecy="TRADE_SECRET")
    triaged = event(COURT, "case.triaged", "2026-03-06", track="SIMPLE")
    found = folded([*until("referral.sent"), marked, triaged])
    assert (found.secrecy, found.of(ProposalsFacet)) == ((), ())


def test_nobody_does_another_s_work_by_naming_its_item() -> None:
    [item] = [one for one in folded(until("referral.sent")).work if one.agency == PSB]
    taken = event(PRO, "work.taken", "2026-03-06", work_item=item.key, work_version=1)
    [same] = [one for one in folded([*until("referral.sent"), taken]).work if one.agency == PSB]
    assert (same.version, same.taken_by) == (item.version, None)


def test_what_is_said_in_a_procedure_opened_unasked_is_not_the_case_s() -> None:
    """No stranger can mark a case secret for others, or have its people accused by figures."""
    goods = {"kind": "TRADEMARK", "number": "1"}
    told: dict[str, Any] = {"secrecy": "TRADE_SECRET", "offence": "213", "rights": [goods]}
    filed = event(OTHER_AMR, "administrative_case.filed", "2026-03-10", id="filed", **told)
    found = folded([*until("referral.accepted"), filed])
    assert [one.procedure for one in found.regions][1:] == ["administrative_case"]
    assert found.secrecy == ()
    assert found.of(RightsFacet) == folded(until("referral.accepted")).of(RightsFacet)
    assert len(found.of(AssessmentsFacet)) == len(
        folded(until("referral.accepted")).of(AssessmentsFacet)
    )
    named = event(AMR, "case.noted", "2026-03-09", to=(OTHER_AMR,), id="named")
    assert folded([*until("referral.accepted"), named, filed]).secrecy == ("TRADE_SECRET",)


def test_a_role_taken_in_a_procedure_opened_unasked_is_none_in_another() -> None:
    """Regions know each other's roles; a stranger's are known to its own procedure alone."""
    case = [event(AMR, "administrative_case.filed", "2026-03-02", id="filed")]
    taken = event(OTHER_AMR, "referral.sent", "2026-03-03", to=(OTHER_PSB,), id="taken")
    found = folded([*case, taken])
    assert [one.procedure for one in found.regions] == ["administrative_case", "referral"]
    assert found.regions[1].roles["police"] == (OTHER_PSB,)
    assert "police" not in found.regions[0].roles
    assert found.roles["administrative"] == (AMR,)
    extended = event(OTHER_AMR, "clock.extended", "2026-03-04", id="e", clock=found.clocks[0].id)
    moved = folded([*case, taken, extended])
    assert [one.due for one in moved.clocks] == [one.due for one in found.clocks]
