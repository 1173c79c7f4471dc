"""What a verification sees of records that went astray, without brokers or tables."""

from __future__ import annotations

import time
from collections.abc import AsyncIterator
from types import SimpleNamespace
from typing import Any

import pytest

from casebus.events.envelope import Envelope, Record
from casebus.settings import Settings
from onebox.verify import checks
from onebox.verify.checks import Verification
from tests.world import World

AMR, PSB = "cn-330106-amr", "cn-330106-psb"
INBOX, REJECTED = "inbox.police", "rejected"
DAY_MS = 86_400_000


class Kept:
    """The table of the rejected."""

    def __init__(self, *places: tuple[int, int]) -> None:
        self.places = places

    async def fetch(self, _: str) -> list[dict[str, int]]:
        return [{"partition": one, "kafka_offset": two} for one, two in self.places]


class Books:
    """Topics of one partition each, and a verification that reads them."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, *kept: tuple[int, int]) -> None:
        self.topics: dict[str, list[Any]] = {}
        self.verification = Verification(Settings(), Kept(*kept))
        self.world = World()
        monkeypatch.setattr(checks, "read_topic", self._read)

    async def _read(self, _: Settings, topic: str) -> AsyncIterator[Any]:
        for record in self.topics.get(topic, ()):
            yield record

    def event(self, **changes: Any) -> Record:
        return self.world.event("referral.sent", AMR, to=(PSB,), **changes)

    def journal(self, record: Record, *, door: int, offset: int, age_days: int = 0) -> None:
        """An event of a door's offset, in the journal and on its way to the inbox."""
        origin = f"events.administrative/0/{door}/0".encode()
        headers = (*record.headers, ("cb-origin", origin), ("cb-routes", INBOX.encode()))
        stamp = time.time() * 1000 - age_days * DAY_MS
        found = SimpleNamespace(partition=0, offset=offset, timestamp=stamp, value=record.value)
        leaf = self.verification._leaf(found, record.headers)
        self.verification._remember(found, headers, leaf, 1)

    def put(self, topic: str, record: Record, **stamps: str) -> None:
        log = self.topics.setdefault(topic, [])
        more = tuple((name.replace("_", "-"), text.encode()) for name, text in stamps.items())
        place = {"partition": 0, "offset": len(log), "value": record.value}
        log.append(SimpleNamespace(**place, headers=(*record.headers, *more)))

    @property
    def problems(self) -> set[str]:
        return set(self.verification.report.problems)


async def test_copies_that_changed_places_are_reordered(monkeypatch: pytest.MonkeyPatch) -> None:
    books = Books(monkeypatch)
    events = [books.event(), books.event()]
    for at, one in enumerate(events):
        books.journal(one, door=at, offset=at)
    for at in (0, 0, 1, 0):
        books.put(INBOX, events[at], cb_position=f"1/0/{at}")
    await books.verification._inboxes()
    assert books.problems == set()
    books.topics[INBOX].reverse()
    del books.topics[INBOX][0]
    await books.verification._inboxes()
    assert books.problems == {"reordered_by_router"}


def test_events_that_changed_places_at_the_door_are_reordered(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    books = Books(monkeypatch)
    for offset, door in enumerate((0, 1, 0, 1, 2)):
        books.journal(books.event(), door=door, offset=offset)
    assert books.problems == set()
    for offset, door in enumerate((9, 8), 5):
        books.journal(books.event(), door=door, offset=offset)
    assert books.problems == {"reordered_at_admission"}


@pytest.mark.parametrize(
    ("numbers", "problems"),
    [
        ((1, 2, 3), set()),
        ((1, 3, 2), {"reordered"}),
        ((1, 2, 1, 2, 3), set()),
    ],
)
def test_numbers_in_another_order_are_a_problem_and_numbers_given_twice_are_their_senders(
    monkeypatch: pytest.MonkeyPatch, numbers: tuple[int, ...], problems: set[str]
) -> None:
    books = Books(monkeypatch)
    last: dict[tuple[str, str], int] = {}
    stream = "0190a3f2-0000-7000-8000-00000000abcd"
    for number in numbers:
        record = books.event(stream=stream, sequence=number)
        books.verification._sequence(last, Envelope.from_headers(record.headers))
    assert books.problems == problems


@pytest.mark.parametrize(("age_days", "lost"), [(29, {"lost_by_router"}), (31, set())])
async def test_a_copy_is_lost_unless_its_inbox_no_longer_keeps_it(
    monkeypatch: pytest.MonkeyPatch, age_days: int, lost: set[str]
) -> None:
    books = Books(monkeypatch)
    books.journal(books.event(), door=0, offset=0, age_days=age_days)
    await books.verification._inboxes()
    assert books.problems == lost


async def test_each_rejected_record_must_be_kept_whatever_else_is(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    books = Books(monkeypatch, (0, 0), (3, 7))
    for at in range(2):
        books.put(REJECTED, books.event(), cb_origin=f"events.administrative/0/{at}/0")
    await books.verification._rejected()
    assert books.verification.report.problems["rejected_not_kept"].places == ["0/1"]


@pytest.mark.parametrize(("refused", "found"), [((2, 3), set()), ((2,), {"sequence_gap"})])
async def test_a_number_that_was_rejected_is_no_gap(
    monkeypatch: pytest.MonkeyPatch, refused: tuple[int, ...], found: set[str]
) -> None:
    books = Books(monkeypatch, *((0, at) for at in range(9)))
    stream = "01985f2e-7c1a-7b3e-9a55-1f0c6d2b4e01"
    last: dict[tuple[str, str], int] = {}
    for sequence in (1, 4):
        envelope = Envelope.from_headers(books.event(stream=stream, sequence=sequence).headers)
        books.verification._sequence(last, envelope)
    for sequence in refused:
        record = books.event(stream=stream, sequence=sequence)
        books.put(REJECTED, record, cb_origin=f"events.administrative/0/{sequence}/0")
    await books.verification._rejected()
    books.verification._sequences()
    assert books.problems == found
