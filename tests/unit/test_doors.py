from __future__ import annotations

import pytest

from casebus.errors import CasebusError
from casebus.events.doors import agency_of, door_of, is_door, sector_of
from casebus.sdk.doors import asked_once, door_among, one_door, visible_door

AMR = "cn-330106-amr"
OWN, WHOLE = door_of("administrative", AMR), door_of("administrative")


def test_a_door_says_whose_it_is() -> None:
    assert (sector_of(OWN), agency_of(OWN)) == ("administrative", AMR)
    assert (sector_of(WHOLE), agency_of(WHOLE)) == ("administrative", "")
    assert is_door(OWN)
    assert not is_door("case.journal")


def test_an_account_writes_to_the_one_door_that_it_sees() -> None:
    assert visible_door({OWN, f"agency.{AMR}.inbox"}) == OWN
    for topics in ({"case.journal"}, {OWN, WHOLE}):
        with pytest.raises(CasebusError, match="sector_unknown"):
            visible_door(topics)


def test_of_a_sector_the_whole_one_s_door_is_taken_before_an_agency_s() -> None:
    assert door_among({OWN, WHOLE, "events.police"}, "administrative") == WHOLE
    assert door_among({OWN}, "administrative") == OWN
    assert door_among({OWN}, "police") is None
    # Whose of two it is, nobody can tell.
    assert door_among({OWN, f"{WHOLE}.cn-330100-amr"}, "administrative") is None


def test_who_knows_the_doors_is_asked_when_one_is_needed_and_once_for_each_agency() -> None:
    opened: list[str] = []

    def finder():
        opened.append("opened")
        return one_door(OWN)

    find = asked_once(finder)
    assert opened == []
    assert [find(AMR), find(AMR), find("cn-330109-amr")] == [OWN] * 3
    assert opened == ["opened"]
