"""The journal's bytes by several processes: who reads what, and what becomes of one that ends."""

from __future__ import annotations

import pytest
from aiokafka import TopicPartition

from casebus.errors import CasebusError
from casebus.events.topics import JOURNAL
from casebus.settings import Settings
from operations.verify import jobs
from operations.verify.comparing import PartitionLog, TopicComparison
from operations.verify.jobs import WORTH_RECORDS, Share, jobs_for, shares, side_by_side
from operations.verify.report import MOST_NAMED, VerifyReport
from operations.verify.topics import Span, Spans
from tests.unit.operations.test_verify import DOOR, NOTHING, kafka, with_stamps
from tests.world import SCHEMAS, World

#: Nobody listens here.
NOWHERE = "postgresql://casebus@127.0.0.1:1/casebus"


def spans(*sizes: int) -> Spans:
    return {TopicPartition(JOURNAL, at): Span(7, 7 + size) for at, size in enumerate(sizes)}


def share() -> Share:
    settings = Settings(database_url=NOWHERE)
    return Share(
        settings, "none", 1, {0: PartitionLog(), 1: PartitionLog()}, spans(1, 1), spans(1, 1)
    )


async def all_of(given: Share) -> None:
    async for _ in side_by_side(VerifyReport(), given, 2):
        pass


def test_each_partition_is_read_by_one_process_and_all_have_about_as_much_to_do() -> None:
    whole = spans(50, 0, 30, 20, 40, 60)
    dealt = shares(whole, 3)
    assert {place: span for one in dealt for place, span in one.items()} == whole
    assert sum(map(len, dealt)) == len(whole)
    assert [sum(span.end - span.first for span in one.values()) for one in dealt] == [60, 70, 70]


@pytest.mark.parametrize(
    ("sizes", "asked", "found"),
    [
        ((5, 5, 0), None, 1),
        ((WORTH_RECORDS, 5, 5), None, 2),
        ((WORTH_RECORDS,), None, 1),
        ((5, 5, 0), 3, 2),
        ((5, 5, 5), 1, 1),
        ((0, 0), 4, 1),
    ],
)
def test_a_long_journal_has_a_process_a_core_and_none_that_would_have_nothing_to_read(
    sizes: tuple[int, ...], asked: int | None, found: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("os.cpu_count", lambda: 2)
    assert jobs_for(spans(*sizes), asked) == found


@pytest.mark.slow
async def test_why_a_process_cannot_go_on_is_told() -> None:
    with pytest.raises(RuntimeError, match="ConnectionRefusedError"):
        await all_of(share())


async def test_a_process_that_ends_before_its_time_is_no_agreement(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(jobs, "WORKER", "operations.verify.report")
    with pytest.raises(CasebusError, match="verify_cut_off"):
        await all_of(share())


def test_reports_of_several_processes_count_as_one_does() -> None:
    whole, parts = VerifyReport(), [VerifyReport(), VerifyReport()]
    for at in range(MOST_NAMED + 9):
        for one in (whole, parts[at % 2]):
            one.problem("not_recorded", f"{at}")
            one.count("log roots")
    found = VerifyReport()
    for part in parts:
        found.add(part)
    assert found.counts == whole.counts
    assert found.problems["not_recorded"].count == MOST_NAMED + 9
    assert len(found.problems["not_recorded"].places) == MOST_NAMED


@pytest.mark.parametrize("missing", ["cb-origin", "ce_id", "ce_type"])
def test_a_record_without_what_admission_gives_is_named_and_the_next_is_read(missing: str) -> None:
    report, world = VerifyReport(), World()
    event = world.event("referral.sent", "cn-330106-amr", to=("cn-330106-psb",))
    whole = with_stamps(event, (("cb-origin", f"{DOOR}/0/0/0".encode()),))
    less = kafka(whole, 0)
    less.headers = tuple(one for one in whole.headers if one[0] != missing)
    comparison = TopicComparison(report, SCHEMAS, NOTHING, 1, {0: PartitionLog()})
    batch = comparison.take(0, [less, kafka(whole, 1)], {})
    assert [seen.offset for seen in batch.seen] == [1]
    assert batch.records == 2
    assert report.problems["event_altered"].places == [f"{JOURNAL} 0/0: headers"]


def test_a_name_that_is_no_text_is_named_too() -> None:
    report, world = VerifyReport(), World()
    event = world.event("referral.sent", "cn-330106-amr", to=("cn-330106-psb",))
    stamps = (("cb-origin", f"{DOOR}/0/0/0".encode()), ("cb-\udcff", b""))
    comparison = TopicComparison(report, SCHEMAS, NOTHING, 1, {0: PartitionLog()})
    assert comparison.take(0, [kafka(with_stamps(event, stamps), 0)], {}).seen == []
    assert set(report.problems) == {"event_altered"}
