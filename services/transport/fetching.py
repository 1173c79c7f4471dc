"""How long a fetch lasts that finds nothing: short if it leaves a partition out, else long.

aiokafka holds back the next fetch for 0.1 s as long as a batch that it fetched is not taken, and a
fetch already under way, without that partition, may last as long as the client allows. A flooded
partition always has one that waits, and made the others wait with it. So what is left out of a
fetch waits for a short one. A fetch of all partitions ends as soon as one has a record: it may
last, and an idle worker asks the brokers twice a second.
tests/unit/test_fetching.py pins what this relies on inside aiokafka.
"""

from __future__ import annotations

from typing import Any

from aiokafka.consumer import consumer
from aiokafka.consumer.fetcher import Fetcher
from aiokafka.consumer.subscription_state import Assignment

#: How long a fetch waits for the earlier batches to be taken.
TAKEN_WITHIN_SECONDS = 0.01
#: How long a fetch of all partitions lasts if it finds nothing.
ALL_MS = 500
#: How long a fetch that leaves a partition out lasts: that partition waits no longer.
SOME_MS = 100


class PromptFetcher(Fetcher):  # type: ignore[misc]  # aiokafka is not typed for us
    def __init__(self, *args: Any, **options: Any) -> None:
        prompt = {"prefetch_backoff": TAKEN_WITHIN_SECONDS, "fetch_max_wait_ms": SOME_MS}
        super().__init__(*args, **{**options, **prompt})

    def _get_actions_per_node(self, assignment: Assignment) -> Any:
        self._fetch_max_wait_ms = ALL_MS if self._asks_all(assignment) else SOME_MS
        return super()._get_actions_per_node(assignment)

    def _asks_all(self, assignment: Assignment) -> bool:
        """Whether no partition waits for its last batch to be taken, its place, or to go on."""
        states = map(assignment.state_value, assignment.tps)
        ready = all(one.has_valid_position and not one.paused for one in states)
        return ready and self._records.keys().isdisjoint(assignment.tps)


def install() -> None:
    """Let every consumer of this process fetch this way."""
    consumer.Fetcher = PromptFetcher
