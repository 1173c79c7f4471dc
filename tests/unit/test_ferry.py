from __future__ import annotations

import hashlib
import json
import os
import shutil
import stat
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from casebus.cli.main import main
from casebus.errors import CasebusError
from casebus.events.envelope import Record
from casebus.evidence.archive import pack, unpack
from casebus.ferry.items import RECORD, FerryItem, ItemPart
from casebus.ferry.lane import Direction, Fault, Lane
from casebus.ferry.receiving import TakenUntil, acknowledged
from casebus.ferry.sealed import OVERHEAD, SMALLEST, opened
from casebus.sdk.ferry.config import write_config
from casebus.sdk.ferry.folders import Folders
from casebus.sdk.ferry.spool import Spool
from tests.ferrying import AGENCY, MEMORY, PATIENCE, Crossing, Side

KIB = 1024


@pytest.fixture
def folder() -> Iterator[Path]:
    with tempfile.TemporaryDirectory(dir=MEMORY) as name:
        yield Path(name)


@pytest.fixture
def crossing(folder: Path) -> Crossing:
    return Crossing(folder)


def _sent(side: Side, *sizes: int) -> list[Path]:
    """A bundle for each of these items, in the outbox."""
    for size in sizes:
        side.say(size)
        side.round()
    return sorted(side.outbox.glob("*-b*"))


def test_what_each_side_says_comes_to_the_other_in_its_order(crossing: Crossing) -> None:
    _sent(crossing.office, 1, 2, 3)
    _sent(crossing.bus, 4, 5)
    crossing.settle()
    crossing.agree()
    assert crossing.office.incidents() == crossing.bus.incidents() == []


def test_bundles_that_come_in_another_order_wait_for_their_turn(crossing: Crossing) -> None:
    files = _sent(crossing.office, 1, 2, 3)
    for path in reversed(files):
        path.replace(crossing.bus.inbox / path.name)
        crossing.bus.round()
    assert crossing.bus.got() == crossing.office.lines


def test_what_is_missing_is_asked_for_and_comes_again(crossing: Crossing) -> None:
    first, lost, last = _sent(crossing.office, 1, 2, 3)
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
    [lost] = _sent(crossing.office, 1)
    lost.unlink()
    crossing.office.round()
    assert not lost.exists()
    crossing.clock.now += PATIENCE
    crossing.office.round()
    assert lost.exists()


def test_an_acknowledgement_that_is_lost_is_given_again(crossing: Crossing) -> None:
    _sent(crossing.office, 1)
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
    files = _sent(crossing.office, 1, 2)
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
    [path] = _sent(crossing.office, 100)
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
    [path] = _sent(crossing.office, 5000)
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


@pytest.mark.parametrize("name", [".hidden.zip", "a.zip.part", "b.tmp"])
def test_the_names_of_movers_for_what_they_write_are_not_read(
    crossing: Crossing, name: str
) -> None:
    (crossing.bus.inbox / name).write_bytes(b"half")
    crossing.bus.round()
    assert (crossing.bus.inbox / name).exists()


def test_the_name_of_a_file_means_nothing(crossing: Crossing) -> None:
    [path] = _sent(crossing.office, 1)
    path.replace(crossing.bus.inbox / "COPY (2) OF 文件.ZIP")
    crossing.bus.round()
    assert crossing.bus.got() == crossing.office.lines


def test_names_are_such_as_any_mover_keeps(crossing: Crossing) -> None:
    [path] = _sent(crossing.office, 1)
    assert path.name == f"{AGENCY}-up-b0000000001.zip"
    assert stat.S_ISREG(path.stat().st_mode)


# What is not for this side.


def _refused(crossing: Crossing, code: Fault) -> None:
    crossing.move()
    crossing.bus.round()
    assert crossing.bus.got() == []
    assert crossing.bus.incidents() == [code]
    assert len(list(crossing.bus.quarantine.iterdir())) == 1
    assert not any(crossing.bus.inbox.iterdir())


def test_a_bundle_that_another_key_signed_is_put_away(crossing: Crossing, tmp_path: Path) -> None:
    stranger = Crossing(tmp_path / "elsewhere")
    shutil.move(_sent(stranger.office, 1)[0], crossing.office.outbox / "theirs.zip")
    _refused(crossing, Fault.FOREIGN_SIGNATURE)


def test_a_bundle_of_another_agency_is_put_away_though_one_carrier_signed_both(
    crossing: Crossing, tmp_path: Path
) -> None:
    other = Crossing(tmp_path / "elsewhere").office
    shutil.copy(crossing.office.home / "carrier.pem", other.home / "carrier.pem")
    other.set(agency="cn-330108-psb")
    other.say()
    other.round()
    shutil.move(_sent(other)[0], crossing.office.outbox / "theirs.zip")
    _refused(crossing, Fault.OTHER_AGENCY)


def test_a_bundle_that_comes_back_to_its_sender_is_put_away(crossing: Crossing) -> None:
    # Where both sides were given one key, even that is noticed.
    crossing.bus.set(peers=(crossing.bus.key.public.hex(),))
    _sent(crossing.bus, 1)[0].replace(crossing.bus.inbox / "back.zip")
    _refused(crossing, Fault.OTHER_DIRECTION)


def test_a_file_larger_than_any_is_put_away_unread(crossing: Crossing) -> None:
    with (crossing.office.outbox / "large.zip").open("wb") as file:
        file.truncate(65 * KIB * KIB)
    _refused(crossing, Fault.TOO_LARGE)


def test_a_link_in_the_inbox_is_not_followed(crossing: Crossing, tmp_path: Path) -> None:
    secret = tmp_path / "secret"
    secret.write_bytes(b"not for the quarantine")
    (crossing.bus.inbox / "link.zip").symlink_to(secret)
    crossing.bus.round()
    assert not any(crossing.bus.quarantine.iterdir())


# What a well-sealed bundle should not hold.

_DEEP = b"[" * 100_000


def _poison() -> Iterator[bytes]:
    record = {"key": "aw==", "value": "dg==", "headers": []}
    place = {"topic": "t", "partition": 0, "offset": 0}
    which = {"source": "s", "stream": "c", "id": "1", "door": "d"}
    whole = "0" * 64
    yield from (b"", b"[]", b"null", b"{}", _DEEP, b'{"about":' + _DEEP, b'{"id":' + _DEEP)
    forms: list[dict[str, Any]] = [
        {"kind": "other", "about": {}},
        {"kind": [], "about": {}},
        {"kind": "event", "about": {}},
        {"kind": "event", "about": place, **record},
        {"kind": "event", "about": {}, **record, "key": None},
        {"kind": "event", "about": {}, **record, "value": None},
        {"kind": "event", "about": {}, **record, "headers": [["\ud800", ""]]},
        {"kind": "event", "about": {}, **record, "headers": [[1, ""]]},
        {"kind": "event", "about": {}, **record, "headers": {}},
        {"kind": "event", "about": {}, **record, "more": 1},
        {"kind": "record", "about": place},
        {"kind": "record", "about": [], **record},
        {"kind": "record", "about": {**place, "topic": "\ud800"}, **record},
        {"kind": "record", "about": {**place, "offset": True}, **record},
        {"kind": "record", "about": {**place, "offset": 1.0}, **record},
        {"kind": "record", "about": {**place, "offset": 1 << 63}, **record},
        {"kind": "landed", "about": {}},
        {"kind": "landed", "about": which},
        {"kind": "landed", "about": {**which, "partition": 0, "offset": "1"}},
        {"kind": "landed", "about": {**which, "code": "c", "detail": None}},
        {"id": 1, "of": 1, "part": 1, "text": ""},
        {"id": whole, "of": 1, "part": 1, "text": ""},
        {"id": whole, "of": 1, "part": True, "text": ""},
        {"id": whole, "of": 1 << 70, "part": 1, "text": ""},
        {"id": whole, "of": 1.5, "part": 1, "text": ""},
        {"id": whole, "of": 1, "part": 1, "text": "a"},
    ]
    for said in forms:
        yield json.dumps(said, sort_keys=True, separators=(",", ":")).encode()


@pytest.mark.parametrize("side", ["office", "bus"])
def test_an_item_that_cannot_be_read_is_put_aside_and_stops_nothing(
    crossing: Crossing, side: str
) -> None:
    sends = getattr(crossing, side)
    takes = crossing.other(sends)
    poison = list(_poison())
    sends.say()
    first = sends.lines[0]
    sends.lines += poison
    sends.say()
    crossing.settle()
    assert takes.got() == [first, sends.lines[-1]]
    assert takes.incidents() == [Fault.UNREADABLE] * len(poison)
    assert sorted(one.read_bytes() for one in takes.quarantine.iterdir()) == sorted(poison)
    assert sends.under_way() == []


def test_parts_of_another_cut_do_not_spoil_those_of_a_line(crossing: Crossing) -> None:
    crossing.office.set(limit_bytes=16 * KIB)
    crossing.office.say(30 * KIB)
    [line] = crossing.office.lines
    stray = ItemPart(hashlib.sha256(line).hexdigest(), 1, 50, b"of another cut").line()
    crossing.office.lines.insert(0, stray)
    crossing.settle()
    assert crossing.bus.got() == [line]


# One bad file is one bad file.


def _bad(inbox: Path, name: bytes, raw: bytes = b"no bundle") -> None:
    """In the inbox, before all others in their order."""
    (inbox / os.fsdecode(name)).write_bytes(raw)


@pytest.mark.parametrize(
    ("name", "raw"),
    [
        (b"0.zip", pack({"manifest.json": _DEEP, "signature.json": _DEEP})),
        (b"0.zip", pack({"manifest.json": b"[]", "signature.json": b"[]"})),
        (b"0.zip", pack({})),
        (b"0-\xff\xfe.zip", b"no bundle"),
        (b"0-\x1b[2J\n.zip", b"no bundle"),
        (b"0" * 250, b"no bundle"),
        ("0文".encode() * 60, b"no bundle"),
    ],
    ids=["deep", "lists", "empty", "no-utf8", "escapes", "long", "long-utf8"],
)
@pytest.mark.parametrize("scanned", [False, True])
def test_a_file_that_is_none_of_a_ferry_stops_no_other(
    crossing: Crossing, name: bytes, raw: bytes, scanned: bool
) -> None:
    if scanned:
        crossing.bus.set(scanner=("true",))
    _sent(crossing.office, 1, 2)
    _bad(crossing.bus.inbox, name, raw)
    crossing.move()
    assert crossing.bus.round() == ""
    assert crossing.bus.got() == crossing.office.lines
    assert crossing.bus.incidents() == [Fault.UNREADABLE]
    [kept] = crossing.bus.quarantine.iterdir()
    assert kept.read_bytes() == raw
    with crossing.bus.open() as ferry:
        [incident] = ferry.spool.rows("incident")
    assert str(incident["file"]).isprintable()
    assert kept.name in str(incident["detail"])


@pytest.mark.parametrize("scanned", [False, True])
def test_a_good_file_under_a_name_that_is_no_utf8_is_taken(
    crossing: Crossing, scanned: bool
) -> None:
    if scanned:
        crossing.bus.set(scanner=("true",))
    [path] = _sent(crossing.office, 1)
    _bad(crossing.bus.inbox, b"\xff.zip", path.read_bytes())
    path.unlink()
    assert crossing.bus.round() == ""
    assert crossing.bus.got() == crossing.office.lines


def test_a_file_that_cannot_be_read_stays_is_told_and_stops_no_other(
    crossing: Crossing, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = Folders.read

    def read(folders: Folders, path: Path, most: int) -> bytes:
        if path.name == "0.zip":
            raise PermissionError(13, "Permission denied", str(path))
        return real(folders, path, most)

    monkeypatch.setattr(Folders, "read", read)
    _sent(crossing.office, 1)
    _bad(crossing.bus.inbox, b"0.zip")
    crossing.move()
    assert crossing.bus.round() == "ferry_folder"
    assert crossing.bus.got() == crossing.office.lines
    assert [path.name for path in crossing.bus.inbox.iterdir()] == ["0.zip"]


def test_a_file_that_the_scanner_cannot_look_at_stays_and_stops_no_other(
    crossing: Crossing,
) -> None:
    looks = 'import sys; sys.exit(2 if b"offset\\":0," in open(sys.argv[1], "rb").read() else 0)'
    crossing.bus.set(scanner=_scanner(looks))
    first, _ = _sent(crossing.office, 1, 2)
    _sent(crossing.bus, 3)
    crossing.move()
    crossing.office.round()
    crossing.move()
    assert crossing.bus.round() == "ferry_scanner_failed"
    assert [path.name for path in crossing.bus.inbox.iterdir()] == [first.name]
    # It has no word of its first, the acknowledgement behind it was read.
    assert crossing.bus.under_way() == []


def test_a_place_in_the_outbox_that_is_taken_stops_no_other_file(crossing: Crossing) -> None:
    _sent(crossing.bus, 3)
    crossing.move()
    (crossing.office.outbox / f"{AGENCY}-up-b0000000001.zip" / "in").mkdir(parents=True)
    crossing.office.say()
    assert crossing.office.round() == "ferry_folder"
    crossing.office.say()
    assert crossing.office.round() == "ferry_folder"
    names = [path.name for path in sorted(crossing.office.outbox.glob("[!.]*")) if path.is_file()]
    assert [name.partition("-up-")[2][:12] for name in names if "-up-b" in name] == ["b0000000002."]
    assert [name for name in names if "-down-ack" in name]


def test_a_link_in_the_outbox_is_not_written_through(crossing: Crossing, tmp_path: Path) -> None:
    """Whoever moves files may plant one under the name that a file has until it is whole."""
    theirs = tmp_path / "theirs"
    theirs.write_bytes(b"theirs")
    name = f"{AGENCY}-up-b0000000001.zip"
    (crossing.office.outbox / f".{name}.writing").symlink_to(theirs)
    [path] = _sent(crossing.office, 1)
    assert theirs.read_bytes() == b"theirs"
    assert not path.is_symlink()
    crossing.settle()
    crossing.agree()


@pytest.mark.parametrize("more", [b"more", b"\n", b"\xff" * 1000])
def test_nothing_stands_in_a_bundle_that_was_not_signed(crossing: Crossing, more: bytes) -> None:
    [path] = _sent(crossing.office, 1)
    files, _ = unpack(path.read_bytes())
    files["items.jsonl"] += more
    path.write_bytes(pack(files))
    _refused(crossing, Fault.UNREADABLE)


# Sizes.


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
    _sent(crossing.office, *[1] * 70)
    assert len(crossing.office.under_way()) == 64
    crossing.settle()
    crossing.agree()


# A folder that is away.


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


# The scanner.

_SCANNER = """
import pathlib, sys
raw = pathlib.Path(sys.argv[1]).read_bytes()
print("looked")
sys.exit(1 if b"\\"offset\\":1," in raw else 0)
"""


def _scanner(text: str) -> tuple[str, ...]:
    return (sys.executable, "-c", text)


def test_a_file_that_the_scanner_refuses_is_put_away_and_only_its_item_is_kept_back(
    crossing: Crossing,
) -> None:
    crossing.bus.set(scanner=_scanner(_SCANNER))
    for _ in range(3):
        crossing.office.say()
    _sent(crossing.office, 5)
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


@pytest.mark.parametrize("forget", [False, True])
def test_a_person_decides_what_becomes_of_a_refused_item(crossing: Crossing, forget: bool) -> None:
    crossing.bus.set(scanner=_scanner("raise SystemExit(1)"))
    _sent(crossing.office, 5)
    crossing.settle()
    crossing.bus.set(scanner=())
    with crossing.office.open() as ferry:
        assert ferry.release(forget=forget) == 1
        assert ferry.spool.barred() == []
    crossing.settle()
    assert crossing.bus.got() == ([] if forget else crossing.office.lines)


def test_words_of_the_other_side_are_no_markup_to_a_terminal(crossing: Crossing) -> None:
    crossing.bus.set(scanner=_scanner("print('[/red]\\x1b[2J'); raise SystemExit(1)"))
    _sent(crossing.office, 5)
    crossing.settle()
    write_config(crossing.office.home, crossing.office.config)
    words = ["ferry", "status", "--home", str(crossing.office.home)]
    done = CliRunner().invoke(main, words)
    assert done.exit_code == 1, done.output
    assert "[/red]" in done.stdout
    assert "\x1b" not in done.stdout


def test_the_scanner_sees_what_the_events_hold(crossing: Crossing) -> None:
    """Base64 hides it in the file; an event that was cut is seen part by part."""
    crossing.office.set(limit_bytes=16 * KIB)
    bad = b"X5O!P%@AP[4 bad" * 7
    look = f"import sys; sys.exit({bad!r} in open(sys.argv[1], 'rb').read())"
    crossing.bus.set(scanner=_scanner(look))
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
    _sent(crossing.office, 1)
    crossing.move()
    crossing.bus.round()
    [old] = crossing.bus.outbox.glob("*ack*")
    crossing.bus.begin_again()
    crossing.bus.round()
    assert not old.exists()


def test_the_verdict_on_each_file_is_recorded(crossing: Crossing) -> None:
    crossing.bus.set(scanner=_scanner(_SCANNER))
    crossing.office.say()
    crossing.office.round()
    [path] = _sent(crossing.office)
    crossing.move()
    crossing.bus.round()
    with crossing.bus.open() as ferry:
        [row] = ferry.spool.rows("scanned")
    assert (row["file"], row["exit_code"], row["said"]) == (path.name, 0, "looked")


@pytest.mark.parametrize("command", [_scanner("raise SystemExit(2)"), ("/no/such/scanner",)])
def test_while_the_scanner_cannot_look_nothing_is_taken_and_nothing_is_refused(
    crossing: Crossing, command: tuple[str, ...]
) -> None:
    crossing.bus.set(scanner=command)
    _sent(crossing.office, 1)
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
        scanner=_scanner(
            "import sys, pathlib;"
            f"pathlib.Path({str(seen)!r}).write_bytes(pathlib.Path(sys.argv[1]).read_bytes());"
            f"assert {str(crossing.bus.inbox)!r} not in sys.argv[1]"
        )
    )
    [path] = _sent(crossing.office, 1)
    raw = path.read_bytes()
    crossing.move()
    assert crossing.bus.round() == ""
    assert seen.read_bytes() == raw
    assert crossing.bus.got() == crossing.office.lines


# A side that lost what it knew.


@pytest.mark.parametrize("lost", ["office", "bus"])
def test_a_side_that_lost_its_spool_loses_nothing_once_the_other_begins_again(
    crossing: Crossing, lost: str
) -> None:
    _sent(crossing.office, 1, 2)
    _sent(crossing.bus, 3)
    crossing.settle()
    # On their way when it happens.
    _sent(crossing.office, 4)
    _sent(crossing.bus, 5)
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
    _sent(office, 1)
    crossing.settle()
    shutil.copytree(office.home, tmp_path / "backup")
    _sent(office, 2)
    crossing.settle()
    shutil.rmtree(office.home)
    shutil.copytree(tmp_path / "backup", office.home)
    taken = bus.got()
    # What is said since has numbers that were given to others.
    del office.lines[1:]
    _sent(office, 7, 8, 9)
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
    _sent(office, 1)
    crossing.settle()
    shutil.copytree(bus.home, tmp_path / "backup")
    _sent(office, *[2] * since)
    crossing.settle()
    assert office.under_way() == []
    shutil.rmtree(bus.home)
    shutil.copytree(tmp_path / "backup", bus.home)
    crossing.clock.now += 60
    _sent(office, 9)
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
        _sent(crossing.office, 1)
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
    _sent(crossing.office, 1)
    crossing.settle()
    for path in crossing.bus.home.glob("ferry.sqlite*"):
        path.unlink()
    _sent(crossing.office, 2)
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


# A kill between any two steps on files or in the spool.


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
    _sent(made.office, 1, 30 * KIB)
    _sent(made.bus, 3)
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
