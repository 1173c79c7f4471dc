"""Law bundles by digest, kept for ever (design rule 10)."""

from __future__ import annotations

from typing import Any

from storage.queries import load

_SQL = load("law")


async def keep_bundle(connection: Any, digest: str, body: bytes) -> None:
    await connection.execute(_SQL["keep_bundle"], digest, body)


async def bundle(connection: Any, digest: str) -> bytes | None:
    body: bytes | None = await connection.fetchval(_SQL["bundle"], digest)
    return body
