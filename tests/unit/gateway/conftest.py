"""The gateway's application without its lifespan: nothing is connected."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache

import pytest
from fastapi import FastAPI

from casebus.settings import Settings
from gateway.app import create_app


@cache
def _made() -> FastAPI:
    """It takes most of a second to make: one for all tests of a process."""
    return create_app(Settings(database_url="postgresql://127.0.0.1:1/none"))


@pytest.fixture
def app() -> Iterator[FastAPI]:
    """A dependency that a test replaces is restored after the test."""
    made = _made()
    yield made
    made.dependency_overrides.clear()
    made.state.gateway.failing_since.clear()
