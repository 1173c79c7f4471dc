"""Due statements about clocks and waiting findings, and earlier ones."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from typing import Any
from uuid import UUID

from casebus.events.envelope import agency_of
from storage.fakes.sending import on_its_way
from storage.fakes.tables import Line, Tables, answers

#: Kind -> the column with its moment.
_MOMENTS = {"breached": "breach_after", "lapsed": "lapse_after", "warned": "warn_after"}


@answers("scheduling", "due_clocks")
def due_clocks(db: Tables, now: datetime, limit: int) -> list[Line]:
    return _untold(db, [*_run_out(db, now), *_about_to(db, now), *_held(db)], limit)


def _run_out(db: Tables, now: datetime) -> Iterator[Line]:
    for row in db.where("derived.clock", status="running", historic=False):
        if row["view"].get("provisional") is True and "certain" not in row["view"]:
            continue
        for kind in ("breached", "lapsed"):
            at = row[_MOMENTS[kind]]
            if at is not None and at <= now:
                yield _due(row, kind, at, row["view"]["revision"])


def _about_to(db: Tables, now: datetime) -> Iterator[Line]:
    """Not after the due moment: that would be no warning."""
    for row in db["derived.clock"]:
        at, due = row["warn_after"], row["due"]
        if at is not None and due is not None and at <= now < due:
            yield _due(row, "warned", at, 0)


def _held(db: Tables) -> Iterator[Line]:
    for held in db["own.clock_held"]:
        for row in db.where("derived.clock", stream=held["stream"], key=held["key"]):
            at = row["breach_after"] or row["lapse_after"]
            if at is not None:
                yield _due(row, held["kind"], at, row["view"]["revision"])


def _due(row: Line, kind: str, at: datetime, revision: int) -> Line:
    place = {"stream": row["stream"], "key": row["key"], "kind": kind, "at": at}
    return place | {"revision": revision}


def _untold(db: Tables, found: list[Line], limit: int) -> list[Line]:
    """Streams with unsent records wait, and hold up no other."""
    waiting = {row["stream"] for row in on_its_way(db) if row["sent_at"] is None}
    names = ("stream", "key", "kind", "revision")
    due = [
        row
        for row in found
        if row["stream"] not in waiting
        if not db.where("own.clock_said", **{name: row[name] for name in names})
    ]
    due.sort(key=lambda row: (row["at"], row["stream"], row["key"], row["kind"]))
    return due[:limit]


@answers("scheduling", "next_due")
def next_due(db: Tables, now: datetime) -> list[Line]:
    running = db.where("derived.clock", status="running", historic=False)
    moments = [row[name] for row in running for name in ("breach_after", "lapse_after")]
    moments += [row["warn_after"] for row in db["derived.clock"]]
    return [{"least": min((one for one in moments if one is not None and one > now), default=None)}]


@answers("scheduling", "lock_case")
def lock_case(db: Tables, stream: UUID) -> list[Line]:
    return [{"stream": row["stream"]} for row in db.where("derived.case_state", stream=stream)]


@answers("scheduling", "awaited")
def awaited(db: Tables, stream: UUID, since: datetime) -> list[Line]:
    sent = [row["sent_at"] for row in on_its_way(db) if row["stream"] == stream]
    return [{"exists": any(one is None or one >= since for one in sent)}]


@answers("scheduling", "tellable_clock")
def tellable_clock(db: Tables, stream: UUID, key: str, kind: str, at: datetime) -> Iterator[Line]:
    place = {"stream": stream, "key": key}
    for row in db.where("derived.clock", historic=False, **place):
        is_held = bool(db.where("own.clock_held", kind=kind, **place))
        if (row["status"] == "running" or is_held) and row[_MOMENTS[kind]] == at:
            yield {"view": row["view"]}


@answers("scheduling", "note_said")
def note_said(db: Tables, *values: Any) -> None:
    names = ("stream", "key", "kind", "revision", "event_id")
    db.add("own.clock_said", names[:4], **dict(zip(names, values, strict=True)))


@answers("scheduling", "due_findings")
def due_findings(db: Tables, now: datetime, limit: int) -> list[Line]:
    found = [
        _due(row, "found", row["tell_after"], row["view"]["revision"])
        for row in db["derived.finding"]
        if row["tell_after"] is not None and row["tell_after"] <= now
    ]
    return _untold(db, found, limit)


@answers("scheduling", "tellable_finding")
def tellable_finding(db: Tables, stream: UUID, key: str, at: datetime) -> Iterator[Line]:
    for row in db.where("derived.finding", stream=stream, key=key, tell_after=at):
        for case in db.where("derived.case_state", stream=stream):
            author = agency_of(row["view"]["event"]["source"])
            has_part = db.where("derived.party", stream=stream, agency=author)
            shows = has_part and not case["view"].get("secrecy")
            yield {"view": row["view"], "numbers": case["view"].get("numbers") if shows else []}
