"""An agency's reads of events, findings and work items, and the notes of looks."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any
from uuid import UUID

from casebus.events.envelope import agency_of
from storage.access import Looked, NotedLook
from storage.fakes.journal import record_of
from storage.fakes.tables import ANSWERS, Line, Tables, answers, lines
from storage.queries import load


@answers("reads", "event")
def event(db: Tables, agency: str, source: str, event_id: str) -> list[Line]:
    found = [
        row | {"shift": 0} | {name: record_of(db, row)[name] for name in ("appended_at", "headers")}
        for row in db.where("derived.event", source=source, id=event_id)
        if row["author"] == agency or _is_shown(db, agency, row)
    ]
    return sorted(found, key=lambda row: row["appended_at"].timestamp())[:1]


def _is_shown(db: Tables, agency: str, row: Line) -> bool:
    if not _has_part(db, agency, row["stream"]):
        return False
    return agency in row["recipients"] or _may_know(db, agency, row["stream"])


@answers("reads", "findings")
def findings(db: Tables, agency: str, stream: UUID) -> list[Line]:
    knows = _has_part(db, agency, stream) and _may_know(db, agency, stream)
    found = [
        row
        for row in db.where("derived.finding", stream=stream)
        if knows or agency_of(row["view"]["event"]["source"]) == agency
    ]
    return sorted(found, key=lambda row: (row["kind"], row["key"]))


@answers("reads", "submission")
def submission(db: Tables, agency: str, source: str, event_id: str) -> list[Line]:
    return db.where("own.submission", agency=agency, source=source, event_id=event_id)


@answers("reads", "rejected_submission")
def rejected_submission(_: Tables, *_about: Any) -> list[Line]:
    """Nothing: rejected records are not kept here."""
    return []


@answers("reads", "heartbeats")
def heartbeats(db: Tables) -> list[Line]:
    now = db.now()
    rows = sorted(db["own.heartbeat"], key=lambda row: str(row["service"]))
    return [row | {"seconds": (now - row["at"]).total_seconds()} for row in rows]


@answers("scheduling", "beat")
def beat(db: Tables, service: str, detail: dict[str, Any]) -> None:
    db.put("own.heartbeat", ("service",), service=service, at=db.now(), detail=detail)


def work_item(db: Tables, agency: str, key: str) -> Iterator[Line]:
    for row in db.where("derived.work_item", agency=agency, key=key):
        stream = row["stream"]
        cases = (
            db.where("derived.case_state", stream=stream) if _has_part(db, agency, stream) else []
        )
        case: Line = cases[0] if cases else {"opener": None, "law": None, "view": None}
        knows = bool(cases) and _may_know(db, agency, stream)
        yield {
            **row,
            "opener": case["opener"],
            "law": case["law"],
            "case_view": case["view"],
            "numbers": case["view"].get("numbers") if knows else None,
        }


# In the way in which storage.work builds its query.
_WORK = load("work")
ANSWERS[_WORK["item"].format(shown=_WORK["shown"], wanted=_WORK["wanted"])] = work_item


@answers("access", "note")
def note(db: Tables, *values: Any) -> None:
    db.copy_in("own.access", dict(zip(Looked.__slots__, values, strict=True)))


@answers("access", "accesses")
def accesses(db: Tables, stream: UUID, limit: int) -> list[Line]:
    rows = db.where("own.access", stream=stream)[::-1][:limit]
    return [{name: row.get(name) for name in NotedLook._fields} for row in rows]


@answers("access", "streams_of")
def streams_of(db: Tables, *columns: Sequence[Any]) -> list[Line]:
    found = []
    for one in lines("source id", *columns):
        rows = db.where("derived.event", **one)
        if not one["source"]:
            rows += db.where("derived.work_item", key=one["id"])
        found += [one | {"stream": stream} for stream in {row["stream"] for row in rows}]
    return sorted(found, key=lambda row: (row["source"], row["id"], row["stream"]))


def _has_part(db: Tables, agency: str, stream: UUID) -> bool:
    return agency == "admin" or bool(db.where("derived.party", agency=agency, stream=stream))


def _may_know(db: Tables, agency: str, stream: UUID) -> bool:
    """As derived.may_know: in a secret case, the holders of a role."""
    for case in db.where("derived.case_state", stream=stream):
        view = case["view"]
        is_open = not view.get("secrecy") and bool(view.get("regions"))
        return is_open or agency in (view.get("team") or ())
    return False
