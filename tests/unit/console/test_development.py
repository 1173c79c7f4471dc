"""The issuer for a laptop is for that laptop alone."""

from __future__ import annotations

import pytest

from casebus.errors import CasebusError
from gateway.console.signin.development import refuse_elsewhere


@pytest.mark.parametrize(
    ("origin", "listening"),
    [
        ("http://127.0.0.1:18080", "0.0.0.0"),
        ("http://127.0.0.1:18080", "::"),
        ("http://127.0.0.1:18080", "10.0.0.7"),
        ("http://127.0.0.1:18080", ""),
        ("https://bus.example.org", "127.0.0.1"),
        ("http://localhost.example.org", "127.0.0.1"),
        ("http://127.0.0.1@example.org", "127.0.0.1"),
    ],
)
def test_it_does_not_start_where_others_could_reach_it(origin: str, listening: str) -> None:
    with pytest.raises(CasebusError, match=r"bad_environment: CASEBUS_CONSOLE_ISSUER"):
        refuse_elsewhere(origin, listening)


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "::1", "127.0.0.2"])
def test_on_its_own_machine_it_starts(host: str) -> None:
    refuse_elsewhere("http://[::1]:18080", host)
