from __future__ import annotations

import gc
import os
import resource
import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import Phase, settings

from casebus.later import loaded
from onebox.testing import Stack

# A loaded machine is no fault; `--hypothesis-profile` names another profile.
settings.register_profile("untimed", deadline=None)
settings.register_profile("fast", deadline=None, max_examples=10)
# The same seeds each time, so more of them find nothing new from one submission to the next.
settings.register_profile("ci", settings.get_profile("ci"), deadline=None, max_examples=25)
# A change that a property notices is noticed by its first counter-example: looking for the smallest
# one took most of the time of scripts/mutate.
settings.register_profile(
    "mutants",
    settings.get_profile("ci"),
    deadline=None,
    max_examples=25,
    phases=(Phase.explicit, Phase.generate),
    report_multiple_bugs=False,
)
settings.load_profile("untimed")

#: Variables for the tests themselves: how much of their long work they do.
SAID_TO_TESTS = {"CASEBUS_QUICK", "CASEBUS_FAULT_EVENTS"}
# A shell after `casebus env` would otherwise lend its stack to every test.
for name in [name for name in os.environ if name.startswith("CASEBUS_")]:
    if name not in SAID_TO_TESTS:
        del os.environ[name]


# Objects from the collection live as long as the process, so garbage is never looked for among
# them.
gc.disable()


def pytest_collection_finish() -> None:
    gc.freeze()
    gc.enable()


#: Folders whose tests need no stack, and folders with both kinds; tests in all others need one.
WITHOUT_STACK, BOTH = {"unit", "property"}, {"security"}
TESTS = Path(__file__).parent
#: kafka-python leaves the sockets of a client that nobody answers: its constructor raises.
THIRD_PARTY_SOCKETS = "default:unclosed <socket:ResourceWarning"


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Marks what takes a whole stack; names the test that `scripts/test` would leave out."""
    for item in items:
        if "stack" in getattr(item, "fixturenames", ()):
            item.add_marker("whole")
        folder = item.path.relative_to(TESTS).parts[0]
        needs_stack = item.get_closest_marker("connected") is not None
        if needs_stack:
            item.add_marker(pytest.mark.filterwarnings(THIRD_PARTY_SOCKETS))
        if folder not in BOTH and needs_stack == (folder in WITHOUT_STACK):
            raise pytest.UsageError(f"{item.nodeid}: in tests/{folder}, connected={needs_stack}")


#: The most memory that one test may add to its worker: two workers and their stacks must fit in 4
#: GB.
MOST_KIB = 1 << 20


@pytest.fixture(autouse=True)
def within_memory() -> Iterator[None]:
    """Names the test that makes its worker much larger than it ever was."""
    before = _most_kib()
    yield
    assert _most_kib() - before <= MOST_KIB, f"this test took {_most_kib() >> 10} MiB"


def _most_kib() -> int:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss


@pytest.fixture(scope="session")
def pm4py() -> Any:
    """The reader that process miners use; it takes 200 MB, so only who needs it brings it."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return loaded("pm4py")


@pytest.fixture(scope="session")
def brokers() -> Iterator[Stack]:
    """Kafka and PostgreSQL, provisioned, and nothing else."""
    with Stack(only=("kafka", "postgres")) as stack:
        yield stack


@pytest.fixture(scope="session")
def stack() -> Iterator[Stack]:
    """Everything that `casebus up` starts."""
    with Stack() as whole:
        yield whole
