"""One bad file, or one bad place for a file, stops no other."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from casebus.evidence.archive import pack
from casebus.ferry.lane import Fault
from casebus.sdk.ferry.folders import Folders
from tests.ferrying import AGENCY, Crossing
from tests.unit.ferry.bundles import DEEP, scanner, sent_by


def _bad(inbox: Path, name: bytes, raw: bytes = b"no bundle") -> None:
    """In the inbox, before all others in their order."""
    (inbox / os.fsdecode(name)).write_bytes(raw)


@pytest.mark.parametrize(
    ("name", "raw"),
    [
        (b"0.zip", pack({"manifest.json": DEEP, "signature.json": DEEP})),
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
    sent_by(crossing.office, 1, 2)
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
    [path] = sent_by(crossing.office, 1)
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
    sent_by(crossing.office, 1)
    _bad(crossing.bus.inbox, b"0.zip")
    crossing.move()
    assert crossing.bus.round() == "ferry_folder"
    assert crossing.bus.got() == crossing.office.lines
    assert [path.name for path in crossing.bus.inbox.iterdir()] == ["0.zip"]


def test_a_file_that_the_scanner_cannot_look_at_stays_and_stops_no_other(
    crossing: Crossing,
) -> None:
    looks = 'import sys; sys.exit(2 if b"offset\\":0," in open(sys.argv[1], "rb").read() else 0)'
    crossing.bus.set(scanner=scanner(looks))
    first, _ = sent_by(crossing.office, 1, 2)
    sent_by(crossing.bus, 3)
    crossing.move()
    crossing.office.round()
    crossing.move()
    assert crossing.bus.round() == "ferry_scanner_failed"
    assert [path.name for path in crossing.bus.inbox.iterdir()] == [first.name]
    # It has no word of its first, the acknowledgement behind it was read.
    assert crossing.bus.under_way() == []


def test_a_place_in_the_outbox_that_is_taken_stops_no_other_file(crossing: Crossing) -> None:
    sent_by(crossing.bus, 3)
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
    [path] = sent_by(crossing.office, 1)
    assert theirs.read_bytes() == b"theirs"
    assert not path.is_symlink()
    crossing.settle()
    crossing.agree()
