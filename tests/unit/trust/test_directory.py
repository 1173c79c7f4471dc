"""The directory believes root and its registrars, and nobody else."""

from __future__ import annotations

import pytest

from casebus.trust.directory import ROOT, Directory, DirectoryError
from casebus.trust.keys import SigningKey
from tests.world import SCHEMAS, World, draft, signed


@pytest.fixture
def world() -> World:
    return World()


def refusal(world: World, record) -> str:
    with pytest.raises(DirectoryError) as caught:
        world.directory.apply(record)
    return caught.value.code


def test_an_entry_zero_that_is_not_the_pinned_one_is_refused():
    other = World()
    root = signed(other._root(), other.keys[ROOT])
    directory = Directory(SCHEMAS, World().directory.root_digest)
    with pytest.raises(DirectoryError) as caught:
        directory.apply(root)
    assert caught.value.code == "directory_root_mismatch"
    assert directory.position == 0
    assert not directory.agencies


def test_an_agency_cannot_register_another(world):
    record = signed(draft("directory.agency_registered", ROOT), world.keys["cn-330106-psb"])
    assert refusal(world, record) == "directory_not_root"


def test_an_entry_from_another_source_is_refused(world):
    record = world.event("directory.agency_registered", "cn-330106-psb")
    assert refusal(world, record) == "directory_not_root"


def test_a_registrar_named_by_root_may_add_entries(world):
    world.say(
        "directory.delegate_named",
        source=ROOT,
        delegate="cn-330100-amr",
        types=["casebus.directory.key_added.v1"],
    )
    fresh = SigningKey.generate()
    world.say(
        "directory.key_added",
        signer="cn-330100-amr",
        agency="cn-330106-psb",
        keyid=fresh.keyid,
        algorithm="ed25519",
        public=fresh.public,
    )
    key = world.directory.key(fresh.keyid)
    assert key is not None
    assert key.agency == "cn-330106-psb"
    with pytest.raises(DirectoryError):
        world.say("directory.agency_registered", signer="cn-330100-amr", agency="x")


def test_a_revoked_key_signs_no_entry(world):
    world.say("directory.key_revoked", agency=ROOT, keyid=world.keys[ROOT].keyid)
    record = signed(draft("directory.agency_registered", ROOT), world.keys[ROOT])
    assert refusal(world, record) == "directory_not_root"


def test_a_refused_entry_leaves_the_directory_as_it_was(world):
    before = (world.directory.position, dict(world.directory.agencies))
    refusal(world, world.event("directory.agency_registered", "cn-330106-psb"))
    assert (world.directory.position, world.directory.agencies) == before


def test_a_delegate_signs_for_the_types_it_was_named_for(world):
    world.say(
        "directory.delegate_named",
        source="cn-330106-psb",
        delegate="bus",
        types=["casebus.intake.*"],
    )
    directory = world.directory
    assert directory.may_sign("bus", "cn-330106-psb", "casebus.intake.received.v1")
    assert not directory.may_sign("bus", "cn-330106-psb", "casebus.referral.filed.v1")
    assert not directory.may_sign("bus", "cn-330106-pro", "casebus.intake.received.v1")


def test_a_delegation_that_was_withdrawn_lets_nobody_sign_until_it_is_given_again(world):
    psb, named = "cn-330106-psb", ["casebus.intake.*"]
    for types in (named, ["casebus.relay.*"]):
        world.say("directory.delegate_named", source=psb, delegate="bus", types=types)
    world.say("directory.delegate_named", source=psb, delegate="cn-330100-amr", types=named)
    world.say("directory.delegate_withdrawn", source=psb, delegate="bus", reason="over")
    directory = world.directory
    assert not directory.may_sign("bus", psb, "casebus.intake.received.v1")
    assert not directory.may_sign("bus", psb, "casebus.relay.checkpoint.v1")
    assert directory.may_sign("cn-330100-amr", psb, "casebus.intake.received.v1")
    assert directory.delegates(psb).keys() == {"cn-330100-amr"}
    world.say("directory.delegate_named", source=psb, delegate="bus", types=named)
    assert directory.may_sign("bus", psb, "casebus.intake.received.v1")


def test_who_may_not_name_a_delegate_withdraws_none(world):
    psb = "cn-330106-psb"
    world.say("directory.delegate_named", source=psb, delegate="bus", types=["casebus.intake.*"])
    with pytest.raises(DirectoryError):
        world.say("directory.delegate_withdrawn", signer=psb, source=psb, delegate="bus")
    assert world.directory.may_sign("bus", psb, "casebus.intake.received.v1")


def test_agencies_are_found_by_division_sector_and_level(world):
    found = world.directory.in_division("330106", "procuratorate", "county")
    assert [agency.id for agency in found] == ["cn-330106-pro"]
