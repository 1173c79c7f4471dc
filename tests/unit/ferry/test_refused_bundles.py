"""Bundles that are not for this side, or hold what no bundle should."""

from __future__ import annotations

import hashlib
import json
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from casebus.evidence.archive import pack, unpack
from casebus.ferry.items import ItemPart
from casebus.ferry.lane import Fault
from tests.ferrying import Crossing
from tests.unit.ferry.bundles import DEEP, KIB, sent_by


def _refused(crossing: Crossing, code: Fault) -> None:
    crossing.move()
    crossing.bus.round()
    assert crossing.bus.got() == []
    assert crossing.bus.incidents() == [code]
    assert len(list(crossing.bus.quarantine.iterdir())) == 1
    assert not any(crossing.bus.inbox.iterdir())


def test_a_bundle_that_another_key_signed_is_put_away(crossing: Crossing, tmp_path: Path) -> None:
    stranger = Crossing(tmp_path / "elsewhere")
    shutil.move(sent_by(stranger.office, 1)[0], crossing.office.outbox / "theirs.zip")
    _refused(crossing, Fault.FOREIGN_SIGNATURE)


def test_a_bundle_of_another_agency_is_put_away_though_one_carrier_signed_both(
    crossing: Crossing, tmp_path: Path
) -> None:
    other = Crossing(tmp_path / "elsewhere").office
    shutil.copy(crossing.office.home / "carrier.pem", other.home / "carrier.pem")
    other.set(agency="cn-330108-psb")
    other.say()
    other.round()
    shutil.move(sent_by(other)[0], crossing.office.outbox / "theirs.zip")
    _refused(crossing, Fault.OTHER_AGENCY)


def test_a_bundle_that_comes_back_to_its_sender_is_put_away(crossing: Crossing) -> None:
    # Where both sides were given one key, even that is noticed.
    crossing.bus.set(peers=(crossing.bus.key.public.hex(),))
    sent_by(crossing.bus, 1)[0].replace(crossing.bus.inbox / "back.zip")
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


def _poison() -> Iterator[bytes]:
    record = {"key": "aw==", "value": "dg==", "headers": []}
    place = {"topic": "t", "partition": 0, "offset": 0}
    which = {"source": "s", "stream": "c", "id": "1", "door": "d"}
    whole = "0" * 64
    yield from (b"", b"[]", b"null", b"{}", DEEP, b'{"about":' + DEEP, b'{"id":' + DEEP)
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


@pytest.mark.parametrize("more", [b"more", b"\n", b"\xff" * 1000])
def test_nothing_stands_in_a_bundle_that_was_not_signed(crossing: Crossing, more: bytes) -> None:
    [path] = sent_by(crossing.office, 1)
    files, _ = unpack(path.read_bytes())
    files["items.jsonl"] += more
    path.write_bytes(pack(files))
    _refused(crossing, Fault.UNREADABLE)
