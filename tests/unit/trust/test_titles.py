"""Who might sign what, as of each entry of the directory."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from casebus.errors import CasebusError
from casebus.trust.directory import ROOT
from casebus.trust.keys import SigningKey
from casebus.trust.titles import History, require_entitled, taken_at, valid_key
from tests.world import NOW, World

AMR, CITY = "cn-330106-amr", "cn-330100-amr"
NOTED = "casebus.case.noted.v1"


@pytest.fixture
def told() -> tuple[World, History]:
    world, history = World(), History()
    for entry in range(world.directory.position):
        history.note(world.directory, entry)
    return world, history


def say(world: World, history: History, ce_type: str, **data: Any) -> int:
    """How many entries there are with this one."""
    world.say(ce_type, ROOT, **data)
    history.note(world.directory, world.directory.position - 1)
    return world.directory.position


def test_a_key_is_known_from_its_entry_on_and_revoked_from_that_entry_on(
    told: tuple[World, History],
) -> None:
    world, history = told
    key = SigningKey.generate()
    about = {"algorithm": "ed25519", "public": key.public, "valid_from": NOW}
    added = say(world, history, "directory.key_added", agency=AMR, keyid=key.keyid, **about)
    revoked = say(world, history, "directory.key_revoked", keyid=key.keyid, reason="lost")
    codes = []
    for entries in (added - 1, added, revoked):
        try:
            valid_key(history.after(entries), key.keyid, NOW)
            codes.append("")
        except CasebusError as error:
            codes.append(error.code)
    assert codes == ["unknown_key", "", "key_not_valid"]
    with pytest.raises(CasebusError, match="key_not_valid"):
        valid_key(history.after(added), key.keyid, NOW - timedelta(days=1))


def test_a_delegate_signs_from_its_naming_to_its_withdrawal(told: tuple[World, History]) -> None:
    world, history = told
    both = {"source": AMR, "delegate": CITY}
    named = say(world, history, "directory.delegate_named", **both, types=["casebus.case.*"])
    withdrawn = say(world, history, "directory.delegate_withdrawn", **both)
    may = [
        history.after(entries).may_sign(CITY, AMR, NOTED)
        for entries in (named - 1, named, withdrawn)
    ]
    assert may == [False, True, False]
    key = valid_key(history.after(named), world.keys[CITY].keyid, NOW)
    require_entitled(history.after(named), key, AMR, NOTED, CITY)
    for agency, ce_type, signedby in ((AMR, "casebus.referral.sent.v1", None), (AMR, NOTED, AMR)):
        with pytest.raises(CasebusError, match="signer_not_entitled"):
            require_entitled(history.after(named), key, agency, ce_type, signedby)


def test_the_keys_of_root_are_known_from_the_first_entry_on(told: tuple[World, History]) -> None:
    world, history = told
    keyid = world.keys[ROOT].keyid
    assert history.after(0).key(keyid) is None
    assert history.after(1).key(keyid) == world.directory.key(keyid)


def test_without_the_moment_of_the_broker_no_key_can_be_judged() -> None:
    at = round(NOW.timestamp() * 1000)
    assert taken_at({"cb-origin": f"events.police/0/7/{at}".encode()}) == NOW
    for headers in ({}, {"cb-origin": b"events.police"}, {"cb-origin": b"a/0/0/" + b"9" * 30}):
        with pytest.raises(CasebusError, match="no moment in cb-origin") as refused:
            taken_at(headers)
        assert refused.value.code == "line_unreadable"


def test_whoever_signs_for_another_says_so_in_its_own_name(told: tuple[World, History]) -> None:
    world, history = told
    titles = history.after(world.directory.position)
    key = valid_key(titles, world.keys[CITY].keyid, NOW)
    require_entitled(titles, key, CITY, NOTED, None)
    require_entitled(titles, key, CITY, NOTED, CITY)
    with pytest.raises(CasebusError, match="the key is not the named signer's"):
        require_entitled(titles, key, CITY, NOTED, AMR)


def test_what_several_entries_say_of_one_key_is_told_as_of_each(
    told: tuple[World, History],
) -> None:
    world, history = told
    key = SigningKey.generate()
    about = {"algorithm": "ed25519", "public": key.public, "agency": AMR, "keyid": key.keyid}
    days = [NOW + timedelta(days=at) for at in range(3)]
    read = [say(world, history, "directory.key_added", **about, valid_from=day) for day in days]
    for entries, day in zip(read, days, strict=True):
        found = history.after(entries).key(key.keyid)
        assert found is not None
        assert found.valid_from == day
    later = history.after(read[-1] + 50).key(key.keyid)
    assert later is not None
    assert later.valid_from == days[-1]


def test_of_a_key_that_no_entry_tells_of_nothing_is_known(told: tuple[World, History]) -> None:
    assert told[1].after(99).key("nobodys") is None
    assert not told[1].after(99).may_sign(CITY, AMR, NOTED)
