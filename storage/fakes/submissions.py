"""Submissions to the gateway, the API keys, and the one action on a work item."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import timedelta
from typing import Any
from uuid import UUID

from storage.fakes.tables import Line, Tables, answers, lines

_ROW = "source event_id stream agency digest topic value headers"
_PLACE = "work_item version digest source event_id"


@answers("gateway", "holders_of_keys")
def holders_of_keys(db: Tables, digests: Sequence[bytes]) -> list[Line]:
    found = db.among("own.api_key", "digest", digests)
    return [row for row in found if row["revoked_at"] is None]


@answers("gateway", "add_key")
def add_key(db: Tables, digest: bytes, agency: str, label: str) -> None:
    row = {"digest": digest, "agency": agency, "label": label, "revoked_at": None}
    db.add("own.api_key", ("digest",), **row)


@answers("gateway", "revoke_keys")
def revoke_keys(db: Tables, agency: str, label: str) -> list[Line]:
    return _revoked(db, agency=agency, label=label)


@answers("gateway", "revoke_all_keys")
def revoke_all_keys(db: Tables, agency: str) -> list[Line]:
    return _revoked(db, agency=agency)


def _revoked(db: Tables, **whose: str) -> list[Line]:
    rows = db.where("own.api_key", revoked_at=None, **whose)
    for row in rows:
        row["revoked_at"] = db.now()
    return [{"digest": row["digest"]} for row in rows]


@answers("gateway", "store_submission")
def store_submission(db: Tables, *values: Any) -> None:
    row = dict(zip(f"{_ROW} sent_at".split(), values, strict=True))
    _store(db, row)


@answers("gateway", "store_at_once")
def store_at_once(db: Tables, *columns: Sequence[Any]) -> list[Line]:
    kept = [
        row
        for row in sorted(lines(_ROW, *columns), key=lambda row: (row["source"], row["event_id"]))
        if not db.where(
            "derived.event", stream=row["stream"], source=row["source"], id=row["event_id"]
        )
        if _store(db, row | {"sent_at": None})
    ]
    names = {(row["source"], row["event_id"]) for row in kept}
    return [_as_stored(db, row, names) for row in kept]


def _as_stored(db: Tables, row: Line, together: set[tuple[str, str]]) -> Line:
    """A statement does not see the rows that it writes, so they do not hold each other up."""
    before = [
        one
        for one in db.where("own.submission", source=row["source"], stream=row["stream"])
        if one["sent_at"] is None and one["refused"] is None
        if (one["source"], one["event_id"]) not in together
    ]
    return {"source": row["source"], "event_id": row["event_id"], "is_next": not before}


def _store(db: Tables, row: Line) -> bool:
    waits = {"refused": None, "tried_at": None, "left_at": None}
    more = {"number": db.number(), "created_at": db.now(), **waits}
    return db.add("own.submission", ("source", "event_id"), **row, **more)


@answers("gateway", "hand_to_relay")
def hand_to_relay(db: Tables, source: str, event_id: str) -> None:
    for this in db.where("own.submission", source=source, event_id=event_id):
        for row in db.where("own.submission", source=source, stream=this["stream"], sent_at=None):
            if row["number"] <= this["number"]:
                row.update(left_at=row["left_at"] or db.now())


@answers("gateway", "stored_submission")
def stored_submission(db: Tables, source: str, event_id: str) -> list[Line]:
    return db.where("own.submission", source=source, event_id=event_id)


@answers("gateway", "unsent_before")
def unsent_before(db: Tables, source: str, event_id: str, stream: UUID) -> list[Line]:
    numbers = [
        row["number"]
        for row in db.where("own.submission", source=source, event_id=event_id, stream=stream)
    ]
    rows = [
        row
        for row in db.where("own.submission", source=source, stream=stream, sent_at=None)
        if row["refused"] is None or row["event_id"] == event_id
        if numbers and row["number"] <= numbers[0]
    ]
    return sorted(rows, key=lambda row: int(row["number"]))


@answers("gateway", "mark_sent")
def mark_sent(db: Tables, *columns: Sequence[Any]) -> None:
    for one in lines("source event_id", *columns):
        for row in db.where("own.submission", sent_at=None, **one):
            row.update(sent_at=db.now(), refused=None)


@answers("gateway", "mark_refused")
def mark_refused(db: Tables, source: str, event_id: str, reason: str) -> None:
    for row in db.where("own.submission", source=source, event_id=event_id, sent_at=None):
        row.update(refused=reason, tried_at=db.now())


@answers("gateway", "reserve_action")
def reserve_action(db: Tables, *values: Any) -> Iterator[Line]:
    *place, lifetime = values
    row = dict(zip(_PLACE.split(), place, strict=True))
    item = {name: row[name] for name in ("work_item", "version")}
    if any(not _has_expired(db, one, lifetime) for one in db.where("own.pending_action", **item)):
        return
    db.put("own.pending_action", tuple(item), **row, expires_at=db.now() + lifetime)
    yield {"event_id": row["event_id"]}


def _has_expired(db: Tables, place: Line, lifetime: timedelta) -> bool:
    """Not while the holder's record waits here unsent, or has just left."""
    if place["expires_at"] >= db.now():
        return False
    by = {"source": place["source"], "event_id": place["event_id"]}
    return not any(
        (row["sent_at"] or db.now()) > db.now() - lifetime
        for row in db.where("own.submission", refused=None, **by)
    )


@answers("gateway", "pending_action")
def pending_action(db: Tables, work_item: str, version: int) -> list[Line]:
    rows = db.where("own.pending_action", work_item=work_item, version=version)
    return [{name: row[name] for name in ("digest", "source", "event_id")} for row in rows]


@answers("gateway", "release_action")
def release_action(db: Tables, work_item: str, version: int, event_id: str) -> None:
    db.drop("own.pending_action", work_item=work_item, version=version, event_id=event_id)
