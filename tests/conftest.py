from __future__ import annotations

import os
from collections.abc import Iterator

import pytest
from hypothesis import settings

from onebox.testing import Stack

# A loaded machine makes no test fail: what hangs is ended by pytest's own timeout.
settings.register_profile("casebus", deadline=None)
settings.register_profile("fast", deadline=None, max_examples=15)
settings.load_profile("casebus")

# A shell after `casebus env` would otherwise lend its stack to every test.
for name in [name for name in os.environ if name.startswith("CASEBUS_")]:
    del os.environ[name]


# A loaded machine is no fault; `--hypothesis-profile` names another profile.
settings.register_profile("untimed", deadline=None)
settings.load_profile("untimed")


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
