"""What the office's desk says of events, receipts and work that came by ferry."""

from __future__ import annotations

import json
from dataclasses import dataclass, replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from casebus.errors import CasebusError
from casebus.events.envelope import Record
from casebus.ferry.items import RECORD, FerryItem
from casebus.law import Law
from casebus.sdk.ferry.duties import Duties
from casebus.sdk.ferry.folder_office import FerryOffice
from casebus.sdk.ferry.spool import Spool
from casebus.sdk.store import Store, StoredRecord
from casebus.settings import Settings
from casebus.trust.receipt import Receipt
from tests.unit.ferry.ends.memory import AGENCY, INBOX
from tests.unit.trust.test_receipt import receipt_of
from tests.world import NOW, SCHEMAS, World


@pytest.fixture(scope="module")
def world() -> World:
    return World()


@dataclass
class Proved:
    """An event that was sent, and its receipt."""

    world: World
    record: Record
    receipt: Receipt

    @property
    def who(self) -> tuple[str, str]:
        return (self.receipt.source, self.receipt.id)

    def keep(self, store: Store) -> None:
        stream = self.receipt.stream
        kept = StoredRecord(*self.who[:1], stream, self.who[1], 0, b"", "", self.record)
        with store.writing():
            store.keep([kept])

    def desk(self, spool: Spool, store: Store, root: str | None = None) -> FerryOffice:
        trusted = self.world.directory.root_digest if root is None else root
        return FerryOffice(spool, store, SCHEMAS, AGENCY, trusted)


@pytest.fixture
def proved(world: World, store: Store) -> Proved:
    event = world.event("referral.accepted", AGENCY, data={"note": "受理"})
    made = Proved(world, event, receipt_of(world, event))
    made.keep(store)
    return made


def _receipted(spool: Spool, *values: bytes) -> None:
    topic = f"agency.{AGENCY}.receipts"
    for at, value in enumerate(values):
        item = FerryItem(
            RECORD, {"topic": topic, "partition": 0, "offset": at}, Record(b"", value, ())
        )
        with spool.writing():
            spool.arrive(item.line(), item)


def _told_of(receipt: Receipt, proved: Proved) -> bytes:
    source, event = proved.who
    of = {"source": source, "id": event, "agency": None}
    return json.dumps(receipt.to_json() | {"of": of}).encode()


def test_what_a_receipt_proves_is_journaled(spool: Spool, store: Store, proved: Proved) -> None:
    desk = proved.desk(spool, store)
    assert [one["status"] for one in desk.sent()] == ["under way"]
    _receipted(spool, b"no receipt", b"[" * 100_000, b"[]", _told_of(proved.receipt, proved))
    assert [one["status"] for one in desk.sent()] == ["journaled"]
    [(_, shown)] = desk.receipts(*proved.who)
    assert shown.index == proved.receipt.proof.index


def test_a_receipt_that_proves_nothing_makes_no_event_journaled(
    tmp_path: Path, store: Store, proved: Proved
) -> None:
    another = proved.world.event("referral.accepted", AGENCY, data={"note": "另案"})
    theirs = receipt_of(World(), another)
    identity: dict[str, Any] = {
        "stream": proved.receipt.stream,
        "source": proved.who[0],
        "id": proved.who[1],
    }
    forged = [
        (replace(proved.receipt, log_leaf=bytes(32)), "receipt_leaf_differs"),
        # A true receipt, of another event.
        (replace(receipt_of(proved.world, another), **identity), "receipt_of_another_event"),
        (replace(theirs, **identity), ""),
    ]
    for at, (one, code) in enumerate(forged):
        with Spool.open(tmp_path / f"{at}.sqlite") as fresh:
            _receipted(fresh, _told_of(one, proved))
            [said] = proved.desk(fresh, store).sent()
            assert said["status"] == "under way"
            assert said["detail"] == code or not code
            with pytest.raises(CasebusError):
                proved.desk(fresh, store).receipts(*proved.who)
            # Beside one that does, it hides nothing.
            _receipted(fresh, b"", _told_of(proved.receipt, proved))
            [said] = proved.desk(fresh, store).sent()
            assert said["status"] == "journaled"
            assert len(proved.desk(fresh, store).receipts(*proved.who)) == 1


def test_without_a_pinned_root_nothing_is_said_to_be_journaled(
    spool: Spool, store: Store, proved: Proved
) -> None:
    _receipted(spool, _told_of(proved.receipt, proved))
    [said] = proved.desk(spool, store, root="").sent()
    assert (said["status"], said["detail"]) == ("under way", "no_root_digest")


def test_an_event_of_an_unknown_version_hides_no_other_of_its_case(
    spool: Spool, store: Store, proved: Proved
) -> None:
    stream = proved.receipt.stream
    odd = Record(stream.encode(), b"\x00\x00\x00\xff\xffodd", (("ce_id", b"odd"),))
    item = FerryItem(RECORD, {"topic": INBOX, "partition": 0, "offset": 0}, odd)
    with spool.writing():
        spool.arrive(item.line(), item)
    told = {one["id"]: one["own"] for one in proved.desk(spool, store).case(stream)}
    assert told == {"odd": False, proved.who[1]: True}


AMR = "cn-330106-amr"
STREAM = "0b5f6c1e-9a0b-4f5e-8c53-2b1b6f0f9a11"


def _letter(world: World, at: int = 0, stream: str = STREAM) -> Record:
    """A referral as it comes to the police: with the stamps of admission and of the router."""
    data = {"title": "某公司涉嫌生产假药", "actor": "P-1"}
    sent = world.event(
        "referral.sent", AMR, data=data, stream=stream, to=(AGENCY,), legal="2026-03-05"
    )
    stamps = {
        "cb-origin": f"events.administrative/0/{at}/1772672400000",
        "cb-admitted-at": "2026-03-05T01:00:00+00:00",
        "cb-recipients": AGENCY,
        "cb-sectors": "police",
        "cb-position": f"1/2/{at}",
    }
    more = tuple((name, text.encode()) for name, text in stamps.items())
    return replace(sent, headers=(*sent.headers, *more))


def _delivered(spool: Spool, *records: Record) -> None:
    with spool.writing():
        for at, record in enumerate(records):
            item = FerryItem(RECORD, {"topic": INBOX, "partition": 0, "offset": at}, record)
            spool.arrive(item.line(), item)


def _answered(store: Store, world: World, ce_type: str, stream: str = STREAM) -> str:
    said = world.event(
        ce_type, AGENCY, data={"actor": "P-2"}, stream=stream, to=(AMR,), legal="2026-03-06"
    )
    event = dict(said.headers)["ce_id"].decode()
    with store.writing():
        store.keep([StoredRecord(AGENCY, stream, event, 0, b"", "", said)])
    return event


def _work(spool: Spool, store: Store, **asked: Any) -> dict[str, Any]:
    desk = FerryOffice(spool, store, SCHEMAS, AGENCY, "")
    law = Law.load(Settings().policies_dir / "law")
    given = {"status": "open", "stream": None, "limit": 20, "first": 0, **asked}
    return Duties(desk, law, "police").page(NOW + timedelta(days=30), **given)


def test_the_office_sees_what_it_has_to_do_by_what_came_and_what_it_said(
    spool: Spool, store: Store, world: World
) -> None:
    assert _work(spool, store)["items"] == []
    letter = _letter(world)
    _delivered(spool, letter)
    page = _work(spool, store)
    asked = [one["duty"] for one in page["items"]]
    assert page["total"] == len(page["items"]) == page["overdue"] > 0
    assert {one["case"] for one in page["items"]} == {STREAM}
    assert {one["case_title"] for one in page["items"]} == {"某公司涉嫌生产假药"}
    assert {one["sender"] for one in page["items"]} == {AMR}
    dues = [one["due"] for one in page["items"]]
    assert dues == sorted(dues)
    [receipt] = [one for one in page["items"] if one["actions"].get("receipt")]
    event = _answered(store, world, receipt["actions"]["receipt"])
    assert [one["duty"] for one in _work(spool, store)["items"]] == ["decide_acceptance"]
    closed = _work(spool, store, status="closed")["items"]
    assert [(one["duty"], one["is_open"]) for one in closed] == [(receipt["duty"], False)]
    # What the bus refused ended nothing.
    headers = (("ce_source", AGENCY.encode()), ("ce_id", event.encode()))
    refused = Record(STREAM.encode(), b"", headers)
    about = {"topic": f"agency.{AGENCY}.rejected", "partition": 0, "offset": 0}
    with spool.writing():
        item = FerryItem(RECORD, about, refused)
        spool.arrive(item.line(), item)
    assert [one["duty"] for one in _work(spool, store)["items"]] == asked


@pytest.mark.slow
def test_the_office_s_work_is_paged_and_of_one_case(
    spool: Spool, store: Store, world: World
) -> None:
    streams = [f"{STREAM[:-1]}{at}" for at in range(5)]
    # Beside them one that nobody here can read.
    odd = replace(_letter(world, 9), value=b"odd")
    _delivered(spool, odd, *(_letter(world, at, one) for at, one in enumerate(streams)))
    every = _work(spool, store)
    seen, first = [], 0
    while True:
        page = _work(spool, store, limit=2, first=first)
        seen += [one["key"] for one in page["items"]]
        if page["next"] is None:
            break
        first = int(page["next"])
    assert seen == [one["key"] for one in every["items"]]
    assert len(seen) == len(set(seen)) >= 5
    assert {one["case"] for one in _work(spool, store, stream=streams[3])["items"]} == {streams[3]}
