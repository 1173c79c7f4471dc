"""The local store: sequences, finished records before they are sent, handled deliveries.

SQLite in WAL mode. A record is stored signed and whole. So the record sent after a crash is byte
for byte the one that would have been sent before it (design rule 3, sequence numbers).
"""

from __future__ import annotations

import json
import platform
import sqlite3
import threading
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from importlib import resources
from pathlib import Path
from typing import Any, Self

from casebus.errors import CasebusError
from casebus.events.envelope import Header, Record
from casebus.sdk import sqlite
from casebus.sdk.importing.minting import KnownSlot
from casebus.sdk.owning import OwnerProcess
from casebus.sql import composed

_COLUMNS = (
    *("source", "stream", "id", "sequence", "request", "topic", "key", "value", "headers"),
    *("place", "partition", "offset"),
)
_FIND = composed(
    "select {columns} from outgoing where source = ? and stream = ? and id = ?", columns=_COLUMNS
)
_UNSENT = composed(
    "select {columns} from outgoing where offset is null and place > ? order by place limit ?",
    columns=_COLUMNS,
)
_AT = composed("select {columns} from outgoing where place = ?", columns=_COLUMNS)
_OF_STREAM = composed(
    "select {columns} from outgoing where stream = ? order by place", columns=_COLUMNS
)
_LATEST = composed("select {columns} from outgoing order by place desc limit ?", columns=_COLUMNS)


@dataclass(frozen=True, slots=True)
class StoredRecord:
    """A finished record, its topic, and the digest of the caller's request.

    The topic is empty if nobody could be asked for it; the signature does not cover the topic.
    """

    source: str
    stream: str
    id: str
    sequence: int
    request: bytes
    topic: str
    record: Record
    place: int = 0
    partition: int | None = None
    offset: int | None = None


def path_in(home: Path) -> Path:
    """The one store for all that a machine publishes, so that sequences have one keeper."""
    return home / "sdk" / "outgoing.sqlite"


def machine() -> str:
    """The name of this machine."""
    return platform.node()


class Store:
    """One file; `open` makes it and its folder."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection
        self._owner = OwnerProcess("the local store")
        #: Threads share the connection and so the transaction: one at a time.
        self._turn = threading.RLock()

    @classmethod
    def open(cls, path: Path) -> Self:
        """Raises CasebusError `store_unusable` if the file is no store or cannot be written.

        So does every method. AwayError `store_locked`: another process holds it.
        """
        try:
            for folder in (path.parent.parent, path.parent):
                folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        except OSError as error:
            raise CasebusError("store_unusable", f"{path.parent}: {error.strerror}") from error
        db = sqlite.open_file(path, isolation_level=None, check_same_thread=False)
        try:
            db.execute("pragma journal_mode = wal")
            # A finished record must survive a power cut, or its sequence is given twice.
            db.execute("pragma synchronous = full")
            db.executescript(resources.files(__package__).joinpath("store.sql").read_text("utf-8"))
            db.execute("insert or ignore into made values (1, ?)", (machine(),))
        except BaseException:
            db.close()
            raise
        return cls(db)

    def close(self) -> None:
        if self._owner.is_here():
            self._connection.close()

    @property
    def _db(self) -> sqlite3.Connection:
        self._owner.require()
        return self._connection

    @contextmanager
    def writing(self) -> Iterator[None]:
        """One transaction; threads and processes wait for it, so sequences have no holes."""
        self._owner.require()
        with self._turn, sqlite.transaction(self._db):
            yield

    def made_on(self) -> str:
        """The machine on which the store was made."""
        row = self._db.execute("select machine from made").fetchone()
        return str(row[0])

    @property
    def db(self) -> sqlite3.Connection:
        """The connection, for parts of the SDK that keep tables of their own in store.sql."""
        return self._db

    def next_sequence(self, source: str, stream: str) -> int:
        """Take the next number of (source, stream), from 1; call it inside `writing`."""
        row = self._db.execute(
            "insert into sequence values (?, ?, 1) on conflict (source, stream)"
            " do update set last = last + 1 returning last",
            (source, stream),
        ).fetchone()
        return int(row[0])

    def find(self, source: str, stream: str, event: str) -> StoredRecord | None:
        row = self._db.execute(_FIND, (source, stream, event)).fetchone()
        return _outgoing(row) if row else None

    def where(
        self, source: str, stream: str, event: str
    ) -> tuple[int, str, int | None, int | None] | None:
        """A kept record's sequence, topic, partition and offset, without the record."""
        row = self._db.execute(
            "select sequence, topic, partition, offset from outgoing"
            " where source = ? and stream = ? and id = ?",
            (source, stream, event),
        ).fetchone()
        return None if row is None else (int(row[0]), str(row[1]), row[2], row[3])

    def keep(self, records: Iterable[StoredRecord]) -> None:
        """Keep finished records; call it inside `writing`."""
        self._db.executemany(
            "insert into outgoing (source, stream, id, sequence, request, topic, key, value,"
            " headers) values (?, ?, ?, ?, ?, ?, ?, ?, ?)",
            (
                (
                    one.source,
                    one.stream,
                    one.id,
                    one.sequence,
                    one.request,
                    one.topic,
                    one.record.key,
                    one.record.value,
                    _pack(one.record.headers),
                )
                for one in records
            ),
        )

    def waiting(self, limit: int, after: int = 0) -> list[StoredRecord]:
        """The oldest records that Kafka has not taken yet, in the order they were finished."""
        rows = self._db.execute(_UNSENT, (after, limit))
        return [_outgoing(row) for row in rows]

    def at(self, place: int) -> StoredRecord | None:
        row = self._db.execute(_AT, (place,)).fetchone()
        return _outgoing(row) if row else None

    def waiting_identities(self) -> list[tuple[str, str, str]]:
        """(source, stream, id) of each of them, in the same order."""
        return self._db.execute(
            "select source, stream, id from outgoing where offset is null order by place"
        ).fetchall()

    def of_stream(self, stream: str) -> list[StoredRecord]:
        """The records of this machine in a case, in the order in which they were finished."""
        rows = self._db.execute(_OF_STREAM, (stream,))
        return [_outgoing(row) for row in rows]

    def streams(self) -> list[str]:
        """The cases in which this machine finished a record."""
        return [row[0] for row in self._db.execute("select distinct stream from outgoing")]

    def latest(self, limit: int = 100) -> list[StoredRecord]:
        """The records finished last, the newest first."""
        rows = self._db.execute(_LATEST, (limit,))
        return [_outgoing(row) for row in rows]

    def waiting_count(self) -> int:
        row = self._db.execute("select count(*) from outgoing where offset is null").fetchone()
        return int(row[0])

    def address(self, place: int, topic: str) -> None:
        """Note the topic of a record that was kept without one."""
        self._db.execute("update outgoing set topic = ? where place = ?", (topic, place))

    def mark_sent(self, places: Iterable[tuple[int, int, int]]) -> None:
        """Note (place, partition, offset) of records that Kafka has taken."""
        now = datetime.now(UTC).isoformat()
        with self.writing():
            self._db.executemany(
                "update outgoing set partition = ?, offset = ?, sent_at = ? where place = ?",
                [(partition, offset, now, place) for place, partition, offset in places],
            )

    def forget_sent(self, since: datetime) -> int:
        """Mark records sent since then as unsent: the bus was restored to an earlier day."""
        with self.writing():
            return self._db.execute(
                "update outgoing set partition = null, offset = null, sent_at = null"
                " where sent_at >= ?",
                (since.astimezone(UTC).isoformat(),),
            ).rowcount

    def slots(self, stream: str) -> dict[str, KnownSlot]:
        """The imports' last contents of a case, by slot."""
        rows = self._db.execute(
            "select slot, id, source, fields, revision from slot where stream = ?", (stream,)
        )
        return {row[0]: KnownSlot(row[1], row[2], json.loads(row[3]), row[4]) for row in rows}

    def remember_slots(self, stream: str, slots: Mapping[str, KnownSlot]) -> None:
        """Keep the import's present content; call it inside `writing`."""
        self._db.executemany(
            "insert into slot (stream, slot, source, id, revision, fields)"
            " values (?, ?, ?, ?, ?, ?) on conflict (stream, slot)"
            " do update set revision = excluded.revision, fields = excluded.fields",
            [
                (stream, name, one.source, one.id, one.revision, json.dumps(one.fields))
                for name, one in slots.items()
            ],
        )

    def is_handled(self, agency: str, source: str, stream: str, event: str) -> bool:
        row = self._db.execute(
            "select 1 from handled where agency = ? and stream = ? and source = ? and id = ?",
            (agency, stream, source, event),
        ).fetchone()
        return row is not None

    def mark_handled(self, agency: str, source: str, stream: str, event: str) -> None:
        """Note that a handler finished a delivery; call it inside `writing`."""
        self._db.execute(
            "insert or ignore into handled values (?, ?, ?, ?, ?)",
            (agency, source, stream, event, datetime.now(UTC).isoformat()),
        )


def _outgoing(row: tuple[Any, ...]) -> StoredRecord:
    source, stream, event, sequence, request, topic, key, value, headers, *where = row
    record = Record(key, value, _unpack(headers))
    return StoredRecord(source, stream, event, sequence, request, topic, record, *where)


def _pack(headers: Iterable[Header]) -> bytes:
    # The envelope makes headers of a finished record in UTF-8.
    return json.dumps([[name, raw.decode()] for name, raw in headers]).encode()


def _unpack(raw: bytes) -> tuple[Header, ...]:
    return tuple((name, text.encode()) for name, text in json.loads(raw))
