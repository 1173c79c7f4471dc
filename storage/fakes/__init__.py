"""A database in memory: fast tests of services and the gateway use it in place of PostgreSQL.

It takes the place of a pool, a connection or a handle (`storage.handles`), so nothing is patched. A
caller goes through the same functions of `storage` and the same named queries. It answers those
that recording, folding, clocks, the relay and the gateway's entry use, and refuses any other. It
has one session: no locks, and no second writer to wait for.

Owns the tables in memory. Touches storage and casebus, with asyncpg's errors and orjson.
`tests/database_contract.py` runs the same cases on it and on PostgreSQL.
"""

from __future__ import annotations

from storage.fakes import cases, clocks, journal, looking, renewing, sending, submissions
from storage.fakes.database import MemoryDatabase

__all__ = [
    "MemoryDatabase",
    "cases",
    "clocks",
    "journal",
    "looking",
    "renewing",
    "sending",
    "submissions",
]
