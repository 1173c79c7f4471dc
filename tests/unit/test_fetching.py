"""services/transport/fetching.py: what waits to be taken holds up no other partition's fetch."""

from __future__ import annotations

import asyncio
import hashlib
import inspect
from collections.abc import Callable
from typing import Any

import pytest
from aiokafka import TopicPartition
from aiokafka.client import AIOKafkaClient
from aiokafka.consumer import consumer
from aiokafka.consumer.fetcher import Fetcher, FetchResult
from aiokafka.consumer.subscription_state import Assignment, SubscriptionState

from services.transport.fetching import ALL_MS, SOME_MS, TAKEN_WITHIN_SECONDS, PromptFetcher

FLOODED, QUIET = TopicPartition("rejected", 0), TopicPartition("case.journal", 0)

#: Method: the first digits of its source's SHA-256, as it was read.
PINS: dict[Callable[..., Any], str] = {
    Fetcher.__init__: "bf21ecb7e0f210b7",
    Fetcher._fetch_requests_routine: "2a8ec5932644c9b0",
    Fetcher._get_actions_per_node: "1dab2cf937d165d0",
    FetchResult.calculate_backoff: "a4f1c8baa1ce14e2",
    consumer.AIOKafkaConsumer.start: "2f1ba70443327538",
}


@pytest.mark.parametrize("method", PINS, ids=lambda it: it.__qualname__)
def test_a_method_that_the_fetching_relies_on_is_as_it_was_read(method: Any) -> None:
    source = inspect.getsource(method)
    assert hashlib.sha256(source.encode()).hexdigest()[:16] == PINS[method]


class Cluster:
    def leader_for_partition(self, _: TopicPartition) -> int:
        return 1


def client() -> AIOKafkaClient:
    """One that never connects."""
    made = AIOKafkaClient()
    made.cluster = Cluster()
    return made


@pytest.mark.parametrize(("kind", "asked"), [(Fetcher, []), (PromptFetcher, [QUIET])])
async def test_a_batch_that_waits_to_be_taken_holds_up_no_other_partition(
    kind: type[Fetcher], asked: list[TopicPartition]
) -> None:
    fetcher = kind(client(), SubscriptionState(), fetch_max_wait_ms=1500)
    assignment = Assignment({FLOODED, QUIET})
    for place in (FLOODED, QUIET):
        assignment.state_value(place).reset_to(0)
    # Its own task begins with nothing, and waits to be assigned something.
    await asyncio.sleep(0)
    try:
        fetcher._set_error(FLOODED, ValueError("stands for a batch that is not taken"))
        await asyncio.sleep(2 * TAKEN_WITHIN_SECONDS)
        requests, *_ = fetcher._get_actions_per_node(assignment)
    finally:
        await fetcher.close()
    found = [
        TopicPartition(topic, one[0])
        for _, request in requests
        for topic, partitions in request._topics
        for one in partitions
    ]
    assert found == asked


@pytest.mark.parametrize(("untaken", "lasts"), [(False, ALL_MS), (True, SOME_MS)])
async def test_a_fetch_lasts_only_where_it_leaves_no_partition_out(
    untaken: bool, lasts: int
) -> None:
    fetcher = PromptFetcher(client(), SubscriptionState(), fetch_max_wait_ms=1500)
    assignment = Assignment({FLOODED, QUIET})
    for place in (FLOODED, QUIET):
        assignment.state_value(place).reset_to(0)
    await asyncio.sleep(0)
    try:
        if untaken:
            fetcher._set_error(FLOODED, ValueError("stands for a batch that is not taken"))
            await asyncio.sleep(2 * TAKEN_WITHIN_SECONDS)
        [(_, request)], *_ = fetcher._get_actions_per_node(assignment)
    finally:
        await fetcher.close()
    assert request._max_wait_ms == lasts


@pytest.mark.parametrize("hold", ["paused", "without a place"])
async def test_a_partition_that_is_held_back_makes_the_fetch_of_the_others_short(hold: str) -> None:
    fetcher = PromptFetcher(client(), SubscriptionState())
    assignment = Assignment({FLOODED, QUIET})
    assignment.state_value(QUIET).reset_to(0)
    if hold == "paused":
        assignment.state_value(FLOODED).reset_to(0)
        assignment.state_value(FLOODED).pause()
    await asyncio.sleep(0)
    try:
        fetcher._get_actions_per_node(assignment)
        assert fetcher._fetch_max_wait_ms == SOME_MS
    finally:
        await fetcher.close()
