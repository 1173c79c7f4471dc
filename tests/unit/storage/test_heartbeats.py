from __future__ import annotations

import json

from storage.heartbeats import BeatDetail, HeardPartitions
from storage.sending import WaitingCount

WHOLE = BeatDetail(
    waiting=WaitingCount(outbox_unsent=3, outbox_oldest_seconds=1.5, records_refused=1),
    stalled=("casework case.journal/1",),
    still={"casework case.journal/1": (17, 31.5)},
    journal=HeardPartitions(4, (0, 2)),
)


def test_what_a_service_says_of_itself_is_read_as_it_was_written() -> None:
    assert BeatDetail.from_json(json.loads(json.dumps(WHOLE.to_json()))) == WHOLE


def test_the_row_of_an_older_release_is_read_as_if_it_said_nothing_more() -> None:
    older = {"outbox_unsent": 3, "stalled": ["a b/1"], "told": True}
    assert BeatDetail.from_json(older) == BeatDetail(
        waiting=WaitingCount(outbox_unsent=3), stalled=("a b/1",)
    )
    assert BeatDetail.from_json({}) == BeatDetail()


def test_the_row_has_the_names_that_operators_and_probes_read() -> None:
    assert set(WHOLE.to_json()) == {
        "outbox_unsent",
        "outbox_oldest_seconds",
        "submissions_unsent",
        "submissions_oldest_seconds",
        "records_refused",
        "stalled",
        "still",
        "partitions",
        "heard",
    }
