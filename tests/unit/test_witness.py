"""A witness cosigns a log that only grew, and names one that did not."""

from __future__ import annotations

import errno
import hashlib
import json
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from casebus.errors import CasebusError
from casebus.events.doors import BUS
from casebus.sdk.witness import Memory, Witness, WitnessRound
from casebus.trust.head import (
    Head,
    LogName,
    cosigned_at,
    sign_head,
    with_cosignature,
    witness_key,
)
from casebus.trust.keys import SigningKey
from casebus.trust.note import NoteSignature, SignedNote
from casebus.trust.proofs import root_of, subtrees
from casebus.trust.receipt import entry_to_json
from casebus.trust.tiles import Tile
from tests.world import NOW, SCHEMAS, World

AGENCY = "cn-330106-pro"


def leaf(text: object) -> bytes:
    return hashlib.sha256(f"{text}".encode()).digest()


class Published:
    """A log as a gateway shows it; what it says is the test's to change. Up to 255 records."""

    def __init__(self, world: World, epoch: int = 1) -> None:
        self.world, self.key, self.epoch = world, world.keys[BUS], epoch
        self.origin = str(LogName(world.directory.root_digest, epoch, 0))
        self.leaves: list[bytes] = []
        self.cosigned: list[NoteSignature] = []
        self.is_there = True

    def grow(self, count: int, word: str = "") -> None:
        first = len(self.leaves)
        self.leaves += [leaf(f"{word}{first + at}") for at in range(count)]
        self.cosigned = []

    @property
    def note(self) -> SignedNote:
        size = len(self.leaves)
        head = Head(self.origin, size, root_of(size, subtrees(self.leaves)))
        note = sign_head(head, self.key)
        for line in self.cosigned:
            note = with_cosignature(note, line)
        return note

    def published(self) -> dict[str, Any]:
        entries = self.world.directory.entries_of([self.world.keys[BUS].keyid])
        return {
            "items": [{"epoch": self.epoch, "partition": 0}] if self.is_there else [],
            "directory": [entry_to_json(at, one) for at, one in entries.items()],
        }

    def head(self, *_: int) -> str:
        return str(self.note)

    def tile(self, _epoch: int, _partition: int, path: str) -> bytes:
        tile = Tile.parse(path)
        assert tile is not None
        return b"".join(self.leaves[tile.first : tile.first + tile.width])

    def cosign(self, _epoch: int, _partition: int, size: int, line: str) -> None:
        assert size == len(self.leaves)
        self.cosigned.append(NoteSignature.parse(line.rstrip("\n")))


@pytest.fixture
def world() -> World:
    return World()


@pytest.fixture
def log(world: World) -> Published:
    return Published(world)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "witness.json"


def look(world: World, log: Published, path: Path, *accepted: str) -> WitnessRound:
    """By a witness that has just started: all it knows is in its memory file."""
    with Memory.open(path) as memory:
        root, key = world.directory.root_digest, world.keys[AGENCY]
        return Witness(AGENCY, key, root, SCHEMAS, lambda: NOW, memory, accepted).look(log)


def refused(outcome: WitnessRound) -> list[str]:
    return [one.code for one in outcome.refused]


def test_a_log_that_only_grew_is_cosigned_head_by_head(world, log, path):
    key = witness_key(AGENCY, world.keys[AGENCY].public)
    for count in (1, 6, 1, 200):
        log.grow(count)
        outcome = look(world, log, path)
        assert [one.size for one in outcome.cosigned] == [len(log.leaves)]
        assert refused(outcome) == []
        assert cosigned_at(log.note, key) == NOW
    assert look(world, log, path) == WitnessRound()


def test_two_heads_of_one_size_are_a_fork_and_both_are_kept(world, log, path):
    log.grow(5)
    look(world, log, path)
    first = str(log.note)
    log.leaves[2] = leaf("altered")
    log.cosigned = []
    outcome = look(world, log, path)
    assert (refused(outcome), log.cosigned) == (["log_forked"], [])
    assert log.origin in outcome.refused[0].detail
    kept = json.loads(path.read_text(encoding="utf-8"))["refused"][log.origin]
    assert (kept["code"], kept["shown"]) == ("log_forked", str(log.note))
    seen = SignedNote.parse(kept["seen"])
    assert seen.text == SignedNote.parse(first).text
    assert seen.text != log.note.text


@pytest.mark.parametrize("changed", [0, 3, 4])
def test_a_longer_log_with_another_past_is_a_fork(world, log, path, changed):
    log.grow(5)
    look(world, log, path)
    log.leaves[changed] = leaf("altered")
    log.grow(20)
    assert refused(look(world, log, path)) == ["log_forked"]
    assert log.cosigned == []
    # And stays one, however much it grows.
    log.grow(100)
    assert refused(look(world, log, path)) == ["log_forked"]


def test_tiles_of_another_past_than_the_head_s_do_not_deceive(world, log, path, monkeypatch):
    log.grow(5)
    look(world, log, path)
    before = list(log.leaves)
    log.leaves[0] = leaf("altered")
    log.grow(20)
    served = b"".join([*before, *log.leaves[5:]])
    monkeypatch.setattr(log, "tile", lambda *_: served)
    assert refused(look(world, log, path)) == ["log_forked"]


def test_a_log_that_was_rolled_back_is_named_and_goes_on_where_it_was(world, log, path):
    log.grow(9)
    look(world, log, path)
    log.leaves = log.leaves[:4]
    assert refused(look(world, log, path)) == ["log_rolled_back"]
    log.grow(9)
    assert [one.size for one in look(world, log, path).cosigned] == [13]
    assert json.loads(path.read_text(encoding="utf-8"))["refused"] == {}
    # With another past it does not.
    log.leaves = log.leaves[:4]
    log.grow(20, "other")
    assert refused(look(world, log, path)) == ["log_forked"]


def test_the_log_of_a_new_epoch_begins_with_the_one_before(world, log, path):
    """Else whoever writes the journal anew could leave out what was signed."""
    log.grow(5)
    look(world, log, path)
    for past, more, code in (
        (log.leaves, 2, None),
        (log.leaves[:3], 20, "log_forked"),
        (log.leaves[:3], 0, "log_rolled_back"),
    ):
        memory = path.with_name(f"{code}.json")
        memory.write_bytes(path.read_bytes())
        after = Published(world, 2)
        after.leaves = list(past)
        after.grow(more, "after")
        outcome = look(world, after, memory)
        assert refused(outcome) == ([code] if code else [])
        assert len(outcome.cosigned) == (0 if code else 1)
        # A person who knows why lets it begin anew; from then on it only grows.
        assert refused(look(world, after, memory, after.origin)) == []
        after.leaves[0] = leaf("altered")
        assert refused(look(world, after, memory, after.origin)) == ["log_forked"]


def test_a_second_restore_of_one_backup_is_held_against_the_first(world, log, path):
    """Whichever of them has the greater epoch: what the first one took since is not in it."""
    log.grow(5)
    look(world, log, path)
    first, second = Published(world, 4711), Published(world, 815)
    for one, more in ((first, 4), (second, 9)):
        one.leaves = list(log.leaves)
        one.grow(more, str(one.epoch))
    assert refused(look(world, first, path)) == []
    assert refused(look(world, second, path)) == ["log_forked"]
    assert refused(look(world, second, path, second.origin)) == []
    third = Published(world, 5000)
    third.leaves = list(second.leaves)
    third.grow(1, "third")
    assert refused(look(world, third, path)) == []


def test_a_log_that_is_gone_is_named(world, log, path):
    log.grow(2)
    look(world, log, path)
    log.is_there = False
    assert refused(look(world, log, path)) == ["log_missing"]


@pytest.mark.parametrize("name", [AGENCY, "stranger", "other log"])
def test_a_head_that_the_bus_has_not_signed_is_not_cosigned(world, log, path, name):
    log.grow(2)
    if name == "other log":
        log.origin = str(LogName(world.directory.root_digest, 1, 1))
    else:
        log.key = world.keys.get(name) or SigningKey.generate()
    assert refused(look(world, log, path)) == ["head_unsigned"]
    assert log.cosigned == []


def test_a_head_by_a_revoked_key_of_the_bus_is_not_cosigned(world, log, path):
    world.say("directory.key_revoked", keyid=world.keys[BUS].keyid)
    log.grow(2)
    assert refused(look(world, log, path)) == ["head_unsigned"]


def test_what_was_seen_is_written_before_a_cosignature_leaves(world, log, path, monkeypatch):
    """Killed between the two, it is asked again for the same head and no other past."""
    log.grow(3)

    def killed(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(log, "cosign", killed)
    with pytest.raises(KeyboardInterrupt):
        look(world, log, path)
    monkeypatch.undo()
    forked = Published(world)
    forked.grow(3, "other")
    assert refused(look(world, forked, path)) == ["log_forked"]
    assert [one.size for one in look(world, log, path).cosigned] == [3]


def test_a_memory_that_cannot_be_read_is_not_begun_anew(world, log, path):
    path.write_text("{")
    with pytest.raises(CasebusError) as caught:
        look(world, log, path)
    assert caught.value.code == "witness_memory"


def test_two_witnesses_do_not_share_a_memory(path):
    def code() -> Iterator[str]:
        with pytest.raises(CasebusError) as caught, Memory.open(path):
            pass
        yield caught.value.code

    with Memory.open(path):
        assert next(code()) == "witness_runs"


def test_a_memory_that_has_no_room_is_named_and_what_was_seen_stands(world, log, path, monkeypatch):
    log.grow(3)
    look(world, log, path)
    before = path.read_bytes()

    def full(_: int) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    log.grow(3, "more")
    with pytest.raises(CasebusError) as caught:
        look(world, log, path)
    assert (caught.value.code, str(path) in caught.value.detail) == ("file_not_written", True)
    assert path.read_bytes() == before
    assert not path.with_suffix(".new").exists()
