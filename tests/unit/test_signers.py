"""The key ring follows folder and directory at every signature."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest

from casebus.errors import CasebusError
from casebus.events.doors import BUS
from casebus.signing.signers import Signers
from casebus.trust.keys import SigningKey
from tests.world import NOW, World

PSB, RECEIVED = "cn-330106-psb", "casebus.intake.received.v1"


class Folder:
    def __init__(self, folder: Path) -> None:
        self.folder, self.world, self.now = folder, World(), NOW
        self.put(PSB, self.world.keys[PSB])
        self.ring = Signers(folder, self.world.directory, lambda: self.now)

    def put(self, agency: str, key: SigningKey) -> SigningKey:
        path = self.folder / f"{agency}.pem"
        key.save(path.with_suffix(".new"))
        path.with_suffix(".new").replace(path)
        return key

    def revoke(self, agency: str) -> None:
        keyid = self.world.keys[agency].keyid
        self.world.say(
            "directory.key_revoked", agency=agency, keyid=keyid, revoked_at=NOW, reason="lost"
        )

    def signs(self, agency: str = PSB) -> tuple[str, str | None]:
        key, delegate = self.ring.signer(agency, RECEIVED)
        return key.keyid, delegate


@pytest.fixture
def folder(tmp_path: Path) -> Folder:
    return Folder(tmp_path)


def test_a_new_key_signs_from_when_the_directory_has_it_and_the_old_one_until_then(folder):
    old = folder.world.keys[PSB]
    assert folder.signs() == (old.keyid, None)
    new = folder.put(PSB, SigningKey.generate())
    assert folder.signs() == (old.keyid, None)
    folder.world.add_key(PSB, new)
    assert folder.signs() == (new.keyid, None)


def test_a_key_signs_from_when_it_is_valid(folder):
    old = folder.world.keys[PSB]
    folder.signs()
    new = folder.put(PSB, SigningKey.generate())
    folder.world.add_key(PSB, new, valid_from=NOW + timedelta(hours=1))
    assert folder.signs() == (old.keyid, None)
    folder.now = NOW + timedelta(hours=1)
    assert folder.signs() == (new.keyid, None)


def test_after_a_revocation_the_new_key_signs_without_a_restart(folder):
    folder.signs()
    folder.revoke(PSB)
    assert folder.ring.trusted(PSB) is None
    new = folder.put(PSB, SigningKey.generate())
    folder.world.add_key(PSB, new)
    assert folder.signs() == (new.keyid, None)
    assert folder.ring.holder(PSB).current().keyid == new.keyid


def test_after_a_revocation_the_delegate_signs_where_the_directory_lets_it(folder):
    bus = folder.put(BUS, folder.world.keys[BUS])
    folder.revoke(PSB)
    folder.world.say(
        "directory.delegate_named", source=PSB, delegate=BUS, types=["casebus.intake.*"]
    )
    assert folder.signs() == (bus.keyid, BUS)


def test_without_a_trusted_key_the_one_there_is_signs_so_that_nothing_waits_for_it(folder):
    folder.revoke(PSB)
    assert folder.signs() == (folder.world.keys[PSB].keyid, None)
    assert folder.ring.trusted(PSB) is None


def test_another_agency_s_key_under_this_one_s_name_is_not_trusted(folder):
    folder.put(PSB, folder.world.keys["cn-330106-pro"])
    assert folder.ring.trusted(PSB) is None


def test_without_any_key_there_is_no_signature(folder):
    with pytest.raises(CasebusError, match="no_key"):
        folder.signs("cn-330106-pro")
