"""API keys: made, digested, registered and revoked."""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Mapping

import asyncpg

from casebus.errors import CasebusError
from casebus.events.doors import BUS
from storage import submissions

KEY_BYTES = 32


def generate() -> str:
    """A new key, 256 random bits as URL-safe text."""
    return secrets.token_urlsafe(KEY_BYTES)


def digest(key: str) -> bytes:
    """The stored part of a key. No salt or stretching: 256 random bits cannot be guessed."""
    return hashlib.sha256(key.encode()).digest()


async def register(database_url: str, keys: Mapping[str, str], *, label: str = "") -> None:
    """Let each agency in `keys` call the gateway with its key; existing keys stay.

    Raises CasebusError `foreign_source` for the bus.
    """
    if BUS in keys:
        raise CasebusError("foreign_source", "nobody speaks for the bus through the gateway")
    connection = await asyncpg.connect(database_url)
    try:
        for agency, key in keys.items():
            await submissions.add_key(connection, digest(key), agency, label)
    finally:
        await connection.close()


async def revoke(database_url: str, agency: str, *, label: str = "") -> int:
    """Revoke the agency's keys of this label; returns their number.

    Takes effect at the next call.
    """
    connection = await asyncpg.connect(database_url)
    try:
        return await submissions.revoke_keys(connection, agency, label)
    finally:
        await connection.close()


async def revoke_all(database_url: str, agency: str) -> int:
    """Revoke the agency's keys of every label; returns their number."""
    connection = await asyncpg.connect(database_url)
    try:
        return await submissions.revoke_all_keys(connection, agency)
    finally:
        await connection.close()
