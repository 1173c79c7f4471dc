"""What one side of a ferry says comes to the other: once, in order, in files that fit."""

from __future__ import annotations

import os
import shutil
import stat
import time
from pathlib import Path

import pytest

from casebus.ferry.lane import Direction, Fault, Lane
from casebus.ferry.receiving import TakenUntil, acknowledged
from casebus.ferry.sealed import OVERHEAD, SMALLEST, opened
from tests.ferrying import AGENCY, PATIENCE, Crossing
from tests.unit.ferry.bundles import KIB, sent_by


def test_what_each_side_says_comes_to_the_other_in_its_order(crossing: Crossing) -> None:
    sent_by(crossing.office, 1, 2, 3)
    sent_by(crossing.bus, 4, 5)
    crossing.settle()
    crossing.agree()
    assert crossing.office.incidents() == crossing.bus.incidents() == []


def test_bundles_that_come_in_another_order_wait_for_their_turn(crossing: Crossing) -> None:
    files = sent_by(crossing.office, 1, 2, 3)
    for path in reversed(files):
        path.replace(crossing.bus.inbox / path.name)
        crossing.bus.round()
    assert crossing.bus.got() == crossing.office.lines


def test_what_is_missing_is_asked_for_and_comes_again(crossing: Crossing) -> None:
    first, lost, last = sent_by(crossing.office, 1, 2, 3)
    lost.unlink()
    for path in (first, last):
        path.replace(crossing.bus.inbox / path.name)
    crossing.bus.round()
    assert len(crossing.bus.got()) == 1
    [ack] = crossing.bus.outbox.glob("*ack*")
    ack.replace(crossing.office.inbox / ack.name)
    crossing.office.round()
    # Only what was missing, and without waiting for the time of what is not answered.
    assert [path.name for path in crossing.office.outbox.glob("*-b*")] == [lost.name]
    crossing.settle()
    crossing.agree()


def test_the_last_bundle_that_is_lost_comes_again_after_a_while(crossing: Crossing) -> None:
    [lost] = sent_by(crossing.office, 1)
    lost.unlink()
    crossing.office.round()
    assert not lost.exists()
    crossing.clock.now += PATIENCE
    crossing.office.round()
    assert lost.exists()


def test_an_acknowledgement_that_is_lost_is_given_again(crossing: Crossing) -> None:
    sent_by(crossing.office, 1)
    crossing.move()
    crossing.bus.round()
    for ack in crossing.bus.outbox.glob("*ack*"):
        ack.unlink()
    crossing.clock.now += PATIENCE
    crossing.settle()
    assert crossing.office.under_way() == []
    crossing.agree()


def test_a_carrier_that_copies_finds_an_empty_outbox_once_all_is_acknowledged(
    crossing: Crossing,
) -> None:
    files = sent_by(crossing.office, 1, 2)
    for path in files:
        shutil.copy(path, crossing.bus.inbox)
    crossing.bus.round()
    for ack in crossing.bus.outbox.glob("*ack*"):
        shutil.copy(ack, crossing.office.inbox)
    crossing.office.round()
    assert not any(path.exists() for path in files)


@pytest.mark.parametrize("at", [0, 1, 40, 200, -200, -30, -1])
def test_a_file_with_one_bit_changed_is_put_away_and_comes_again(
    crossing: Crossing, at: int
) -> None:
    [path] = sent_by(crossing.office, 100)
    raw = bytearray(path.read_bytes())
    raw[at] ^= 4
    path.write_bytes(raw)
    crossing.move()
    crossing.bus.round()
    assert crossing.bus.got() == []
    assert len(list(crossing.bus.quarantine.iterdir())) == 1
    assert crossing.bus.incidents() == [Fault.UNREADABLE]
    crossing.settle()
    crossing.agree()


def test_a_file_that_is_still_being_written_is_left_alone(crossing: Crossing) -> None:
    [path] = sent_by(crossing.office, 5000)
    raw, there = path.read_bytes(), crossing.bus.inbox / path.name
    path.unlink()
    for cut in (0, 10, len(raw) // 2, len(raw) - 1):
        there.write_bytes(raw[:cut])
        os.utime(there, (crossing.clock.now, crossing.clock.now - 5))
        crossing.bus.round()
        assert there.exists()
    there.write_bytes(raw)
    crossing.bus.round()
    assert crossing.bus.got() == crossing.office.lines
    assert crossing.bus.incidents() == []


@pytest.mark.parametrize("ahead", [600.0, 70 * 365 * 86400.0])
def test_a_file_in_the_making_is_left_alone_by_a_carrier_s_clock_that_is_ahead(
    crossing: Crossing, ahead: float
) -> None:
    [path] = sent_by(crossing.office, 5000)
    raw, there = path.read_bytes(), crossing.bus.inbox / path.name
    path.unlink()
    crossing.clock.now = time.time()
    for cut in (0, len(raw) // 2):
        there.write_bytes(raw[:cut])
        os.utime(there, (crossing.clock.now + ahead,) * 2)
        crossing.bus.round()
        assert there.exists()
    # Nobody writes on: some minutes later it is what it is.
    crossing.clock.now += 3600
    crossing.bus.round()
    assert not there.exists()
    assert crossing.bus.incidents() == [Fault.UNREADABLE]


@pytest.mark.parametrize("name", [".hidden.zip", "a.zip.part", "b.tmp"])
def test_the_names_of_movers_for_what_they_write_are_not_read(
    crossing: Crossing, name: str
) -> None:
    (crossing.bus.inbox / name).write_bytes(b"half")
    crossing.bus.round()
    assert (crossing.bus.inbox / name).exists()


def test_the_name_of_a_file_means_nothing(crossing: Crossing) -> None:
    [path] = sent_by(crossing.office, 1)
    path.replace(crossing.bus.inbox / "COPY (2) OF 文件.ZIP")
    crossing.bus.round()
    assert crossing.bus.got() == crossing.office.lines


def test_names_are_such_as_any_mover_keeps(crossing: Crossing) -> None:
    [path] = sent_by(crossing.office, 1)
    assert path.name == f"{AGENCY}-up-b0000000001.zip"
    assert stat.S_ISREG(path.stat().st_mode)


@pytest.mark.parametrize("limit", [16 * KIB, 50 * KIB, 1024 * KIB])
def test_no_file_is_larger_than_the_carrier_takes(crossing: Crossing, limit: int) -> None:
    crossing.office.set(limit_bytes=limit)
    sizes = (1, 10 * KIB, 40 * KIB, 90 * KIB, limit - OVERHEAD, 3, 200 * KIB)
    for size in sizes:
        crossing.office.say(size)
    crossing.office.round()
    assert all(path.stat().st_size <= limit for path in crossing.office.outbox.iterdir())
    crossing.settle()
    crossing.agree()


def test_small_items_share_a_file(crossing: Crossing) -> None:
    for _ in range(500):
        crossing.office.say(10)
    crossing.office.round()
    assert len(list(crossing.office.outbox.glob("*-b*"))) == 1


def test_what_nobody_answers_to_does_not_fill_the_outbox_for_ever(crossing: Crossing) -> None:
    sent_by(crossing.office, *[1] * 70)
    assert len(crossing.office.under_way()) == 64
    crossing.settle()
    crossing.agree()


@pytest.mark.parametrize("name", ["outbox", "inbox"])
def test_a_folder_that_is_away_is_named_and_waited_for_and_never_made(
    crossing: Crossing, folder: Path, name: str
) -> None:
    gate = folder / "gate"
    crossing.office.set(**{name: gate})
    crossing.office.say()
    assert crossing.office.round() == "ferry_folder"
    assert not gate.exists()
    getattr(crossing.office, name).replace(gate)
    (crossing.office.home / name).symlink_to(gate)
    assert crossing.office.round() == ""
    crossing.settle()
    crossing.agree()


def test_an_acknowledgement_is_no_larger_than_any_carrier_takes(crossing: Crossing) -> None:
    lane = Lane(AGENCY, Direction.UP, "0" * 32)
    for why in ("拒" * 500, '\\"' * 250, ""):
        refused = dict.fromkeys(range((1 << 52) + 1, (1 << 52) + 300, 2), why)
        ack = acknowledged(lane, 1, TakenUntil("0" * 32, 1 << 52), refused, refused)
        assert len(ack.missing) == len(ack.refused) == 100
        raw = ack.seal(crossing.bus.key)
        assert len(raw) <= SMALLEST
        assert opened(raw, {crossing.bus.key.keyid: crossing.bus.key.public}) == ack


def test_no_old_acknowledgement_is_left_where_a_side_begins_again(crossing: Crossing) -> None:
    sent_by(crossing.office, 1)
    crossing.move()
    crossing.bus.round()
    [old] = crossing.bus.outbox.glob("*ack*")
    crossing.bus.begin_again()
    crossing.bus.round()
    assert not old.exists()
