"""The scanner of a side: what it sees, what it refuses, and what becomes of that."""

from __future__ import annotations

from pathlib import Path

import pytest
from click.testing import CliRunner

from casebus.cli.main import main
from casebus.events.envelope import Record
from casebus.ferry.items import RECORD, FerryItem
from casebus.ferry.lane import Fault
from casebus.sdk.ferry.config import write_config
from tests.ferrying import Crossing
from tests.unit.ferry.bundles import KIB, scanner, sent_by

_SCANNER = """
import pathlib, sys
raw = pathlib.Path(sys.argv[1]).read_bytes()
print("looked")
sys.exit(1 if b"\\"offset\\":1," in raw else 0)
"""


def test_a_file_that_the_scanner_refuses_is_put_away_and_only_its_item_is_kept_back(
    crossing: Crossing,
) -> None:
    crossing.bus.set(scanner=scanner(_SCANNER))
    for _ in range(3):
        crossing.office.say()
    sent_by(crossing.office, 5)
    crossing.settle()
    wanted = crossing.office.lines
    assert sorted(crossing.bus.got()) == sorted([wanted[0], wanted[2], wanted[3]])
    assert len(list(crossing.bus.quarantine.iterdir())) == 2
    assert crossing.office.under_way() == []
    # Both sides know it, and the sender has what was refused.
    assert Fault.SCAN_REFUSED in crossing.office.incidents()
    assert Fault.SCAN_REFUSED in crossing.bus.incidents()
    with crossing.office.open() as ferry:
        [barred] = ferry.spool.rows("barred")
    assert (barred["line"], barred["said"]) == (wanted[1], "looked")


@pytest.mark.slow
@pytest.mark.parametrize("forget", [False, True])
def test_a_person_decides_what_becomes_of_a_refused_item(crossing: Crossing, forget: bool) -> None:
    crossing.bus.set(scanner=scanner("raise SystemExit(1)"))
    sent_by(crossing.office, 5)
    crossing.settle()
    crossing.bus.set(scanner=())
    with crossing.office.open() as ferry:
        assert ferry.release(forget=forget) == 1
        assert ferry.spool.barred() == []
    crossing.settle()
    assert crossing.bus.got() == ([] if forget else crossing.office.lines)


def test_words_of_the_other_side_are_no_markup_to_a_terminal(crossing: Crossing) -> None:
    crossing.bus.set(scanner=scanner("print('[/red]\\x1b[2J'); raise SystemExit(1)"))
    sent_by(crossing.office, 5)
    crossing.settle()
    write_config(crossing.office.home, crossing.office.config)
    words = ["ferry", "status", "--home", str(crossing.office.home)]
    done = CliRunner().invoke(main, words)
    assert done.exit_code == 1, done.output
    assert "[/red]" in done.stdout
    assert "\x1b" not in done.stdout


@pytest.mark.slow
def test_the_scanner_sees_what_the_events_hold(crossing: Crossing) -> None:
    """Base64 hides it in the file; an event that was cut is seen part by part."""
    crossing.office.set(limit_bytes=16 * KIB)
    bad = b"X5O!P%@AP[4 bad" * 7
    look = f"import sys; sys.exit({bad!r} in open(sys.argv[1], 'rb').read())"
    crossing.bus.set(scanner=scanner(look))
    crossing.office.say(100)
    crossing.office.lines.append(_record(1, bad))
    crossing.office.lines.append(_record(2, b"", ("name", bad)))
    crossing.office.say(40 * KIB)
    crossing.settle()
    wanted = crossing.office.lines
    assert sorted(crossing.bus.got()) == sorted([wanted[0], wanted[3]])
    assert crossing.office.under_way() == []
    with crossing.office.open() as ferry:
        assert [line for line, _ in ferry.spool.barred()] == wanted[1:3]
    assert not any((crossing.bus.home / "scanning").iterdir())


def _record(at: int, value: bytes, *headers: tuple[str, bytes]) -> bytes:
    about = {"topic": "from-office", "partition": 0, "offset": at}
    return FerryItem(RECORD, about, Record(b"key", value, headers)).line()


def test_the_verdict_on_each_file_is_recorded(crossing: Crossing) -> None:
    crossing.bus.set(scanner=scanner(_SCANNER))
    crossing.office.say()
    crossing.office.round()
    [path] = sent_by(crossing.office)
    crossing.move()
    crossing.bus.round()
    with crossing.bus.open() as ferry:
        [row] = ferry.spool.rows("scanned")
    assert (row["file"], row["exit_code"], row["said"]) == (path.name, 0, "looked")


@pytest.mark.parametrize("command", [scanner("raise SystemExit(2)"), ("/no/such/scanner",)])
def test_while_the_scanner_cannot_look_nothing_is_taken_and_nothing_is_refused(
    crossing: Crossing, command: tuple[str, ...]
) -> None:
    crossing.bus.set(scanner=command)
    sent_by(crossing.office, 1)
    crossing.move()
    assert crossing.bus.round() == "ferry_scanner_failed"
    assert crossing.bus.got() == []
    assert len(list(crossing.bus.inbox.iterdir())) == 1
    crossing.bus.set(scanner=())
    crossing.settle()
    crossing.agree()


def test_the_scanner_is_given_the_bytes_that_are_taken(crossing: Crossing, tmp_path: Path) -> None:
    """Not the file in the inbox, which a mover may change behind it."""
    seen = tmp_path / "seen"
    crossing.bus.set(
        scanner=scanner(
            "import sys, pathlib;"
            f"pathlib.Path({str(seen)!r}).write_bytes(pathlib.Path(sys.argv[1]).read_bytes());"
            f"assert {str(crossing.bus.inbox)!r} not in sys.argv[1]"
        )
    )
    [path] = sent_by(crossing.office, 1)
    raw = path.read_bytes()
    crossing.move()
    assert crossing.bus.round() == ""
    assert seen.read_bytes() == raw
    assert crossing.bus.got() == crossing.office.lines
