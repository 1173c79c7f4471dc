"""Journal partitions in which casework waits for a person, and adoptions that never counted."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from casebus.events.legaltime import in_china
from storage.handles import Handle, WriteHandle
from storage.queries import load

_SQL = load("stalling")


@dataclass(frozen=True, slots=True)
class Stalled:
    """A partition, and the law bundle that is missing there."""

    partition: int
    reason: str
    digest: str
    #: Id of the `law.adopted` that names it; empty if none does.
    adoption: str
    since: datetime

    def in_words(self) -> str:
        since = in_china(self.since)
        why = f"{self.reason}, the law bundle {self.digest} is not kept"
        return f"partition {self.partition} waits since {since}: {why}"


async def stalled(db: Handle) -> list[Stalled]:
    return [Stalled(*row) for row in await db.fetch(_SQL["stalled"])]


async def begin(db: WriteHandle, partition: int, reason: str, digest: str, adoption: str) -> None:
    await db.execute(_SQL["begin"], partition, reason, digest, adoption)


async def end(db: WriteHandle, partition: int) -> None:
    await db.execute(_SQL["end"], partition)


async def is_voided(db: Handle, adoption: str) -> bool:
    return bool(await db.fetchval(_SQL["is_voided"], adoption))


async def note_voided(db: WriteHandle, adoption: str, partition: int, digest: str) -> None:
    await db.execute(_SQL["note_voided"], adoption, partition, digest)


async def adopted_in(db: Handle, epoch: int, partition: int) -> list[tuple[str, bytes]]:
    """Recorded adoptions of this partition, the last first: id, value on the wire."""
    return [
        (row["id"], row["value"]) for row in await db.fetch(_SQL["adopted_in"], epoch, partition)
    ]
