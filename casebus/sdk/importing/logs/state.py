"""The memory of a load, in the local store: its position, each case's last event, each event.

A batch is changed in memory and written in the transaction that keeps its finished records. So
position and records are kept together or not at all.
"""

from __future__ import annotations

import hashlib
import json
import uuid
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Any

from casebus.sdk.importing.minting import MintedEvent
from casebus.sdk.store import Store
from casebus.sql import composed

#: Tables of a dry run's own, which it forgets, and the unique key of each. It reads the `logged`
#: table, and writes nothing.
_OWN = {
    "load_seen": ("load", "stream", "key"),
    "load_case": ("stream",),
    "load_held": ("stream", "id"),
}


@dataclass(frozen=True, slots=True)
class LoadedCase:
    """The last event of a case: `legal` is its legal time as text that sorts."""

    load: int
    id: str = ""
    legal: str = ""
    #: The other case that has the number; nothing of this one is taken.
    barred: str = ""


@dataclass(frozen=True, slots=True)
class Logged:
    """An event that an earlier load or this one took; `said` is the digest of its fields."""

    id: str
    source: str
    said: bytes
    revision: int = 0
    #: The values in force since it was corrected; None while its first record is in force.
    fields: dict[str, Any] | None = None


class LoadState:
    """One load's memory. `dry` keeps its changes out of the store."""

    def __init__(self, store: Store, *, dry: bool) -> None:
        self._store = store
        self._dry = dry
        self.load = 0
        #: True if the bus holds anything of it; None until that is looked up.
        self._holds: bool | None = None
        self._counts: dict[tuple[bytes, bytes], int] = {}
        self._cases: dict[bytes, LoadedCase] = {}
        self._logged: dict[tuple[bytes, bytes], Logged] = {}

    def position(self, import_id: str, file: str, mapping: str) -> tuple[int, dict[str, Any]]:
        """The number of entries that an unfinished load of this file has done, and its summary."""
        row = self._store.db.execute(
            "select id, position, summary from load where import = ? and file = ? and mapping = ?",
            (import_id, file, mapping),
        ).fetchone()
        return (0, {}) if row is None or self._dry else (int(row[1]), json.loads(row[2]))

    def begin(self, import_id: str, file: str, mapping: str) -> None:
        """Go on with this load, or begin it; another unfinished one of the import is given up."""
        db = self._store.db
        if self._dry:
            for table, once in _OWN.items():
                db.execute(composed("drop table if exists temp.{table}", table=table))
                db.execute(
                    composed(
                        "create temp table {table} as select * from main.{table} limit 0",
                        table=table,
                    )
                )
                db.execute(
                    composed(
                        "create unique index temp.{index} on {table} ({once})",
                        index=f"{table}_key",
                        table=table,
                        once=once,
                    )
                )
            return
        with self._store.writing():
            db.execute(
                "delete from load where import = ? and not (file = ? and mapping = ?)",
                (import_id, file, mapping),
            )
            db.execute(
                "insert or ignore into load (import, file, mapping, position, summary)"
                " values (?, ?, ?, 0, '{}')",
                (import_id, file, mapping),
            )
            found = db.execute("select id from load where import = ?", (import_id,)).fetchone()
            self.load = int(found[0])
            # Counts of loads that were given up or finished.
            db.execute("delete from load_seen where load not in (select id from load)")

    def occurrence(self, stream: str, key: str) -> int:
        """The number of times that this load has met `key` in this case, this one included."""
        place = (_stream(stream), _key(key))
        known = self._counts.get(place)
        if known is None:
            row = self._store.db.execute(
                "select count from load_seen where load = ? and stream = ? and key = ?",
                (self.load, *place),
            ).fetchone()
            known = int(row[0]) if row else 0
        self._counts[place] = known + 1
        return known + 1

    def case(self, stream: str) -> LoadedCase | None:
        packed = _stream(stream)
        if packed in self._cases:
            return self._cases[packed]
        row = self._store.db.execute(
            "select load, id, legal, barred from load_case where stream = ?", (packed,)
        ).fetchone()
        return LoadedCase(*row) if row else None

    def set_case(self, stream: str, case: LoadedCase) -> None:
        self._cases[_stream(stream)] = replace(case, load=self.load)

    def logged(self, stream: str, key: str) -> Logged | None:
        place = (_stream(stream), _key(key))
        if place in self._logged:
            return self._logged[place]
        row = self._store.db.execute(
            "select id, source, said, revision, fields from logged where stream = ? and key = ?",
            place,
        ).fetchone()
        if row is None:
            return None
        own_id, source, said, revision, fields = row
        return Logged(own_id, source, said, revision, json.loads(fields) if fields else None)

    def set_logged(self, stream: str, key: str, logged: Logged) -> None:
        self._logged[_stream(stream), _key(key)] = logged

    def hold(self, stream: str, ids: list[str]) -> None:
        """Note what the bus holds of a case."""
        packed, self._holds = _stream(stream), None
        self._store.db.executemany(
            "insert or ignore into load_held values (?, ?)", [(packed, one) for one in ids]
        )

    def is_held(self, event: MintedEvent) -> bool:
        if self._holds is None:
            found = self._store.db.execute("select 1 from load_held limit 1").fetchone()
            self._holds = found is not None
        if not self._holds:
            return False
        row = self._store.db.execute(
            "select 1 from load_held where stream = ? and id = ?", (_stream(event.stream), event.id)
        ).fetchone()
        return row is not None

    def write(self, position: int, summary: dict[str, object]) -> None:
        """Keep the changes of the batch; call it inside `writing`."""
        db = self._store.db
        db.executemany(
            "insert or replace into load_seen values (?, ?, ?, ?)",
            [(self.load, *place, count) for place, count in self._counts.items()],
        )
        db.executemany(
            "insert or replace into load_case values (?, ?, ?, ?, ?)",
            [(s, one.load, one.id, one.legal, one.barred) for s, one in self._cases.items()],
        )
        if not self._dry:
            self._write_logged()
            db.execute(
                "update load set position = ?, summary = ? where id = ?",
                (position, json.dumps(summary), self.load),
            )

    def forget_batch(self) -> None:
        """Start the next batch; from now on, the values kept by `write` are read from the store."""
        self._counts, self._cases, self._logged = {}, {}, {}

    def finish(self) -> None:
        """End the load: the next load of the file begins at its start."""
        if self._dry:
            for table in _OWN:
                self._store.db.execute(composed("drop table temp.{table}", table=table))
            return
        with self._store.writing():
            self._store.db.execute("delete from load where id = ?", (self.load,))
            self._store.db.execute("delete from load_seen where load = ?", (self.load,))

    def _write_logged(self) -> None:
        self._store.db.executemany(
            "insert or replace into logged values (?, ?, ?, ?, ?, ?, ?)",
            [
                (*place, one.id, one.source, one.revision, one.said, _packed(one.fields))
                for place, one in self._logged.items()
            ],
        )


@lru_cache(maxsize=4096)
def _stream(stream: str) -> bytes:
    return uuid.UUID(stream).bytes


def _key(key: str) -> bytes:
    return hashlib.sha256(key.encode()).digest()[:16]


def _packed(fields: dict[str, Any] | None) -> str | None:
    return None if fields is None else json.dumps(fields, ensure_ascii=False)
