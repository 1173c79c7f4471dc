"""Sends a rejected record to its door again, byte for byte (ADR 60).

One operator asks, another agrees, the relay sends; nothing here signs. A record that is in the
journal is not sent, and neither is one that was sent too often.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple
from uuid import UUID

from casebus.errors import CasebusError
from casebus.events.kept import fingerprint
from casebus.rejections import PASSES_LATER
from storage.handles import Connection, Handle, Row
from storage.operators import TwoPersonRule
from storage.packing import unpack_headers
from storage.queries import load
from storage.rejects import LAPSE, RejectedPlace, RejectFilter

_SQL = load("redriving")
_PATIENCE = 15.0
_RULE = TwoPersonRule(
    decided="redrive_decided", lapsed="redrive_lapsed", within=f"{LAPSE.days} days"
)
#: How often the same bytes are sent again, whoever asks: a loop ends here.
MOST_TIMES = 3
#: Records of one redrive.
MOST_RECORDS = 500
#: The most records that may be asked for in a minute.
FASTEST, USUAL = 600, 60


@dataclass(frozen=True, slots=True)
class Candidate:
    """A record that somebody wants sent again; `obstacle` is the reason against it, or empty."""

    place: RejectedPlace
    record: bytes
    stream: UUID | None
    source: str
    event_id: str
    reason: str
    times: int
    obstacle: str


async def places(
    db: Handle, agency: str | None, wanted: RejectFilter, limit: int
) -> list[RejectedPlace]:
    """The first records that fit, as many as one redrive takes."""
    rows = await db.fetch(_SQL["places"], agency, *wanted.row(), limit, timeout=_PATIENCE)
    return [RejectedPlace(*row) for row in rows]


async def plan(
    db: Handle, agency: str | None, wanted: Sequence[RejectedPlace], *, even_so: bool
) -> list[Candidate]:
    """The records to send again, in order, without places that the caller may not see.

    `even_so` includes bytes that cannot pass by their reason.
    """
    columns = [one.partition for one in wanted], [one.offset for one in wanted]
    rows = await db.fetch(_SQL["candidates"], agency, *columns, timeout=_PATIENCE)
    records = [_record(row) for row in rows]
    tried = await db.fetch(_SQL["tries"], records, LAPSE, timeout=_PATIENCE)
    tries = {row["record"]: row for row in tried}
    seen: Counter[bytes] = Counter()
    found = []
    for row, record in zip(rows, records, strict=True):
        before = tries.get(record)
        obstacle = _obstacle(row, before, even_so=even_so)
        if not obstacle and seen[record]:
            obstacle = "same_bytes"
        seen[record] += not obstacle
        found.append(_candidate(row, record, before["sent"] if before else 0, obstacle))
    return found


def _record(row: Row) -> bytes:
    return fingerprint(row["key"], row["digest"], unpack_headers(row["headers"]))


def _candidate(row: Row, record: bytes, times: int, obstacle: str) -> Candidate:
    return Candidate(
        place=RejectedPlace(row["partition"], row["kafka_offset"]),
        record=record,
        stream=_stream(row),
        source=row["source"] or "",
        event_id=row["event_id"] or "",
        reason=row["reason"],
        times=times,
        obstacle=obstacle,
    )


def _obstacle(row: Row, before: Row | None, *, even_so: bool) -> str:
    """The first reason against sending it again; empty if there is none."""
    is_event = _stream(row) is not None and row["source"] and row["event_id"]
    in_the_way = {
        "journaled": row["journaled"],
        "not_kept": not row["has_value"],
        "no_event": not is_event,
        "waits_already": before is not None and before["waits"],
        "sent_too_often": before is not None and before["sent"] >= MOST_TIMES,
        "cannot_pass": row["reason"] not in PASSES_LATER and not even_so,
    }
    return next((name for name, holds in in_the_way.items() if holds), "")


def _stream(row: Row) -> UUID | None:
    """The case that its key names, in the form for the door: the relay sends by that key."""
    try:
        stream = UUID(row["stream"])
    except (TypeError, ValueError):
        return None
    return stream if row["key"] == str(stream).encode() else None


async def ask(
    connection: Connection, by: str, why: str, per_minute: int, candidates: Iterable[Candidate]
) -> int:
    """Keep the plan, in the transaction that made it; returns the redrive's number."""
    redrive: int = await connection.fetchval(_SQL["ask"], by, why, per_minute)
    rows = [
        (*one.place, one.record, one.stream, one.source, one.event_id)
        for one in candidates
        if not one.obstacle
    ]
    await connection.execute(_SQL["add"], redrive, *map(list, zip(*rows, strict=True)))
    return redrive


async def lock(connection: Connection) -> None:
    """Until the transaction ends nobody else asks or decides."""
    await connection.execute(_SQL["lock"])


async def decide(connection: Connection, redrive: int, by: str, *, agreed: bool) -> None:
    """Let it go, or refuse it; raises CasebusError."""
    row = await connection.fetchrow(_SQL["undecided"], redrive, LAPSE)
    if row is None:
        raise CasebusError("not_found", f"there is no redrive {redrive}")
    asked_by, before, is_fresh = row["asked_by"], row["agreed"], row["is_fresh"]
    _RULE.check(by, agreed=agreed, asked_by=asked_by, before=before, is_fresh=is_fresh)
    await connection.execute(_SQL["decide"], redrive, agreed, by)
    if agreed:
        await connection.execute(_SQL["schedule"], redrive, row["per_minute"])


class KeptRedrive(NamedTuple):
    """A request for a redrive; `agreed` is None before anybody decides."""

    id: int
    asked_by: str
    asked_at: datetime
    why: str
    per_minute: int
    agreed: bool | None
    decided_by: str | None
    decided_at: datetime | None
    is_fresh: bool
    records: int
    #: Of the records, those sent or found needless.
    done: int


class RedrivenRecord(NamedTuple):
    """A record of a redrive, and what came of it."""

    partition: int
    kafka_offset: int
    subject: UUID
    source: str
    event_id: str
    due_at: datetime | None
    sent_at: datetime | None
    needless: bool
    refused: str | None
    reason: str
    journaled: bool
    #: For which reason it was rejected again.
    rejected_again: str | None


class SentAgain(NamedTuple):
    """When the same bytes were sent again, or asked for."""

    redrive: int
    asked_by: str
    decided_by: str | None
    sent_at: datetime | None
    needless: bool


async def redrives(
    db: Handle, agency: str | None, *, number: int | None = None, limit: int = 100
) -> list[KeptRedrive]:
    """The requests, the last first."""
    asked = (agency, LAPSE, number, limit)
    rows = await db.fetch(_SQL["redrives"], *asked, timeout=_PATIENCE)
    return [KeptRedrive(**row) for row in rows]


async def redriven(db: Handle, redrive: int) -> list[RedrivenRecord]:
    """Each record of a redrive, with the result."""
    rows = await db.fetch(_SQL["redriven"], redrive, timeout=_PATIENCE)
    return [RedrivenRecord(**row) for row in rows]


async def of_record(db: Handle, row: Row) -> list[SentAgain]:
    """`row` is a rejected record, as `storage.rejects.one` gives it."""
    rows = await db.fetch(_SQL["of_record"], _record(row), timeout=_PATIENCE)
    return [SentAgain(**one) for one in rows]
