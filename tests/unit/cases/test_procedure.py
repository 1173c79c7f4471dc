from __future__ import annotations

from dataclasses import replace

from casebus.cases import CaseEvent
from casebus.cases.facets import CopiesFacet
from tests.case_events import (
    AMR,
    COURT,
    OTHER_PSB,
    PRO,
    PSB,
    clock,
    event,
    folded,
    kinds,
    storyline,
    until,
)


def without(name: str, events: list[CaseEvent]) -> list[CaseEvent]:
    return [one for one in events if one.type != f"casebus.{name}.v1"]


def test_the_opener_is_the_source_of_the_first_journaled_opening_event() -> None:
    rival = "cn-330108-amr"
    events = [
        event(rival, "referral.sent", "2026-01-01", position=9, id="earlier-date", to=(PSB,)),
        event(AMR, "referral.sent", "2026-03-05", position=3, to=(PSB, PRO)),
    ]
    case = folded(events)
    assert case.opener == AMR
    assert kinds(case) == ["no_standing"]
    assert case.roles["police"] == (PSB,)


def test_the_opener_keeps_its_systems_name() -> None:
    case = folded([event(f"{AMR}/hall-2", "referral.proposed", "2026-03-02")])
    assert case.opener == f"{AMR}/hall-2"
    assert case.roles == {"administrative": (AMR,)}


def test_a_stream_without_an_opening_event_is_unopened() -> None:
    filed = event(PSB, "referral.filed", "2026-03-02")
    case = folded([filed, event(AMR, "case.noted", "2026-03-03")])
    assert (case.status, case.findings, case.clocks) == ("unopened", (), ())
    assert len(case.order) == 2


def test_an_opening_event_of_a_sector_that_may_not_open_opens_nothing() -> None:
    assert folded([event(PSB, "referral.sent", "2026-03-02")]).status == "unopened"


def test_a_stream_of_the_bus_or_of_an_import_is_no_case() -> None:
    bus = event("bus-bus", "relay.checkpoint", "2026-03-02")
    assert folded([bus]).status == "none"
    assert folded([event(AMR, "import.opened", "2026-03-02")]).status == "none"
    assert folded([]).status == "none"


def test_an_author_without_standing_is_recorded_and_not_folded() -> None:
    stranger = event(OTHER_PSB, "referral.receipted", "2026-03-06", id="x", to=(AMR,))
    case = folded([*until("referral.sent"), stranger])
    assert case.status == "sent"
    assert (OTHER_PSB, "x") in case.order
    [found] = case.findings
    assert (found.kind, found.tell) == ("no_standing", (OTHER_PSB, AMR))


def test_the_former_police_lose_standing_when_they_forward() -> None:
    events = [
        *until("referral.receipted"),
        event(PSB, "referral.forwarded", "2026-03-06 10:00", to=(OTHER_PSB, AMR)),
        event(PSB, "referral.accepted", "2026-03-07", id="old"),
        event(OTHER_PSB, "referral.receipted", "2026-03-07", id="new"),
    ]
    case = folded(events)
    assert case.roles["police"] == (OTHER_PSB,)
    assert case.status == "receipted"
    assert [(one.kind, one.event[1]) for one in case.findings] == [("no_standing", "old")]


def test_a_recipient_may_note_and_a_stranger_may_not() -> None:
    noted = event(PRO, "case.noted", "2026-03-06", id="copied")
    strange = event(COURT, "case.noted", "2026-03-06", id="stranger")
    case = folded([*until("referral.sent"), noted, strange])
    assert [(one.kind, one.event) for one in case.findings] == [
        ("no_standing", (COURT, "stranger"))
    ]


def test_an_event_ahead_of_its_state_is_flagged_and_moves_the_case() -> None:
    case = folded(without("referral.receipted", until("referral.accepted")))
    assert case.status == "accepted"
    assert kinds(case) == ["out_of_procedure"]
    assert clock(case, "T08").status == "running"


def test_an_event_behind_the_state_is_flagged_and_moves_nothing() -> None:
    again = event(PSB, "referral.accepted", "2026-04-11", id="again", to=(AMR,))
    case = folded([*until("referral.filed"), again])
    assert case.status == "filed"
    assert kinds(case) == ["out_of_procedure"]
    assert len([one for one in case.clocks if one.id == "T08"]) == 1


def test_an_act_behind_the_state_still_ends_the_duty_it_fulfils() -> None:
    events = [
        *without("referral.goods_handed_over", until("referral.prosecution_requested")),
        event(AMR, "referral.goods_handed_over", "2026-06-20", id="late", to=(PSB,)),
    ]
    case = folded(events)
    assert case.status == "prosecution_review"
    assert clock(case, "T18").stopped_by == (AMR, "late")
    assert clock(case, "T18").status == "met_late"


def test_an_event_of_no_known_kind_is_flagged() -> None:
    case = folded([*until("referral.sent"), event(PSB, "mediation.agreed", "2026-03-06")])
    assert (case.status, kinds(case)) == ("sent", ["out_of_procedure"])


def test_an_intakes_word_is_neither_flagged_nor_folded() -> None:
    arrival = event(
        PSB,
        "intake.received",
        "2026-03-05 09:01",
        event_source=AMR,
        event_id="referral.sent",
        unit="经侦大队",
    )
    case = folded([*until("referral.sent"), arrival])
    assert kinds(case) == []
    [item] = [one for one in case.work if one.agency == PSB]
    assert (item.unit, item.version) == ("经侦大队", 1)


def test_a_copy_is_owed_where_no_recipient_of_the_sector_got_it() -> None:
    alone = [
        replace(one, to=(PSB,), to_sectors=("police",)) if one.id == "referral.sent" else one
        for one in until("referral.sent")
    ]
    case = folded(alone)
    [owed] = case.of(CopiesFacet)
    assert (owed.rule, owed.author) == ("same_division:procuratorate", AMR)
    assert folded(until("referral.sent")).of(CopiesFacet) == ()


def test_a_transfer_to_nobody_is_found() -> None:
    case = folded([event(AMR, "referral.sent", "2026-03-05")])
    assert [(one.kind, one.detail["role"]) for one in case.findings] == [
        ("data_quality", "police"),
        ("data_quality", "procuratorate"),
    ]
    assert case.work == ()


def test_police_that_file_on_their_own_end_the_dispute() -> None:
    events = [
        *until("referral.explanation_demanded"),
        event(PSB, "referral.filed", "2026-03-22", to=(AMR,)),
    ]
    case = folded(events)
    assert (case.status, kinds(case)) == ("filed", [])
    assert clock(case, "T13").status == "cancelled"
    assert [one.id for one in case.clocks if one.status == "running"] == ["T18"]


def test_the_same_identity_twice_counts_as_first_journaled() -> None:
    whole = storyline()
    copy = replace(whole[3], position=(1, 0, 10**12), data={"note": "other"})
    assert folded([copy, *whole]).digest() == folded(whole).digest()


def test_numbers_of_all_events_are_collected() -> None:
    number = {"kind": "case_no", "value": "（2026）浙0106刑初1号"}
    bad = {"kind": "case_no", "value": "a\x00b\ud800"}
    case = folded([event(AMR, "referral.proposed", "2026-03-02", numbers=[number, number, bad, 5])])
    assert case.numbers == (("case_no", "ab?"), ("case_no", "（2026）浙0106刑初1号"))
    assert case.digest()


def test_sequence_gaps_are_found_and_heal() -> None:
    events = [
        event(AMR, "referral.proposed", "2026-03-02", sequence=1),
        event(AMR, "referral.approved", "2026-03-03", sequence=4),
    ]
    [found] = folded(events).findings
    assert (found.kind, found.detail, found.tell) == ("gap", {"missing": "2-3"}, ())
    healed = [event(AMR, "case.noted", "2026-03-02", id=str(n), sequence=n) for n in (2, 3)]
    assert folded([*events, *healed]).findings == ()


def test_the_flags_of_admission_are_findings_for_the_author() -> None:
    case = folded([event(AMR, "referral.proposed", "2026-03-02", flags=("unknown_recipient",))])
    assert [(one.kind, one.tell) for one in case.findings] == [("undeliverable", (AMR,))]


def test_a_flagged_event_of_the_bus_or_of_an_intake_starts_no_telling() -> None:
    told = event("bus-bus", "finding.raised", "2026-03-03", flags=("absurd_time",))
    arrival = event(PSB, "intake.received", "2026-03-03", flags=("absurd_time",))
    case = folded([event(AMR, "referral.proposed", "2026-03-02"), told, arrival])
    assert [(one.kind, one.event[0], one.tell) for one in case.findings] == [
        ("data_quality", PSB, ())
    ]


def test_a_stranger_who_is_told_of_their_finding_gains_no_standing_by_it() -> None:
    told = replace(event("bus-bus", "finding.raised", "2026-03-06", to=(COURT,)), source="bus")
    events = [
        event(AMR, "referral.sent", "2026-03-05", to=(PSB, PRO)),
        event(COURT, "case.noted", "2026-03-06", id="first"),
        told,
        event(COURT, "case.noted", "2026-03-07", id="second"),
    ]
    assert kinds(folded(events)) == ["no_standing", "no_standing"]
