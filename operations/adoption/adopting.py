"""`casebus law adopt` and `show`: the law in force, since when, and by whom."""

from __future__ import annotations

import asyncio
import time
from datetime import datetime
from pathlib import Path
from typing import Any

import asyncpg

from casebus.errors import CasebusError
from casebus.events.schemas import Schemas
from casebus.law import Law, bundle, loader
from casebus.settings import Settings
from casebus.trust.keys import SigningKey
from operations.adoption import announcing
from operations.adoption.announcing import Adoption
from operations.adoption.previewing import preview
from storage import law as bundles
from storage.handles import Connection
from storage.law import JournaledAdoption

_WAIT_SECONDS = 30.0
_LOOK_SECONDS = 0.2


async def adopt(settings: Settings, folder: Path, author: str, reasons: str) -> dict[str, Any]:
    """Check the law, keep it, announce it; returns when every partition derives by it.

    Raises LawError.

    A refused law changes nothing: the one in force stays.
    """
    files = loader.read(folder)
    announcing.refuse_errors(files, settings)
    digest = bundle.digest(files)
    connection: Connection = await asyncpg.connect(settings.database_url)
    try:
        # This comes first: a partition may wait for it.
        await bundles.keep_bundle(connection, digest, bundle.pack(files))
        in_force = await bundles.in_force(connection)
        previous = next(iter(in_force.values()), "")
        if set(in_force.values()) == {digest}:
            return {"digest": digest, "previous": previous, "adopted": False}
        before = await _said(connection)
        adoption = Adoption(digest, previous, author, reasons, before)
        key = SigningKey.load(settings.bus_key)
        await asyncio.to_thread(announcing.adopt, settings, key, adoption)
        await _until(connection, settings.installation_partitions, digest)
    finally:
        await connection.close()
    return {"digest": digest, "previous": previous, "adopted": True}


async def foresee(settings: Settings, folder: Path, now: datetime) -> dict[str, Any]:
    """The effect of adopting the law files on the running cases. Changes nothing."""
    files = loader.read(folder)
    announcing.refuse_errors(files, settings)
    schemas = Schemas.load(settings.schemas_dir)
    connection: Connection = await asyncpg.connect(settings.database_url)
    try:
        async with connection.transaction(isolation="repeatable_read", readonly=True):
            return (await preview(connection, Law(files), schemas, now)).to_json()
    finally:
        await connection.close()


async def _said(connection: Connection) -> int:
    """How often a law was adopted before, in the partition with the most adoptions."""
    times: dict[int, int] = {}
    for row in await bundles.adoptions(connection):
        times[row.partition] = times.get(row.partition, 0) + 1
    return max(times.values(), default=0)


async def _until(connection: Connection, partitions: int, digest: str) -> None:
    deadline = time.monotonic() + _WAIT_SECONDS
    while True:
        in_force = await bundles.in_force(connection)
        if len(in_force) == partitions and set(in_force.values()) == {digest}:
            return
        if time.monotonic() > deadline:
            said = "it is sent, and will count as soon as admission and casework run"
            raise CasebusError("law_on_its_way", said)
        await asyncio.sleep(_LOOK_SECONDS)


async def show(settings: Settings) -> dict[str, Any]:
    """The law in force by partition, every adoption, every kept bundle and its cases."""
    schemas = Schemas.load(settings.schemas_dir)
    connection: Connection = await asyncpg.connect(settings.database_url)
    try:
        in_force = await bundles.in_force(connection)
        cases = await bundles.under_law(connection)
        adoptions = [_adoption(row, schemas) for row in await bundles.adoptions(connection)]
        kept = [
            {**one._asdict(), "cases": cases.get(one.digest, 0)}
            for one in await bundles.kept(connection)
        ]
    finally:
        await connection.close()
    return {
        "in_force": {str(partition): digest for partition, digest in in_force.items()},
        "history": _once(adoptions),
        "bundles": kept,
    }


def _adoption(row: JournaledAdoption, schemas: Schemas) -> dict[str, Any]:
    said = schemas.decode(row.value)[1]
    return {
        "digest": said["digest"],
        "previous": said["previous"],
        "author": said["author"],
        "reasons": said["reasons"],
        "since": row.recorded_at,
        "partitions": [row.partition],
    }


def _once(adoptions: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """One row for the statements in all partitions, with the time of the last."""
    found: list[dict[str, Any]] = []
    for one in adoptions:
        same = next((row for row in reversed(found) if _is_part(one, row)), None)
        if same is None:
            found.append(one)
        else:
            same["partitions"] += one["partitions"]
            same["since"] = max(same["since"], one["since"])
    return found


def _is_part(one: dict[str, Any], row: dict[str, Any]) -> bool:
    words = ("digest", "previous", "author", "reasons")
    alike = all(row[word] == one[word] for word in words)
    return alike and one["partitions"][0] not in row["partitions"]
