"""What a verification sees of records that went astray, without brokers or tables."""

from __future__ import annotations

import time
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pytest
from aiokafka import TopicPartition

from casebus.events.envelope import Record
from casebus.events.topics import JOURNAL, Topics
from operations.verify.comparing import PartitionLog, TopicComparison
from operations.verify.doors import DoorChecks
from operations.verify.inboxes import Inboxes
from operations.verify.journal import JournalChecks
from operations.verify.rejected import RejectedCheck
from operations.verify.report import VerifyReport
from operations.verify.topics import Span, Spans
from storage.handles import Handle
from tests.world import SCHEMAS, World

AMR, PSB = "cn-330106-amr", "cn-330106-psb"
DOOR, INBOX = "events.administrative", "inbox.police"
STREAM = "0190a3f2-0000-7000-8000-00000000abcd"
DAY_MS = 86_400_000


class Nothing:
    """Tables without a row."""

    async def fetch(self, *_: Any) -> list[Any]:
        return []

    async def fetchrow(self, *_: Any) -> None:
        return None

    async def fetchval(self, *_: Any) -> None:
        return None


NOTHING = cast("Handle", Nothing())


class Books:
    """One partition of each topic, taken in as it stands."""

    def __init__(self) -> None:
        self.report, self.world = VerifyReport(), World()
        self.journal = JournalChecks(self.report, 1)
        self.comparison = TopicComparison(self.report, SCHEMAS, NOTHING, 1, {0: PartitionLog()})
        self.rejected = RejectedCheck(self.report, NOTHING, self.journal.sequences)
        self._count = 0

    def event(self, **changes: Any) -> Record:
        return self.world.event("referral.sent", AMR, to=(PSB,), **changes)

    async def journaled(self, record: Record, *, door: int, age_days: int = 0) -> Any:
        """An event of a door's offset, in the journal and on its way to the inbox."""
        origin = f"{DOOR}/0/{door}/0".encode()
        headers = (*record.headers, ("cb-origin", origin), ("cb-routes", INBOX.encode()))
        stamp = round(time.time() * 1000) - age_days * DAY_MS
        found = kafka(Record(record.key, record.value, headers), self._count, stamp)
        self._count += 1
        self.journal.take(self.comparison.take(0, [found], {}))
        return found

    def refused(self, record: Record, *, door: int) -> None:
        stamps = (("cb-origin", f"{DOOR}/0/{door}/0".encode()),)
        self.rejected.take(0, [kafka(with_stamps(record, stamps), door)])

    def copied(self, *found: Any, read: Spans | None = None) -> None:
        """The inbox holds copies of these, in this order."""
        inboxes = Inboxes(self.report, self.journal, Topics.load(Path("schemas")))
        whole = {TopicPartition(JOURNAL, 0): Span(0, self._count)}
        copies = []
        for at, one in enumerate(found):
            stamps = (("cb-position", f"1/0/{one.offset}".encode()),)
            copies.append(kafka(with_stamps(one, stamps), at))
        inboxes.take(INBOX, 0, copies, read or whole)
        inboxes.end(whole)

    @property
    def problems(self) -> set[str]:
        return set(self.report.problems)


def kafka(record: Record, offset: int, timestamp: int = 0) -> Any:
    return SimpleNamespace(
        partition=0,
        offset=offset,
        timestamp=timestamp,
        key=record.key,
        value=record.value,
        headers=record.headers,
    )


def with_stamps(record: Any, stamps: tuple[tuple[str, bytes], ...]) -> Record:
    return Record(record.key, record.value, (*record.headers, *stamps))


async def test_copies_that_changed_places_are_reordered_and_copies_of_copies_are_not() -> None:
    books = Books()
    first, second = [await books.journaled(books.event(), door=at) for at in range(2)]
    books.copied(first, first, second, first)
    assert books.problems == set()
    assert books.report.counts["inbox records that the router copied again"] == 2
    books.copied(second, first)
    assert books.problems == {"reordered_by_router"}


async def test_events_that_changed_places_at_the_door_are_reordered() -> None:
    books = Books()
    events = [books.event() for _ in range(3)]
    for door in (0, 1, 0, 1, 2):
        await books.journaled(events[door], door=door)
    assert books.problems == set()
    assert books.report.counts["records that admission journaled again"] == 2
    for door in (9, 8):
        await books.journaled(books.event(), door=door)
    assert books.problems == {"reordered_at_admission"}


async def test_what_admission_journals_again_must_be_the_same() -> None:
    books = Books()
    for _ in range(2):
        await books.journaled(books.event(), door=0)
    assert books.problems == {"altered_at_admission"}


@pytest.mark.parametrize(
    ("numbers", "problems"),
    [
        ((1, 2, 3), set()),
        ((1, 3, 2), {"reordered"}),
        ((1, 2, 1, 2, 3), set()),
    ],
)
async def test_numbers_in_another_order_are_a_problem_and_numbers_given_twice_are_their_senders(
    numbers: tuple[int, ...], problems: set[str]
) -> None:
    books = Books()
    for door, number in enumerate(numbers):
        await books.journaled(books.event(stream=STREAM, sequence=number), door=door)
    books.journal.sequences.end()
    assert books.problems - {"sequence_gap"} == problems
    twice = books.report.notices.get("sequence_given_twice")
    assert (twice.count if twice else 0) == len(numbers) - len(set(numbers))


@pytest.mark.parametrize(("age_days", "lost"), [(29, {"lost_by_router"}), (31, set())])
async def test_a_copy_is_lost_unless_its_inbox_no_longer_keeps_it(
    age_days: int, lost: set[str]
) -> None:
    books = Books()
    await books.journaled(books.event(), door=0, age_days=age_days)
    books.copied()
    assert books.problems == lost


async def test_a_copy_of_what_was_journaled_after_the_journal_was_read_is_no_intruder() -> None:
    books = Books()
    found = await books.journaled(books.event(), door=0)
    books.journal.routed.clear()
    books.copied(found, read={TopicPartition(JOURNAL, 0): Span(0, 0)})
    assert books.problems == set()
    books.copied(found)
    assert books.problems == {"routed_without_stamp"}


async def test_a_number_that_was_rejected_and_given_again_is_its_sender_s_not_our_order() -> None:
    books = Books()
    books.refused(books.event(stream=STREAM, sequence=1), door=0)
    for door, sequence in ((1, 2), (2, 1)):
        await books.journaled(books.event(stream=STREAM, sequence=sequence), door=door)
    books.journal.sequences.end()
    assert books.problems == set()
    assert books.report.notices["sequence_given_twice"].count == 1


async def test_what_was_rejected_first_and_came_later_has_its_number_once() -> None:
    books = Books()
    first, second = (books.event(stream=STREAM, sequence=sequence) for sequence in (1, 2))
    books.refused(first, door=0)
    # Once the key was entered the very bytes are sent again, by a redrive or by their author.
    for door, event in ((1, second), (2, first)):
        await books.journaled(event, door=door)
    books.journal.sequences.end()
    assert (books.problems, books.report.notices) == (set(), {})
    assert books.report.counts["events that were rejected first and came later"] == 1


@pytest.mark.parametrize(("refused", "found"), [((2, 3), set()), ((2,), {"sequence_gap"})])
async def test_a_number_that_was_rejected_is_no_gap(
    refused: tuple[int, ...], found: set[str]
) -> None:
    books = Books()
    for sequence in (1, 4):
        await books.journaled(books.event(stream=STREAM, sequence=sequence), door=sequence)
    for sequence in refused:
        books.refused(books.event(stream=STREAM, sequence=sequence), door=sequence)
    books.journal.sequences.end()
    assert books.problems == found


async def test_one_identity_with_two_leaves_is_the_buss_fault_where_it_spoke_itself() -> None:
    books = Books()
    for door in range(2):
        event = books.event(stream=STREAM, id="one", data={"title": str(door)})
        await books.journaled(event, door=door)
    assert books.problems == set()
    [said] = books.report.notices["two_events_under_one_identity"].places
    assert said == f"{AMR} one: 0/0 and 0/1"
    for door in range(2):
        received = {"event_source": AMR, "event_id": str(door), "agency": PSB}
        about = {"stream": STREAM, "id": "two", "data": received}
        event = books.world.event("intake.received", PSB, **about)
        await books.journaled(event, door=9 + door)
    [said] = books.report.problems["said_twice"].places
    assert said == f"{PSB} two: 0/2 and 0/3"


async def test_the_same_event_sent_again_is_counted_and_no_problem() -> None:
    books = Books()
    event = books.event()
    for door in range(2):
        await books.journaled(event, door=door)
    assert books.problems == set()
    assert books.report.counts["distinct events"] == 1
    assert books.report.counts["further copies of an event"] == 1


async def test_a_door_and_what_came_of_it_are_held_against_each_other() -> None:
    books = Books()
    admitted, refused, lost, late = (books.event() for _ in range(4))
    await books.journaled(admitted, door=0)
    books.refused(refused, door=1)
    doors = DoorChecks(books.report, books.journal, books.rejected.by_door)
    place = TopicPartition(DOOR, 0)
    came = [kafka(one, at) for at, one in enumerate((admitted, refused, lost, late))]
    doors.take(place, came, {place: Span(0, 3)})
    doors.end({place: Span(0, 4)})
    # What came after the moment that is waited for may be on its way.
    assert books.report.problems["lost_at_admission"].places == [f"{DOOR}/0/2"]
    assert books.problems == {"lost_at_admission"}
    doors.take(place, [kafka(books.event(), at) for at in (0, 1)], {})
    assert books.problems == {"lost_at_admission", "altered_at_admission", "altered_when_rejected"}
    doors.end({place: Span(0, 1)})
    assert books.report.problems["by_no_door"].places == [f"{DOOR}/0/1"]
