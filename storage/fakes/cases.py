"""The rows that show cases, and the events that their folds see."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from functools import partial
from typing import Any
from uuid import UUID

from casebus.cases.facets import Row
from storage.cases import CaseRow, shapes
from storage.fakes.journal import record_of
from storage.fakes.tables import ANSWERS, Line, Tables, answers, lines
from storage.queries import load

_STATE = ("stream", "version", "law", "fold_version", "pinned", "renewing", "updated_at")
_PLACE = ("epoch", "partition", "log_index")
_HAND_OVER = "stream source id agency step unit epoch partition log_index at"
_IDENTITY_AND_STEP = ("stream", "source", "id", "agency", "step")


@answers("cases", "lock_cases", "standing_of")
def standing_of(db: Tables, streams: Sequence[UUID]) -> list[Line]:
    rows = sorted(db.among("derived.case_state", "stream", streams), key=_stream)
    return [{name: row[name] for name in _STATE} for row in rows]


@answers("cases", "among")
def among(db: Tables, streams: Sequence[UUID]) -> list[Line]:
    return db.among("derived.case_state", "stream", streams)


@answers("cases", "left_out")
def left_out(db: Tables, streams: Sequence[UUID]) -> list[Line]:
    return [row for row in db.among("derived.left_out", "stream", streams) if not row["told"]]


@answers("cases", "leave_out")
def leave_out(db: Tables, *columns: Sequence[Any]) -> None:
    for row in lines("stream source id told", *columns):
        db.add("derived.left_out", ("stream", "source", "id"), **row)


@answers("cases", "events_of")
def events_of(
    db: Tables,
    streams: Sequence[UUID],
    epoch: int | None,
    partition: int | None,
    log_index: int | None,
) -> Iterator[Line]:
    for row in sorted(db.among("derived.event", "stream", streams), key=_place):
        here = (row["epoch"], row["partition"]) == (epoch, partition)
        if here and log_index is not None and row["log_index"] >= log_index:
            continue
        identity = {name: row[name] for name in ("stream", "source", "id")}
        told = [one["told"] for one in db.where("derived.left_out", **identity)]
        if told == [False]:
            continue
        copies = sorted(db.where("derived.event_copy", **identity), key=_place)
        yield {
            **{name: row[name] for name in ("stream", *_PLACE)},
            **{name: record_of(db, row)[name] for name in ("value", "headers")},
            "conflicting": not all(one["same"] for one in copies),
            "copies": [record_of(db, one)["headers"] for one in copies if one["same"]],
            "beyond": bool(told),
        }


@answers("cases", "save_cases")
def save_cases(db: Tables, *columns: Sequence[Any]) -> None:
    for row in lines(" ".join(CaseRow.__slots__), *columns):
        db.put("derived.case_state", ("stream",), **row)


@answers("cases", "add_numbers")
def add_numbers(db: Tables, *columns: Sequence[Any]) -> None:
    _add(db, "derived.number", "value kind stream agency", *columns)


@answers("cases", "drop_numbers")
def drop_numbers(db: Tables, *columns: Sequence[Any]) -> None:
    _drop(db, "derived.number", "value kind stream agency", *columns)


@answers("matching", "add_traits")
def add_traits(db: Tables, *columns: Sequence[Any]) -> None:
    _add(db, "derived.trait", "kind value stream", *columns)


@answers("matching", "drop_traits")
def drop_traits(db: Tables, *columns: Sequence[Any]) -> None:
    _drop(db, "derived.trait", "kind value stream", *columns)


@answers("statistics", "add_homes")
def add_homes(db: Tables, *columns: Sequence[Any]) -> None:
    names = "agency division level sector name recorded_at source id"
    _add(db, "derived.agency_home", names, *columns)


@answers("evidence", "add_checkpoints")
def add_checkpoints(db: Tables, *values: Any) -> None:
    names = "epoch partition first_offset last_offset said_epoch said_partition said_index at"
    row = dict(zip(names.split(), values, strict=True))
    db.add("derived.checkpoint", ("said_epoch", "said_partition", "said_index"), **row)


@answers("evidence", "add_hand_overs")
def add_hand_overs(db: Tables, *values: Any) -> None:
    row = dict(zip(_HAND_OVER.split(), values, strict=True))
    db.add("derived.hand_over", _IDENTITY_AND_STEP, **row)


@answers("evidence", "note_recalls")
def note_recalls(db: Tables, stream: UUID, *columns: Sequence[Any]) -> None:
    for one in lines("source id by_source by_id", *columns):
        by = {"stream": stream, "source": one["by_source"], "id": one["by_id"]}
        for event in db.where("derived.event", **by):
            place = [event[name] for name in _PLACE]
            at = record_of(db, event)["appended_at"]
            told = (stream, one["source"], one["id"], event["author"], "recalled", None)
            add_hand_overs(db, *told, *place, at)


def _add(db: Tables, table: str, names: str, *columns: Sequence[Any]) -> None:
    for row in lines(names, *columns):
        db.add(table, names.split(), **row)


def _drop(db: Tables, table: str, names: str, *columns: Sequence[Any]) -> None:
    for row in lines(names, *columns):
        db.drop(table, **row)


def _drop_rows(shape: type[Row], db: Tables, streams: Sequence[UUID]) -> None:
    for stream in streams:
        db.drop(f"derived.{shape.TABLE}", stream=stream)


def _drop_some_rows(shape: type[Row], db: Tables, *places: Sequence[Any]) -> None:
    gone = {(one["stream"], one["key"]) for one in lines("stream key", *places)}
    for row in list(db[f"derived.{shape.TABLE}"]):
        if (row["stream"], str(row[shape.KEY])) in gone:
            db[f"derived.{shape.TABLE}"].remove(row)


def _of_each_facet(name: str, answer: Callable[..., None], **parts: str) -> None:
    """The one query that is written for any facet's table."""
    for shape in shapes():
        names = {"table": shape.TABLE} | ({"key": shape.KEY} if parts else {})
        ANSWERS[load("cases")[name].format(**names)] = partial(answer, shape)


_of_each_facet("drop_rows", _drop_rows)
_of_each_facet("drop_some_rows", _drop_some_rows, key="KEY")


def _stream(row: Line) -> UUID:
    stream: UUID = row["stream"]
    return stream


def _place(row: Line) -> tuple[Any, ...]:
    return tuple(row[name] for name in _PLACE)
