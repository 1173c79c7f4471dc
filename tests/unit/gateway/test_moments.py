"""A moment that a caller names is one in UTC, or refused."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from fastapi import FastAPI
from pydantic import TypeAdapter, ValidationError

from gateway.shapes import Moment

READ = TypeAdapter[datetime](Moment).validate_python


@pytest.mark.parametrize(
    "text",
    [
        "9999-12-31T23:59:59-23:59",
        "0001-01-01T00:00:00+23:59",
        "2026-03-02T10:00:00",
        "10000-01-01T00:00:00Z",
        "soon",
    ],
)
def test_a_moment_that_utc_has_not_or_without_a_zone_is_refused(text: str) -> None:
    with pytest.raises(ValidationError):
        READ(text)


@pytest.mark.parametrize("text", ["9999-12-31T23:59:59Z", "0001-01-01T00:00:00Z"])
def test_the_first_and_the_last_moment_there_is_are_read(text: str) -> None:
    assert READ(text) == datetime.fromisoformat(text)


def test_a_moment_is_read_into_utc() -> None:
    assert READ("2026-03-02T08:00:00+08:00").tzinfo is UTC


@pytest.mark.slow
def test_every_moment_that_a_route_takes_is_read_so(app: FastAPI) -> None:
    asked = {
        (path, parameter["name"])
        for path, operations in app.openapi()["paths"].items()
        for operation in operations.values()
        for parameter in operation.get("parameters", ())
        if "date-time" in str(parameter["schema"])
    }
    # A further one is read as `Moment` too, and named here.
    assert asked == {
        ("/v1/cases/{case}", "known_on"),
        ("/v1/cases/{case}/history", "known_on"),
        ("/v1/stats", "as_of"),
        ("/v1/stats/cases", "as_of"),
        ("/v1/oversight/breached", "as_of"),
        ("/v1/work", "due_from"),
        ("/v1/work", "due_before"),
    }
