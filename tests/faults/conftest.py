from __future__ import annotations

from collections.abc import Iterator

import pytest

from onebox.testing import Stack
from tests.faults.bus import Bus


@pytest.fixture(scope="session")
def bus() -> Iterator[Bus]:
    """Kafka and PostgreSQL of its own, for workers that the tests start and hurt themselves."""
    with Stack(only=("kafka", "postgres")) as stack:
        bus = Bus(stack)
        yield bus
        bus.kafka.close()
