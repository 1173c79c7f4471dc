from __future__ import annotations

import asyncpg
import pytest
from asyncpg.exceptions import _base

from gateway.problems import code_of


@pytest.mark.parametrize(
    "error",
    [
        asyncpg.CharacterNotInRepertoireError("NUL"),
        asyncpg.NumericValueOutOfRangeError("too large"),
        _base.DataError("invalid input for query argument"),
    ],
)
def test_a_value_that_no_column_takes_is_the_callers_mistake(error: Exception) -> None:
    assert code_of(error) == "invalid_request"


def test_a_lost_connection_is_not() -> None:
    assert code_of(asyncpg.InterfaceError("closed")) == "database_unavailable"
    assert code_of(asyncpg.ConnectionDoesNotExistError("gone")) == "database_unavailable"
