"""Stored signed records that still have to be sent: the outbox and submissions."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from casebus.events.types import (
    CASE_COPY_DUE,
    CLOCK_BREACH_WITHDRAWN,
    CLOCK_BREACHED,
    CLOCK_WARNED,
    all_of,
)
from storage.fakes.journal import known_events, record_of
from storage.fakes.tables import Line, Tables, answers, lines

_ROW = "aggregatetype aggregateid type source event_id topic value headers"
#: Types that move no clock (own.on_its_way).
_STILL = (
    CLOCK_BREACHED,
    CLOCK_BREACH_WITHDRAWN,
    CLOCK_WARNED,
    CASE_COPY_DUE,
)


@answers("outbox", "enqueue")
def enqueue(db: Tables, *columns: Sequence[Any]) -> None:
    waits = {"sent_at": None, "refused": None, "tried_at": None}
    for row in lines(_ROW, *columns):
        if not _in_journal(db, row["aggregateid"], row["source"], row["event_id"]):
            more = {"id": db.number(), "created_at": db.now(), **waits}
            db.add("own.outbox", ("aggregateid", "source", "event_id"), **row, **more)


@answers("outbox", "enqueued")
def enqueued(db: Tables, *columns: Sequence[Any]) -> Iterator[Line]:
    for one in lines("aggregateid source event_id", *columns):
        if db.where("own.outbox", **one) or _in_journal(db, *one.values()):
            yield {"event_id": one["event_id"]}


@answers("sending", "database_time")
def database_time(db: Tables) -> list[Line]:
    return [{"clock_timestamp": db.now()}]


@answers("sending", "unsent_outbox")
def unsent_outbox(db: Tables, *asked: Any) -> list[Line]:
    named = [row | {"stream": row["aggregateid"]} for row in db["own.outbox"]]
    return _unsent(db, named, *asked)


@answers("sending", "unsent_submission")
def unsent_submission(db: Tables, *asked: Any) -> list[Line]:
    return _unsent(db, [row | {"id": row["number"]} for row in db["own.submission"]], *asked)


@answers("sending", "unsent_redriven")
def unsent_redriven(_: Tables, *_asked: Any) -> list[Line]:
    """Nothing: rejected records are not kept here."""
    return []


def _unsent(db: Tables, rows: list[Line], *asked: Any) -> list[Line]:
    held, limit, grace, again, after = asked
    now = db.now()
    found = [
        row
        for row in rows
        if row["sent_at"] is None and row["topic"] not in held and row["id"] > after
        if row.get("left_at") or row["created_at"] <= now - grace
        if row["refused"] is None or row["tried_at"] < now - again
    ]
    return sorted(found, key=lambda row: int(row["id"]))[:limit]


@answers("sending", "settle_outbox")
def settle_outbox(db: Tables, ids: Sequence[int]) -> list[Line]:
    rows = [row for row in db.among("own.outbox", "id", ids) if row["aggregatetype"] == "event"]
    return [{"id": row["id"]} for row in rows if _settled(db, row, row["aggregateid"])]


@answers("retries", "settle_submission")
def settle_submission(db: Tables, numbers: Sequence[int]) -> None:
    for row in _unsent_of(db, numbers):
        _settled(db, row, row["stream"])


def _settled(db: Tables, row: Line, stream: UUID) -> bool:
    """True if the journal has it; then the row takes those bytes and counts as sent."""
    for event in known_events(db, [stream], [row["source"]], [row["event_id"]]):
        stands = {name: record_of(db, event)[name] for name in ("value", "headers")}
        row.update(sent_at=db.now(), refused=None, **stands)
        return True
    return False


@answers("sending", "mark_sent_outbox")
def mark_sent_outbox(db: Tables, ids: Sequence[int]) -> None:
    for row in db.among("own.outbox", "id", ids):
        row.update(sent_at=db.now(), refused=None)


@answers("sending", "mark_sent_submission")
def mark_sent_submission(db: Tables, numbers: Sequence[int]) -> None:
    for row in _unsent_of(db, numbers):
        row.update(sent_at=db.now(), refused=None)


@answers("sending", "mark_refused_outbox")
def mark_refused_outbox(db: Tables, ids: Sequence[int], reason: str) -> None:
    for row in db.among("own.outbox", "id", ids):
        row.update(refused=reason, tried_at=db.now())


@answers("sending", "mark_refused_submission")
def mark_refused_submission(db: Tables, numbers: Sequence[int], reason: str) -> None:
    for row in _unsent_of(db, numbers):
        row.update(refused=reason, tried_at=db.now())


@answers("sending", "give_up_outbox")
def give_up_outbox(db: Tables, *asked: Any) -> None:
    _give_up(db, "own.outbox", *asked)


@answers("sending", "give_up_submission")
def give_up_submission(db: Tables, *asked: Any) -> None:
    _give_up(db, "own.submission", *asked)


def _give_up(db: Tables, table: str, topic: str, reason: str, after: timedelta) -> None:
    for row in db.where(table, sent_at=None, topic=topic):
        if row["created_at"] <= db.now() - after:
            row.update(refused=reason, tried_at=db.now())


@answers("sending", "anything_on_its_way")
def anything_on_its_way(db: Tables, before: datetime) -> list[Line]:
    found = (row["sent_at"] is None and row["created_at"] < before for row in on_its_way(db))
    return [{"exists": any(found)}]


@answers("sending", "awaited_among")
def awaited_among(db: Tables, streams: Sequence[UUID]) -> list[Line]:
    waits = {
        row["stream"]
        for row in on_its_way(db)
        if not f"{row['source']}/".startswith("bus/")
        if not _in_journal(db, row["stream"], row["source"], row["event_id"])
    }
    return [{"stream": one} for one in waits.intersection(streams)]


def on_its_way(db: Tables) -> Iterator[Line]:
    """Stored records of all authors that may move a clock; sent or not."""
    for row in db.where("own.submission", refused=None):
        yield row
    for row in db.where("own.outbox", refused=None, aggregatetype="event"):
        if row["type"] not in _STILL and not row["type"].startswith(all_of("finding")):
            yield row | {"stream": row["aggregateid"]}


@answers("sending", "hold_clock")
def hold_clock(db: Tables, stream: UUID, key: str, kind: str) -> None:
    row = {"stream": stream, "key": key, "kind": kind}
    db.add("own.clock_held", tuple(row), **row)


@answers("sending", "let_go")
def let_go(db: Tables, stream: UUID, key: str, kind: str) -> None:
    db.drop("own.clock_held", stream=stream, key=key, kind=kind)


def _unsent_of(db: Tables, numbers: Sequence[int]) -> list[Line]:
    rows = db.among("own.submission", "number", numbers)
    return [row for row in rows if row["sent_at"] is None]


def _in_journal(db: Tables, stream: UUID, source: str, event_id: str) -> bool:
    return bool(db.where("derived.event", stream=stream, source=source, id=event_id))
