"""The office's end of a ferry, on stores."""

from __future__ import annotations

import tracemalloc
from contextlib import closing
from pathlib import Path

import pytest
from kafka import OffsetAndMetadata

from casebus.events.envelope import Record
from casebus.events.schemas import Schemas
from casebus.ferry.items import LANDED, RECORD, FerryItem
from casebus.sdk.ferry import spool as spooling
from casebus.sdk.ferry.folder_office import FerryOffice
from casebus.sdk.ferry.office import OfficeEnd, SpoolFeed
from casebus.sdk.ferry.spool import Spool
from casebus.sdk.store import Store
from casebus.settings import Settings
from tests.unit.ferry.ends.memory import AGENCY, INBOX, finished, store_at


def _keep(store: Store, *events: str, size: int = 5, stream: str = "case") -> None:
    with store.writing():
        store.keep(finished(event, size, stream) for event in events)


@pytest.fixture(scope="module")
def schemas() -> Schemas:
    return Schemas.load(Settings().schemas_dir)


def _ids(spool: Spool) -> list[str]:
    found = [FerryItem.read(line).record for _, line, _ in spool.queued(10_000)]
    return [dict(one.headers)["ce_id"].decode() for one in found if one is not None]


def test_each_finished_event_goes_out_once(spool: Spool, store: Store, schemas: Schemas) -> None:
    office = OfficeEnd(spool, store, schemas)
    _keep(store, "1", "2")
    for _ in range(2):
        office.collect()
    _keep(store, "3")
    office.collect()
    assert _ids(spool) == ["1", "2", "3"]


@pytest.mark.parametrize("since", [1, 2, 3])
def test_what_is_finished_in_a_store_that_was_put_back_goes_out(
    spool: Spool, tmp_path: Path, schemas: Schemas, since: int
) -> None:
    """Its events have places that were read in the store before."""
    with closing(store_at(tmp_path / "now")) as store:
        _keep(store, "1", "2", "3")
        OfficeEnd(spool, store, schemas).collect()
    with closing(store_at(tmp_path / "backup")) as store:
        _keep(store, "1", *(f"new-{at}" for at in range(since)))
        office = OfficeEnd(spool, store, schemas)
        for _ in range(2):
            office.collect()
    assert _ids(spool) == ["1", "2", "3", "1", *(f"new-{at}" for at in range(since))]


def _word(spool: Spool, office: OfficeEnd, event: str, **said: object) -> None:
    about = {"source": AGENCY, "stream": "case", "id": event, "door": "events.police", **said}
    item = FerryItem(LANDED, about)
    with spool.writing():
        spool.arrive(item.line(), item)
    office.deal()


def _statuses(spool: Spool, store: Store, schemas: Schemas) -> dict[str, tuple[str, str]]:
    desk = FerryOffice(spool, store, schemas, AGENCY, "")
    return {one["id"]: (one["status"], one["detail"]) for one in desk.sent()}


def test_an_event_that_the_brokers_never_take_is_seen_until_a_person_decides(
    spool: Spool, store: Store, schemas: Schemas
) -> None:
    office = OfficeEnd(spool, store, schemas)
    _keep(store, "1", "2")
    office.collect()
    for _ in range(2):
        # Told again, it is the same; after a release it counts anew.
        _word(spool, office, "1", code="kafka_failed", detail="too large")
    _word(spool, office, "2", partition=0, offset=7)
    wanted = {"1": ("not taken", "too large"), "2": ("at the door", "")}
    assert _statuses(spool, store, schemas) == wanted
    [(line, _)] = spool.barred()
    with spool.writing():
        spool.unbar(line)
    assert _statuses(spool, store, schemas)["1"] == ("under way", "")
    _word(spool, office, "1", code="kafka_failed", detail="too large")
    assert _statuses(spool, store, schemas) == wanted
    _word(spool, office, "1", partition=0, offset=8)
    assert spool.barred() == []
    assert _statuses(spool, store, schemas)["1"] == ("at the door", "")


def test_no_more_is_read_at_once_than_memory_holds(
    spool: Spool, monkeypatch: pytest.MonkeyPatch
) -> None:
    size = 20_000
    monkeypatch.setattr(spooling, "_MOST_BYTES", 10 * size)
    with spool.writing():
        for at in range(30):
            about = {"topic": INBOX, "partition": 0, "offset": at}
            item = FerryItem(RECORD, about, Record(b"", bytes(size), ()))
            spool.arrive(item.line(), item)
            spool.queue([item.line()])
    after, windows = 0, []
    while found := spool.arrivals(RECORD, INBOX, after):
        after = found[-1][0]
        windows.append(len(found))
    assert sum(windows) == 30
    assert max(windows) < 12
    tracemalloc.start()
    assert next(iter(spool.queued(30)))[0] == 1
    assert tracemalloc.get_traced_memory()[1] < 5 * size
    tracemalloc.stop()


def test_the_inbox_is_handed_out_once_and_stays_to_be_read(spool: Spool) -> None:
    with spool.writing():
        for at in range(1200):
            item = FerryItem(
                RECORD, {"topic": INBOX, "partition": 0, "offset": at}, Record(b"", b"", ())
            )
            spool.arrive(item.line(), item)
    feed = SpoolFeed(spool, INBOX)
    [place] = feed.assignment()
    while feed.position(place, timeout_ms=0) < feed.end_offsets([place], timeout_ms=0)[place]:
        feed.poll(0)
    feed.commit({place: OffsetAndMetadata(1101, "", -1)}, timeout_ms=0)
    left = [at for at, _ in spool.arrivals(RECORD, INBOX)]
    assert left == list(range(1101, 1201))
    every = spool.arrivals(RECORD, INBOX, most=2000, every=True)
    assert len(every) == 1200
