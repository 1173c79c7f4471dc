"""Sessions of the console, and the people behind them: a name and the pseudonym it signs by."""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta

from storage.handles import Connection, Handle, PoolHandle, WriteHandle
from storage.queries import load

_SQL = load("sessions")
_PATIENCE = 5.0
#: No 0, 1, I, O: people read a pseudonym aloud.
_LETTERS = "23456789ABCDEFGHJKLMNPQRSTUVWXYZ"
_LENGTH = 8


@dataclass(frozen=True, slots=True)
class Officer:
    """An issuer's statement about a person; `agency` is None for the installation's operators."""

    issuer: str
    subject: str
    name: str
    agency: str | None
    unit: str
    roles: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Session:
    """A session that is alive."""

    officer: Officer
    pseudonym: str
    idle_at: datetime
    ends_at: datetime


@dataclass(frozen=True, slots=True)
class SessionLimits:
    """The length of a session: unused, and at most."""

    idle: timedelta
    longest: timedelta


async def begin(
    db: PoolHandle, digest: bytes, officer: Officer, limits: SessionLimits, at: datetime
) -> None:
    """A new session.

    Other sessions of the same person end if the person's place or roles have changed.
    """
    async with db.acquire() as connection, connection.transaction():
        await connection.execute(_SQL["prune"], at, timeout=_PATIENCE)
        await _keep(connection, officer, at)
        row = (digest, officer.issuer, officer.subject, at, at + limits.idle, at + limits.longest)
        await connection.execute(_SQL["begin"], *row, timeout=_PATIENCE)


async def _keep(connection: Connection, officer: Officer, at: datetime) -> None:
    """Note the person. The pseudonym is drawn once, because signed records keep it."""
    who, roles = (officer.issuer, officer.subject), sorted(officer.roles)
    now = (officer.agency, officer.unit, roles)
    await connection.execute(_SQL["end_changed"], *who, *now, timeout=_PATIENCE)
    said = (*who, officer.name, *now, at)
    while await connection.fetchrow(_SQL["officer"], *who, timeout=_PATIENCE) is None:
        await connection.execute(_SQL["add_officer"], *said, _pseudonym(), timeout=_PATIENCE)
    await connection.execute(_SQL["renew_officer"], *said, timeout=_PATIENCE)


def _pseudonym() -> str:
    return "P-" + "".join(secrets.choice(_LETTERS) for _ in range(_LENGTH))


async def session(db: Handle, digest: bytes, at: datetime) -> Session | None:
    """The session behind a cookie; None if there is none, or its time is over."""
    row = await db.fetchrow(_SQL["session"], digest, at, timeout=_PATIENCE)
    if row is None:
        return None
    who = (row["issuer"], row["subject"], row["name"], row["agency"], row["unit"])
    officer = Officer(*who, tuple(row["roles"]))
    return Session(officer, row["pseudonym"], row["idle_at"], row["ends_at"])


async def use(db: WriteHandle, digest: bytes, idle_at: datetime) -> None:
    """Note its use: it does not end before this moment, except by its own end."""
    await db.execute(_SQL["use"], digest, idle_at, timeout=_PATIENCE)


async def end(db: WriteHandle, digest: bytes) -> None:
    await db.execute(_SQL["end"], digest, timeout=_PATIENCE)


async def end_all(db: WriteHandle, digest: bytes) -> None:
    """End every session of the person to whom this session belongs."""
    await db.execute(_SQL["end_all"], digest, timeout=_PATIENCE)
