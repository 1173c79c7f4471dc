from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from typing import Any

import pytest

from onebox.testing import Stack
from tests.browsing.chromium import Browser, chromium
from tests.integration.street import Bus

Opens = Callable[[], Browser]


@pytest.fixture(scope="module")
def bus(stack: Stack) -> Iterator[Bus]:
    found = Bus(stack)
    yield found
    found.producer.close()


@pytest.fixture(scope="module")
def started() -> Iterator[Any]:
    """Chromium, for the tests of one file."""
    with chromium() as found:
        yield found


@pytest.fixture
def opens(stack: Stack, started: Any) -> Iterator[Opens]:
    """Opens a window for one more person; at the end none has seen a fault."""
    opened: list[Browser] = []
    with ExitStack() as until_closed:

        def one_more() -> Browser:
            found = Browser(started, stack)
            until_closed.callback(found.context.close)
            opened.append(found)
            return found

        yield one_more
    assert [fault for one in opened for fault in one.faults] == []


@pytest.fixture
def browser(opens: Opens) -> Browser:
    return opens()
