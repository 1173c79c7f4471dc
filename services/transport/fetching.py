"""Fetches on while a partition's last batch waits to be taken, so that it keeps no other waiting.

aiokafka holds back the next fetch for 0.1 s as long as a batch that it fetched is not taken, and a
fetch already under way, without that partition, may last as long as the client allows. A flooded
partition always has one that waits, and made the others wait with it.
tests/unit/test_fetching.py pins what this relies on inside aiokafka.
"""

from __future__ import annotations

from typing import Any

from aiokafka.consumer import consumer
from aiokafka.consumer.fetcher import Fetcher

#: How long a fetch waits for the batches of the one before it to be taken.
TAKEN_WITHIN_SECONDS = 0.01
#: How long a fetch that finds nothing lasts: what it left out waits no longer.
FETCH_MS = 100


class PromptFetcher(Fetcher):  # type: ignore[misc]  # aiokafka is not typed for us
    def __init__(self, *args: Any, **options: Any) -> None:
        prompt = {"prefetch_backoff": TAKEN_WITHIN_SECONDS, "fetch_max_wait_ms": FETCH_MS}
        super().__init__(*args, **{**options, **prompt})


def install() -> None:
    """Let every consumer of this process fetch this way."""
    consumer.Fetcher = PromptFetcher
