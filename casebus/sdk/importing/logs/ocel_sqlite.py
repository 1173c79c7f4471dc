"""Reads OCEL 2.0 SQLite: one table for each type of object and event."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

from casebus.sdk.importing.issues import FileError
from casebus.sdk.importing.logs.entries import OcelItem
from casebus.sql import composed
from casebus.words import in_words

#: Columns of a row that are not attributes.
_OWN = frozenset({"ocel_id", "ocel_time", "ocel_changed_field", "links", "rank"})


def read_sqlite(path: Path) -> Iterator[OcelItem]:
    """Objects first, then events; raises FileError `bad_log`."""
    try:
        uri = f"{path.resolve().as_uri()}?mode=ro&immutable=1"
        with closing(sqlite3.connect(uri, uri=True)) as db:
            # The file's own views and triggers may not call anything.
            db.execute("pragma trusted_schema = off")
            db.execute("pragma query_only = on")
            db.row_factory = sqlite3.Row
            yield from _objects(db)
            yield from _events(db)
    # SQLite's message about a damaged file may hold a damaged name.
    except (sqlite3.Error, UnicodeDecodeError) as error:
        raise FileError("bad_log", f"no OCEL 2.0: {in_words(error)}") from error


def _objects(db: sqlite3.Connection) -> Iterator[OcelItem]:
    for own_type, table in _tables(db, "object"):
        last: tuple[str, dict[str, str]] = ("", {})
        query = composed("select * from {table} order by ocel_id, ocel_time", table=table)
        for row in db.execute(query):
            if last[0] not in {"", row["ocel_id"]}:
                yield OcelItem("object", last[0], own_type, last[1])
            kept = last[1] if row["ocel_id"] == last[0] else {}
            last = (str(row["ocel_id"]), kept | _attributes(row))
        if last[0]:
            yield OcelItem("object", last[0], own_type, last[1])


def _events(db: sqlite3.Connection) -> Iterator[OcelItem]:
    for own_type, table in _tables(db, "event"):
        # The order of the log is that of its table of events.
        query = composed(
            "select e.*, (select rowid from event where ocel_id = e.ocel_id) as rank,"
            " (select json_group_array(json_array(ocel_object_id, ocel_qualifier))"
            " from event_object where ocel_event_id = e.ocel_id) as links from {table} e",
            table=table,
        )
        for row in db.execute(query):
            said = {"ocel:timestamp": str(row["ocel_time"] or ""), **_attributes(row)}
            links = tuple((str(one), str(kind or "")) for one, kind in json.loads(row["links"]))
            rank = int(row["rank"] or 0)
            yield OcelItem("event", str(row["ocel_id"]), own_type, said, links, rank)


def _tables(db: sqlite3.Connection, kind: str) -> list[tuple[str, str]]:
    """(type, its table) for objects or for events."""
    types = f"{kind}_map_type"
    found = db.execute(
        composed("select ocel_type, ocel_type_map from {types} order by 1", types=types)
    )
    return [(str(own_type), f"{kind}_{table}") for own_type, table in found.fetchall()]


def _attributes(row: sqlite3.Row) -> dict[str, str]:
    named = zip(row.keys(), row, strict=True)
    return {name: _text(value) for name, value in named if name not in _OWN and _has(value)}


def _has(value: Any) -> bool:
    return value is not None and value != ""


def _text(value: Any) -> str:
    return value.hex() if isinstance(value, bytes) else str(value)
