from __future__ import annotations

from collections.abc import Iterator

import pytest

from onebox.testing import Stack
from tests.integration.street import Bus


@pytest.fixture(scope="module")
def bus(stack: Stack) -> Iterator[Bus]:
    """The whole stack, with a pen that signs as any agency and an eye on the tables."""
    bus = Bus(stack)
    yield bus
    bus.producer.close()
