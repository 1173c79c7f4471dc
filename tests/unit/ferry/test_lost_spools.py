"""A side that lost what it knew, was put back, or was killed: nothing is lost or doubled."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from casebus.errors import CasebusError
from casebus.ferry.lane import Fault
from casebus.sdk.ferry.spool import Spool
from tests.ferrying import PATIENCE, Crossing
from tests.unit.ferry.bundles import KIB, sent_by


@pytest.mark.parametrize("lost", ["office", "bus"])
def test_a_side_that_lost_its_spool_loses_nothing_once_the_other_begins_again(
    crossing: Crossing, lost: str
) -> None:
    sent_by(crossing.office, 1, 2)
    sent_by(crossing.bus, 3)
    crossing.settle()
    # On their way when it happens.
    sent_by(crossing.office, 4)
    sent_by(crossing.bus, 5)
    side = getattr(crossing, lost)
    for path in side.home.glob("ferry.sqlite*"):
        path.unlink()
    crossing.settle(4)
    crossing.other(side).begin_again()
    crossing.settle()
    crossing.agree()
    assert crossing.office.under_way() == crossing.bus.under_way() == []


def test_a_spool_that_was_put_back_is_noticed_and_what_it_says_since_is_kept(
    crossing: Crossing, tmp_path: Path
) -> None:
    office, bus = crossing.office, crossing.bus
    sent_by(office, 1)
    crossing.settle()
    shutil.copytree(office.home, tmp_path / "backup")
    sent_by(office, 2)
    crossing.settle()
    shutil.rmtree(office.home)
    shutil.copytree(tmp_path / "backup", office.home)
    taken = bus.got()
    # What is said since has numbers that were given to others.
    del office.lines[1:]
    sent_by(office, 7, 8, 9)
    crossing.settle(6)
    assert {*bus.incidents()} == {*office.incidents()} == {Fault.BROKEN_CHAIN}
    assert bus.got() == taken
    assert office.under_way() == [2, 3, 4]
    bus.begin_again()
    office.begin_again()
    # What was on its way then still comes, and is of no epoch any more.
    crossing.settle()
    assert bus.got() == [*taken, *office.lines[1:]]
    assert office.under_way() == []


@pytest.mark.parametrize("since", [1, 3])
def test_a_receiver_that_was_put_back_is_noticed_at_its_first_word_and_loses_nothing(
    crossing: Crossing, tmp_path: Path, since: int
) -> None:
    """What it forgot, its sender has let go of."""
    office, bus = crossing.office, crossing.bus
    sent_by(office, 1)
    crossing.settle()
    shutil.copytree(bus.home, tmp_path / "backup")
    sent_by(office, *[2] * since)
    crossing.settle()
    assert office.under_way() == []
    shutil.rmtree(bus.home)
    shutil.copytree(tmp_path / "backup", bus.home)
    crossing.clock.now += 60
    sent_by(office, 9)
    crossing.move()
    bus.round()
    crossing.move()
    office.round()
    assert office.incidents() == [Fault.BROKEN_CHAIN]
    with office.open() as ferry:
        assert f"had all up to {1 + since}" in ferry.spool.fact("broken")
    office.begin_again()
    bus.begin_again()
    crossing.settle()
    crossing.agree()
    with office.open() as ferry:
        assert not ferry.spool.fact("broken")


def test_an_older_acknowledgement_that_comes_late_changes_nothing(
    crossing: Crossing, tmp_path: Path
) -> None:
    kept: list[Path] = []
    for _ in range(2):
        sent_by(crossing.office, 1)
        crossing.move()
        crossing.bus.round()
        [ack] = crossing.bus.outbox.glob("*ack*")
        kept.append(Path(shutil.copy(ack, tmp_path / f"{len(kept)}.zip")))
        crossing.settle()
    for path in kept:
        shutil.copy(path, crossing.office.inbox)
        crossing.office.round()
    assert crossing.office.incidents() == []
    crossing.settle()
    crossing.agree()


def test_a_spool_that_is_new_and_gets_no_first_bundle_says_so_once(crossing: Crossing) -> None:
    sent_by(crossing.office, 1)
    crossing.settle()
    for path in crossing.bus.home.glob("ferry.sqlite*"):
        path.unlink()
    sent_by(crossing.office, 2)
    crossing.move()
    crossing.bus.round()
    assert crossing.bus.incidents() == []
    crossing.clock.now += 10 * PATIENCE
    for _ in range(2):
        crossing.bus.round()
    assert crossing.bus.incidents() == [Fault.BROKEN_CHAIN]
    crossing.office.begin_again()
    crossing.settle()
    crossing.agree()
    with crossing.bus.open() as ferry:
        assert not ferry.spool.fact("broken")


def test_two_processes_do_not_run_one_side(crossing: Crossing) -> None:
    with crossing.bus.open(), pytest.raises(CasebusError, match="ferry_running"):
        crossing.bus.open()


class Killed(BaseException):
    """As a SIGKILL: nothing catches it, and an open transaction is gone."""


@contextmanager
def _killed_at(step: int, monkeypatch: pytest.MonkeyPatch) -> Iterator[list[int]]:
    """Ends the process before its step of that number; counts them."""
    count = [0]

    def stepping(name: str, of: type) -> None:
        real = getattr(of, name)

        def stepped(*given: object, **named: object) -> object:
            count[0] += 1
            if count[0] == step:
                raise Killed
            return real(*given, **named)

        patched.setattr(of, name, stepped)

    with monkeypatch.context() as patched:
        for name in ("replace", "unlink", "open", "write_bytes", "read_bytes"):
            stepping(name, Path)
        stepping("fsync", os)  # type: ignore[arg-type]
        stepping("open", os)  # type: ignore[arg-type]
        stepping("writing", Spool)
        stepping("set_fact", Spool)
        yield count


@pytest.mark.slow
@pytest.mark.timeout(600)
@pytest.mark.parametrize("victim", ["office", "bus"])
def test_a_kill_between_any_two_steps_loses_nothing_and_doubles_nothing(
    victim: str, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = Crossing(folder / "made")
    made.office.set(limit_bytes=16 * KIB)
    sent_by(made.office, 1, 30 * KIB)
    sent_by(made.bus, 3)
    made.move()
    made.other(getattr(made, victim)).round()
    made.move()
    getattr(made, victim).say()
    step, ended = 0, False
    while not ended:
        step += 1
        crossing = made.copied(folder / str(step))
        with _killed_at(step, monkeypatch) as count:
            try:
                getattr(crossing, victim).round()
                ended = count[0] < step
            except Killed:
                pass
        crossing.settle()
        crossing.agree()
        shutil.rmtree(folder / str(step))
    assert step > 20
