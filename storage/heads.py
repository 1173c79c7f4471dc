"""Heads of the logs, the hashes above the journal's leaves, cosignatures, and receipts sent.

Signed heads are only added to. The signer reads the leaves since the last head and no others.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple
from uuid import UUID

from casebus.events.legaltime import in_china
from casebus.trust.merkle import Frontier
from casebus.trust.note import NoteSignature, SignedNote
from casebus.trust.tiles import Tile
from storage.handles import Connection, Handle, Row, WriteHandle, sole
from storage.queries import load

_SQL = load("heads")
_PATIENCE = 5.0

Log = tuple[int, int]
"""(epoch, partition)."""
Place = tuple[int, int, int]
"""(epoch, partition, log index)."""


@dataclass(frozen=True, slots=True)
class StoredHead:
    """A head as signed, and the witnesses' lines that came since."""

    size: int
    note: SignedNote
    signed_at: datetime


@dataclass(frozen=True, slots=True)
class RefusedLog:
    """A log whose next head is not signed, and the reason."""

    epoch: int
    partition: int
    code: str
    detail: str
    since: datetime

    def in_words(self) -> str:
        since = in_china(self.since)
        return f"log {self.epoch}/{self.partition}: {self.code} since {since}, {self.detail}"


@dataclass(frozen=True, slots=True)
class OwedReceipt:
    """A step of an event's hand-over, and the author to whom its receipt is owed."""

    author: str
    step: str
    stream: UUID
    source: str
    id: str
    #: The agency that received or opened it; empty for `submitted`.
    agency: str
    epoch: int
    partition: int
    log_index: int

    @property
    def place(self) -> Place:
        return (self.epoch, self.partition, self.log_index)


async def grown(db: Handle) -> list[Log]:
    """The logs of this epoch that differ from their last head."""
    return [(row["epoch"], row["partition"]) for row in await db.fetch(_SQL["grown"])]


@dataclass(frozen=True, slots=True)
class SignedSoFar:
    """The last signed head, and the recorded end."""

    signed: Frontier
    recorded: Frontier
    #: True if it was signed in this epoch; else this log begins with the one before.
    is_own: bool


async def standing(connection: Connection, log: Log) -> SignedSoFar:
    row = sole(await connection.fetchrow(_SQL["standing"], *log))
    signed = Frontier() if row["signed"] is None else Frontier.from_bytes(row["signed"])
    return SignedSoFar(signed, Frontier.from_bytes(row["recorded"]), bool(row["is_own"]))


async def leaves(db: Handle, log: Log, first: int, end: int) -> list[bytes]:
    """The log leaves from index `first` to before `end`; fewer if some are missing."""
    rows = await db.fetch(_SQL["leaves"], *log, first, end)
    return [row["log_leaf"] for row in rows]


async def tile(db: Handle, log: Log, wanted: Tile) -> list[bytes]:
    """The hashes of a tile, as many of them as exist."""
    first, end = wanted.first, wanted.first + wanted.width
    if wanted.level == 0:
        return await leaves(db, log, first, end)
    rows = await db.fetch(_SQL["hashes"], *log, wanted.level, first, end, timeout=_PATIENCE)
    return [row["hash"] for row in rows]


async def add(
    connection: Connection,
    log: Log,
    frontier: Frontier,
    note: SignedNote,
    above: dict[tuple[int, int], bytes],
) -> None:
    """Keep a head and the hashes that it adds; there must be no head of this size yet."""
    if above:
        levels, places = zip(*above, strict=True)
        columns = (list(levels), list(places), list(above.values()))
        await connection.execute(_SQL["add_hashes"], *log, *columns)
    values = (frontier.size, frontier.root(), frontier.to_bytes(), str(note))
    await connection.execute(_SQL["add_head"], *log, *values)
    await connection.execute(_SQL["count_head"], *log, frontier.size)


async def refuse(db: WriteHandle, log: Log, code: str, detail: str) -> None:
    await db.execute(_SQL["refuse"], *log, code, detail)


async def forgive(db: WriteHandle, log: Log) -> None:
    await db.execute(_SQL["forgive"], *log)


async def refused(db: Handle) -> list[RefusedLog]:
    return [RefusedLog(*row) for row in await db.fetch(_SQL["refused"])]


async def logs(db: Handle) -> list[tuple[Log, int]]:
    """Every log of this epoch that has a head, and the size of its last one."""
    rows = await db.fetch(_SQL["logs"], timeout=_PATIENCE)
    return [((row["epoch"], row["partition"]), row["size"]) for row in rows]


async def last(db: Handle, log: Log) -> StoredHead | None:
    return _head(await db.fetchrow(_SQL["last"], *log, timeout=_PATIENCE))


async def over(db: Handle, log: Log, index: int, needed: int) -> StoredHead | None:
    """The head over this index that most witnesses saw: enough of them, one, or none."""
    for witnesses in sorted({needed, 1} - {0}, reverse=True):
        row = await db.fetchrow(_SQL["witnessed"], *log, index, witnesses, timeout=_PATIENCE)
        if row is not None:
            return _head(row)
    return _head(await db.fetchrow(_SQL["over"], *log, index, timeout=_PATIENCE))


async def first_over(db: Handle, log: Log, index: int) -> datetime | None:
    """The moment from which a head covers this index."""
    moment: datetime | None = await db.fetchval(_SQL["first_over"], *log, index)
    return moment


async def note_of(db: Handle, log: Log, size: int) -> SignedNote | None:
    """The head of exactly this size."""
    text = await db.fetchval(_SQL["has_head"], *log, size, timeout=_PATIENCE)
    return None if text is None else SignedNote.parse(text)


async def cosign(db: WriteHandle, log: Log, size: int, witness: str, line: NoteSignature) -> None:
    """Keep a witness's line; the first one for a head is final."""
    await db.execute(_SQL["cosign"], *log, size, witness, str(line), timeout=_PATIENCE)


class LoggedRecord(NamedTuple):
    """What a leaf of the log is made of; headers are packed."""

    epoch: int
    partition: int
    log_index: int
    stream: UUID
    source: str
    event_id: str
    event_leaf: bytes
    log_leaf: bytes
    headers: bytes


async def records(db: Handle, places: Sequence[Place]) -> dict[Place, LoggedRecord]:
    """The records at these places."""
    columns = map(list, zip(*places, strict=True))
    rows = await db.fetch(_SQL["records"], *columns, timeout=_PATIENCE)
    return {one[:3]: one for one in (LoggedRecord(**row) for row in rows)}


async def unreceipted(db: Handle) -> list[tuple[Log, int, int]]:
    """Logs with receipts to send, each with the first index and the end."""
    rows = await db.fetch(_SQL["unreceipted"])
    return [((row["epoch"], row["partition"]), row["next_index"], row["size"]) for row in rows]


async def owed(
    db: Handle, log: Log, first: int, end: int, authors: Collection[str]
) -> list[OwedReceipt]:
    """Receipts owed to these authors for the records from `first` to before `end`."""
    return [
        OwedReceipt(*row) for row in await db.fetch(_SQL["owed"], *log, first, end, list(authors))
    ]


async def recorded(db: Handle, log: Log) -> int:
    """The number of recorded records of the log; none for a past epoch."""
    return int(await db.fetchval(_SQL["recorded"], *log))


async def advance_receipts(db: WriteHandle, log: Log, next_index: int) -> None:
    await db.execute(_SQL["advance_receipts"], *log, next_index)


def _head(row: Row | None) -> StoredHead | None:
    if row is None:
        return None
    signed = SignedNote.parse(row["note"])
    lines = tuple(NoteSignature.parse(line.rstrip("\n")) for line in row["lines"])
    note = SignedNote(signed.text, (*signed.signatures, *lines))
    return StoredHead(row["size"], note, row["signed_at"])
