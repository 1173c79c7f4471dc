"""The journal, its fence, the statements about it, and the laws in force in it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any
from uuid import UUID

from casebus.events.types import LAW_ADOPTED
from casebus.trust.merkle import Frontier
from storage.fakes.tables import Line, Tables, answers, lines

_IDENTITY = "stream source id"
_NO_LEAVES = Frontier().to_bytes()


@answers("journal", "epoch")
def epoch(db: Tables) -> list[Line]:
    return [{"epoch": db.epoch}]


@answers("journal", "open_position")
def open_position(db: Tables, epoch: int, partition: int) -> None:
    place = {"epoch": epoch, "partition": partition}
    start = {"next_index": 0, "next_offset": 0, "frontier": _NO_LEAVES, "law": None}
    db.add("derived.journal_position", ("epoch", "partition"), **place, **start)


@answers("journal", "lock_position")
def lock_position(db: Tables, epoch: int, partition: int) -> list[Line]:
    [installation] = db["own.installation"]
    fold = {"fold_version": installation["fold_version"]}
    rows = db.where("derived.journal_position", epoch=epoch, partition=partition)
    return [row | fold for row in rows]


@answers("journal", "next_offsets")
def next_offsets(db: Tables, epoch: int, partitions: Sequence[int]) -> list[Line]:
    return [
        row
        for row in db.among("derived.journal_position", "partition", partitions)
        if row["epoch"] == epoch
    ]


@answers("scheduling", "journal_offsets")
def journal_offsets(db: Tables, partitions: Sequence[int]) -> list[Line]:
    return next_offsets(db, db.epoch, partitions)


@answers("journal", "advance_position")
def advance_position(db: Tables, epoch: int, partition: int, *place: Any) -> None:
    names = ("next_index", "next_offset", "frontier", "law")
    for row in db.where("derived.journal_position", epoch=epoch, partition=partition):
        row.update(zip(names, place, strict=True))


@answers("journal", "stored_leaves")
def stored_leaves(db: Tables, epoch: int, partition: int, first: int, last: int) -> list[Line]:
    rows = db.where("derived.journal", epoch=epoch, partition=partition)
    return [row for row in rows if first <= row["log_index"] <= last]


@answers("journal", "known_events")
def known_events(db: Tables, *identities: Sequence[Any]) -> Iterator[Line]:
    for one in lines(_IDENTITY, *identities):
        yield from db.where("derived.event", **one)


@answers("journal", "widen_recipients")
def widen_recipients(
    db: Tables, stream: UUID, source: str, event_id: str, recipients: Sequence[str]
) -> None:
    for row in db.where("derived.event", stream=stream, source=source, id=event_id):
        row["recipients"] = sorted({*row["recipients"], *recipients})


@answers("journal", "drop_parties")
def drop_parties(db: Tables, streams: Sequence[UUID]) -> None:
    for stream in streams:
        db.drop("derived.party", stream=stream)


@answers("journal", "add_parties")
def add_parties(db: Tables, *columns: Sequence[Any]) -> None:
    for row in lines("agency stream", *columns):
        db.add("derived.party", ("agency", "stream"), **row)


@answers("retries", "standing")
def standing(db: Tables, *identities: Sequence[Any]) -> Iterator[Line]:
    for row in known_events(db, *identities):
        yield row | record_of(db, row)


@answers("speaking", "spoken")
def spoken(db: Tables, epoch: int, partition: int) -> list[Line]:
    rows = db.where("own.spoken", epoch=epoch, partition=partition)
    return [{"next_index": row["next_index"]} for row in rows]


@answers("speaking", "note_spoken")
def note_spoken(db: Tables, epoch: int, partition: int, next_index: int) -> None:
    row = {"epoch": epoch, "partition": partition, "next_index": next_index}
    db.put("own.spoken", ("epoch", "partition"), **row)


@answers("speaking", "cases_among")
def cases_among(db: Tables, epoch: int, partition: int, first: int, until: int) -> list[Line]:
    here = {"epoch": epoch, "partition": partition}
    named = {
        row["stream"]
        for row in db.where("derived.journal", **here)
        if first <= row["log_index"] < until
    }
    later = {
        row["stream"] for row in db.where("derived.event", **here) if row["log_index"] >= until
    }
    return [{"stream": one} for one in named - later if db.where("derived.case_state", stream=one)]


@answers("law", "keep_bundle")
def keep_bundle(db: Tables, digest: str, body: bytes) -> None:
    db.add("own.law_bundle", ("digest",), digest=digest, body=body)


@answers("law", "bundle")
def bundle(db: Tables, digest: str) -> list[Line]:
    return [{"body": row["body"]} for row in db.where("own.law_bundle", digest=digest)]


@answers("stalling", "begin")
def begin(db: Tables, partition: int, reason: str, digest: str, adoption: str) -> None:
    why = {"reason": reason, "digest": digest, "adoption": adoption}
    since = [row["since"] for row in db.where("own.stalled", partition=partition)] or [db.now()]
    db.put("own.stalled", ("partition",), partition=partition, **why, since=since[0])


@answers("stalling", "end")
def end(db: Tables, partition: int) -> None:
    db.drop("own.stalled", partition=partition)


@answers("stalling", "stalled")
def stalled(db: Tables) -> list[Line]:
    return sorted(db["own.stalled"], key=lambda row: int(row["partition"]))


@answers("stalling", "is_voided")
def is_voided(db: Tables, adoption: str) -> list[Line]:
    return [{"exists": bool(db.where("own.adoption_voided", adoption=adoption))}]


@answers("stalling", "note_voided")
def note_voided(db: Tables, adoption: str, partition: int, digest: str) -> None:
    row = {"adoption": adoption, "partition": partition, "digest": digest}
    db.add("own.adoption_voided", ("adoption",), **row)


@answers("stalling", "adopted_in")
def adopted_in(db: Tables, epoch: int, partition: int) -> list[Line]:
    said = {"type": LAW_ADOPTED, "sector": "bus"}
    rows = db.where("derived.event", epoch=epoch, partition=partition, **said)
    rows.sort(key=lambda row: -row["log_index"])
    return [{"id": row["id"], "value": record_of(db, row)["value"]} for row in rows]


def record_of(db: Tables, event: Line) -> Line:
    """The journal's row of an event."""
    place = {name: event[name] for name in ("epoch", "partition", "log_index")}
    [found] = db.where("derived.journal", **place)
    return found
