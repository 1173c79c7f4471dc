"""The directory believes root and its registrars, and nobody else."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from casebus.trust.directory import ROOT, Agency, Directory, DirectoryError
from casebus.trust.keys import SigningKey
from casebus.trust.leaf import event_leaf
from tests.world import NOW, SCHEMAS, World, draft, signed, with_headers


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


PSB, NOTED = "cn-330106-psb", "casebus.case.noted.v1"


def test_an_entry_that_nobody_can_read_is_refused(world):
    entry = signed(draft("directory.agency_registered", ROOT), world.keys[ROOT])
    assert refusal(world, with_headers(entry, ce_source=None)) == "directory_unreadable"
    assert refusal(world, replace(entry, value=b"\0")) == "directory_unreadable"
    assert refusal(world, replace(entry, value=None)) == "directory_unreadable"
    other = with_headers(entry, ce_type=b"casebus.directory.key_added.v1")
    with pytest.raises(DirectoryError, match="type and schema differ") as caught:
        world.directory.apply(other)
    assert caught.value.code == "directory_unreadable"


def test_an_entry_that_was_altered_is_named_by_its_place(world):
    entry = signed(draft("directory.agency_registered", ROOT), world.keys[ROOT])
    at = world.directory.position
    with pytest.raises(DirectoryError, match=rf"entry {at}$") as caught:
        world.directory.apply(with_headers(entry, ce_id=b"another"))
    assert caught.value.code == "directory_bad_signature"
    unknown = signed(draft("directory.agency_registered", ROOT), SigningKey.generate())
    with pytest.raises(DirectoryError, match=rf"entry {at}$"):
        world.directory.apply(unknown)
    foreign = signed(draft("directory.agency_registered", ROOT), world.keys[PSB])
    with pytest.raises(DirectoryError, match=rf"entry {at}$"):
        world.directory.apply(foreign)


def test_what_the_directory_has_no_word_for_is_refused(world):
    world.say("directory.delegate_named", source=ROOT, delegate=PSB, types=["casebus.*"])
    other = signed(draft("case.noted", ROOT), world.keys[ROOT])
    with pytest.raises(DirectoryError, match="noted") as caught:
        world.directory.apply(other)
    assert caught.value.code == "directory_unknown_entry"
    with pytest.raises(DirectoryError, match="nobodys") as caught:
        world.say("directory.key_revoked", agency=PSB, keyid="nobodys")
    assert caught.value.code == "directory_unknown_key"


def test_a_first_entry_that_none_of_its_own_keys_signed_leaves_nothing_believed():
    world = World()
    forged = signed(world._root(), world.keys[PSB])
    value = forged.value or b""
    pinned = event_leaf(SCHEMAS.schema_of(value).digest, forged.headers, value).hex()
    directory = Directory(SCHEMAS, pinned)
    with pytest.raises(DirectoryError, match="entry 0") as caught:
        directory.apply(forged)
    assert caught.value.code == "directory_not_root"
    assert (directory.keys, directory.agencies, directory.position) == ({}, {}, 0)


def test_the_root_is_an_agency_of_the_bus_that_nothing_is_delivered_to(world):
    assert world.directory.agency(ROOT) == Agency(
        ROOT, "目录根", "bus", "national", "000000", None, "none"
    )
    assert world.directory.agency("nobody") is None


def test_an_agency_is_what_its_last_entry_says(world):
    about = {
        "agency": "cn-330108-psb",
        "name": "滨江分局",
        "sector": "police",
        "level": "county",
        "division": "330108",
        "superior": "cn-330100-psb",
        "delivery": "kafka",
    }
    world.say("directory.agency_registered", **about)
    last = {**about, "name": "滨江区分局", "superior": "", "delivery": "hosted"}
    made = world.directory.agency("cn-330108-psb")
    assert made == Agency(*(value for value in about.values()))
    world.say("directory.agency_registered", **last)
    made = world.directory.agency("cn-330108-psb")
    assert made is not None
    assert (made.name, made.superior, made.delivery) == ("滨江区分局", None, "hosted")


def test_a_key_is_valid_from_its_first_moment_until_before_its_last(world):
    key = SigningKey.generate()
    second = timedelta(seconds=1)
    world.add_key(PSB, key, valid_from=NOW, valid_to=NOW + 10 * second)
    found = world.directory.key(key.keyid)
    assert found is not None
    assert (found.agency, found.algorithm, found.public) == (PSB, "ed25519", key.public)
    moments = (-second, 0 * second, 9 * second, 10 * second)
    assert [found.valid_at(NOW + one) for one in moments] == [False, True, True, False]
    endless = world.directory.key(world.keys[PSB].keyid)
    assert endless is not None
    assert endless.valid_at(NOW + timedelta(days=9000))


@pytest.mark.parametrize("given", [None, NOW - timedelta(days=2)])
def test_a_key_is_revoked_as_of_the_day_that_is_told_else_of_the_entry(world, given):
    before = world.directory.key(world.keys[PSB].keyid)
    world.say("directory.key_revoked", agency=PSB, keyid=before.keyid, revoked_at=given)
    after = world.directory.key(before.keyid)
    assert after == replace(before, revoked_at=given or NOW)


def test_agencies_of_another_sector_level_or_division_are_not_found(world):
    there = ("330106", "police", "county")
    assert len(world.directory.in_division(*there)) == 1
    for other in (("330108", *there[1:]), ("330106", "court2", "county"), (*there[:2], "city")):
        assert world.directory.in_division(*other) == ()


def test_a_delegate_may_sign_all_that_it_was_named_for_piece_by_piece(world):
    for types in (["casebus.intake.*"], ["casebus.relay.*", NOTED]):
        world.say("directory.delegate_named", source=PSB, delegate="bus", types=types)
    assert world.directory.delegates(PSB) == {"bus": ("casebus.intake.*", "casebus.relay.*", NOTED)}
    assert world.directory.may_sign("bus", PSB, NOTED)
    assert world.directory.delegates("nobody") == {}
    assert world.directory.named("nobody") == ()


def test_an_entry_that_is_skipped_keeps_positions_offsets(world):
    at = world.directory.position
    world.directory.skip()
    assert world.directory.position == at + 1


def test_whoever_is_given_the_entries_of_a_key_believes_that_key_and_learns_of_no_other(world):
    """With what they hang on: who signed them, and who let the signer."""
    registrar, fresh = "cn-330100-amr", SigningKey.generate()
    types = ["casebus.directory.key_added.v1"]
    world.say("directory.delegate_named", source=ROOT, delegate=registrar, types=types)
    world.say(
        "directory.key_added",
        signer=registrar,
        agency=PSB,
        keyid=fresh.keyid,
        algorithm="ed25519",
        public=fresh.public,
        valid_from=NOW,
    )
    world.say("directory.key_revoked", agency=PSB, keyid=fresh.keyid, revoked_at=NOW)
    world.say("directory.delegate_named", source=PSB, delegate="bus", types=[NOTED])
    entries = world.directory.entries_of([fresh.keyid])
    other = Directory(SCHEMAS, world.directory.root_digest)
    for at, record in sorted(entries.items()):
        while other.position < at:
            other.skip()
        other.apply(record)
    assert other.key(fresh.keyid) == world.directory.key(fresh.keyid)
    assert set(other.keys) == {fresh.keyid, world.keys[ROOT].keyid, world.keys[registrar].keyid}
    assert not other.may_sign("bus", PSB, NOTED)
    more = world.directory.entries_of([fresh.keyid], [PSB])
    assert set(more) - set(entries) == {world.directory.position - 1}


def test_of_each_entry_on_trust_it_is_known_whom_it_is_about(world):
    start = world.directory.position
    keyid = world.keys[PSB].keyid
    world.say("directory.key_revoked", agency=PSB, keyid=keyid)
    world.say("directory.delegate_named", source=PSB, delegate="bus", types=[NOTED])
    world.say("directory.delegate_withdrawn", source=PSB, delegate="bus")
    world.say("directory.agency_registered", agency="x", name="x", sector="police")
    told = [world.directory.about(start + at) for at in range(5)]
    assert told == [keyid, PSB, PSB, None, None]
    assert world.directory.about(0) == ROOT


def test_a_key_that_is_revoked_keeps_the_days_of_its_validity(world):
    key = SigningKey.generate()
    world.add_key(PSB, key, valid_from=NOW, valid_to=NOW + timedelta(days=9))
    before = world.directory.key(key.keyid)
    world.say("directory.key_revoked", agency=PSB, keyid=key.keyid, revoked_at=NOW)
    assert world.directory.key(key.keyid) == replace(before, revoked_at=NOW)


def test_whoever_named_no_delegate_can_withdraw_one_all_the_same(world):
    world.say("directory.delegate_withdrawn", source=PSB, delegate="bus")
    assert world.directory.delegates(PSB) == {}


def test_an_operator_reads_why_an_entry_is_not_believed(world):
    entry = signed(draft("directory.agency_registered", ROOT), world.keys[ROOT])
    with pytest.raises(DirectoryError, match="ce_source"):
        world.directory.apply(with_headers(entry, ce_source=None))
    other = World()
    with pytest.raises(
        DirectoryError, match=r"^directory_root_mismatch: entry 0 is not the pinned"
    ):
        Directory(SCHEMAS, other.directory.root_digest).apply(
            signed(world._root(), world.keys[ROOT])
        )
