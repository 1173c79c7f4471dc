"""A room for each author of a case: what it does not take is recorded and not folded."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from typing import Any

from casebus.cases import CaseEvent, derive, fold
from casebus.cases.room import Admittance, Room, Rooms
from tests.case_events import AMR, LAW, PRO, PSB, ROOT, event, storyline

SMALL = Rooms.parse("rooms: [{from: '2000-01-01T00:00:00+08:00', room: 10}]")
RECEIVED = "intake.received"


def placed(events: list[CaseEvent], rooms: Rooms = SMALL) -> list[Admittance]:
    room = Room(rooms)
    return [room.place(one) for one in events]


def notes(source: str, count: int, first: int = 0, **changes: Any) -> list[CaseEvent]:
    return [
        event(source, "case.noted", "2026-03-06", id=f"{source}-{at}", position=at, **changes)
        for at in range(first, first + count)
    ]


def receipt(of: CaseEvent, by: str, number: int = 0) -> CaseEvent:
    data: dict[str, Any] = {"event_source": of.source, "event_id": of.id}
    return event(by, RECEIVED, "2026-03-07", id=f"{of.id}-{by}-{number}", **data)


def test_an_author_is_folded_up_to_its_room_and_told_once():
    found = placed(notes(AMR, 13))
    assert found == [Admittance.FOLDED] * 10 + [Admittance.TOLD] + [Admittance.LEFT_OUT] * 2


def test_nobody_uses_up_the_room_of_another():
    assert set(placed([*notes(AMR, 50), *notes(PSB, 10, 50)])[50:]) == {Admittance.FOLDED}


def test_systems_of_one_agency_share_its_room():
    found = placed([*notes(AMR, 10), *notes(f"{AMR}/intake", 1, 10)])
    assert found[-1] is Admittance.TOLD


def test_what_the_bus_says_takes_no_room():
    assert set(placed(notes("bus", 50))) == {Admittance.FOLDED}


def test_receipts_take_the_room_of_whom_they_answer_and_not_their_authors():
    sent = notes(AMR, 4, to=(PSB,))
    received = [receipt(one, PSB) for one in sent]
    # Three for each event with its two receipts: ten are used up by the fourth.
    assert placed([*sent, *received, *notes(PSB, 10, 4), *notes(AMR, 1, 90)]) == [
        *[Admittance.FOLDED] * 18,
        Admittance.TOLD,
    ]


def test_a_receipt_of_what_is_left_out_is_left_out_and_takes_no_room():
    flood = notes(AMR, 30, to=(PSB,))
    found = placed([*flood, *(receipt(one, PSB) for one in flood), *notes(PSB, 10, 90)])
    assert found[30:34] == [Admittance.FOLDED] * 4
    assert set(found[34:60]) == {Admittance.LEFT_OUT}
    assert set(found[60:]) == {Admittance.FOLDED}


def test_receipts_nobody_asked_for_take_their_authors_room():
    [sent] = notes(AMR, 1, to=(PRO,))
    found = placed([sent, *(receipt(sent, PSB, at) for at in range(12))])
    assert found[1:] == [Admittance.FOLDED] * 10 + [Admittance.TOLD, Admittance.LEFT_OUT]
    again = placed([sent, *(receipt(sent, PRO, at) for at in range(12))])
    assert again[1:] == [Admittance.FOLDED] * 11 + [Admittance.TOLD]


def test_a_later_row_changes_no_place_that_was_given():
    wider = Rooms.parse(
        "rooms: [{from: '2000-01-01T00:00:00+08:00', room: 10},"
        " {from: '2026-06-01T00:00:00+08:00', room: 12}]"
    )
    assert wider.at(datetime.fromisoformat("2026-05-31T23:59:59+08:00")) == 10
    early = notes(AMR, 12)
    late = [
        replace(
            one, recorded_at=datetime.fromisoformat("2026-06-01T00:00:00+08:00"), id=f"late-{at}"
        )
        for at, one in enumerate(notes(AMR, 3))
    ]
    assert placed([*early, *late], wider)[:12] == placed(early)
    assert placed([*early, *late], wider)[12:] == [Admittance.FOLDED] * 2 + [Admittance.LEFT_OUT]


def test_replayed_without_what_was_left_out_each_event_gets_the_place_it_had():
    flood = notes(AMR, 30, to=(PSB,))
    whole = [*flood, *(receipt(one, PSB) for one in flood), *notes(PSB, 15, 90)]
    first = dict(zip((one.identity for one in whole), placed(whole), strict=True))
    room = Room(SMALL)
    for identity, place in first.items():
        if place is Admittance.LEFT_OUT:
            room.leave_out(identity)
    seen = [one for one in whole if first[one.identity] is not Admittance.LEFT_OUT]
    assert [room.place(one) for one in seen] == [first[one.identity] for one in seen]


def test_what_has_no_room_is_told_to_its_author_and_changes_nothing_else():
    events = storyline()
    more = event("cn-330108-amr", "case.noted", "2026-03-06", id="flood", note="x")
    case, beyond = fold(events, LAW), fold([*events, replace(more, beyond=True)], LAW)
    [found] = [one for one in beyond.findings if one not in case.findings]
    assert found.detail["reason"] == "no_room"
    assert (beyond.clocks, beyond.work, beyond.order) == (case.clocks, case.work, case.order)
    assert any(
        one.to == ("cn-330108-amr",) or "cn-330108-amr" in str(one.data)
        for one in derive(beyond)
        if one not in derive(case)
    )


def test_the_room_that_is_shipped_holds_every_storyline():
    assert set(placed(storyline() * 20, Rooms.load(ROOT / "policies"))) == {Admittance.FOLDED}
