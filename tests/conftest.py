from __future__ import annotations

from collections.abc import Iterator

import pytest

from onebox.testing import Stack


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
