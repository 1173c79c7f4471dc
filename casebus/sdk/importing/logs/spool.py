"""A temporary database on disk: objects to look up, events to sort. Memory stays flat."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator
from typing import Self

from casebus.sdk import sqlite
from casebus.sdk.importing.issues import Issue, IssueCode, RowNumber
from casebus.sdk.importing.logs.entries import Entries, LogEntry

_SCHEMA = """
create table object (id text primary key, type text, attributes text) without rowid;
create table event (moment real, at integer, attributes text);
create table link (event integer, object text);
create table sorted (moment real, at integer, place integer, sheet text, body text);
"""
#: If a time-stamp cannot be read, its event comes last and is refused there.
LAST = float("inf")


class LogSpool:
    """Use it with `with`; its content is gone afterwards."""

    def __init__(self) -> None:
        # An empty name is SQLite's temporary database.
        self.db = sqlite.open_file("", isolation_level=None)
        self.db.executescript(_SCHEMA)
        self.db.execute("begin")

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.db.close()

    def add_object(self, own_id: str, own_type: str, attributes: str) -> None:
        self.db.execute(
            "insert or replace into object values (?, ?, ?)", (own_id, own_type, attributes)
        )

    def add_event(self, order: tuple[float, int], attributes: str, objects: Iterable[str]) -> None:
        """Add an event at its place: by moment, then in the log's own order."""
        moment, at = order
        row = self.db.execute("insert into event values (?, ?, ?)", (moment, at, attributes))
        self.db.executemany("insert into link values (?, ?)", [(row.lastrowid, x) for x in objects])

    def object_types(self) -> list[str]:
        found = self.db.execute("select distinct type from object order by type")
        return [str(one) for (one,) in found]

    def events_of(self, case_type: str) -> Iterator[tuple[int, str, str | None, str | None]]:
        """(place, attributes, object, its attributes) in order, once for each such object."""
        self.db.execute("create index link_event on link (event)")
        yield from self.db.execute(
            "select e.at, e.attributes, o.id, o.attributes from event e"
            " left join (select link.event, object.id, object.attributes from link"
            " join object on object.id = link.object where object.type = ?) o"
            " on o.event = e.rowid order by e.moment, e.at, o.id",
            (case_type,),
        )

    def by_time(self, entries: Entries, moment: Callable[[LogEntry], float]) -> Entries:
        """The entries by their moments, in their own order if moments tie."""
        rows = (_packed(at, entry, moment) for at, entry in enumerate(entries))
        self.db.executemany("insert into sorted values (?, ?, ?, ?, ?)", rows)
        found = self.db.execute("select place, sheet, body from sorted order by moment, at")
        return (_unpacked(*row) for row in found)


def _packed(
    at: int, entry: LogEntry | Issue, moment: Callable[[LogEntry], float]
) -> tuple[float, int, int, str, str]:
    if isinstance(entry, Issue):
        body = [entry.column, str(entry.code), entry.detail, entry.refused]
        return LAST, at, int(entry.row), entry.sheet, json.dumps(body)
    said = {"attributes": dict(entry.attributes), "about": dict(entry.about)}
    return moment(entry), at, int(entry.place), entry.place.sheet, json.dumps(said)


def _unpacked(place: int, sheet: str, body: str) -> LogEntry | Issue:
    said, where = json.loads(body), RowNumber(place, sheet)
    if isinstance(said, list):
        column, code, detail, refused = said
        return Issue(where, column, IssueCode(code), detail, refused)
    return LogEntry(where, said["attributes"], said["about"])
