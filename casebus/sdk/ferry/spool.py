"""The spool: everything that one side of a ferry must remember, in one SQLite file.

One transaction keeps a whole bundle, numbers it and takes its items off the queue. Another keeps an
arrived item and counts its number. So a kill between any two steps loses nothing.
"""

from __future__ import annotations

import hashlib
import sqlite3
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime
from importlib import resources
from pathlib import Path
from typing import Self

from casebus.ferry.items import RECORD, FerryItem, ItemPart
from casebus.ferry.lane import Fault
from casebus.ferry.receiving import TakenUntil
from casebus.sdk import sqlite
from casebus.sql import composed

#: After so many bytes one read ends.
_MOST_BYTES = 16 * 1024 * 1024
_EVERY = """
    select place, line from arrived
    where kind = ? and topic = ? and place > ?
    order by place limit ?
"""
_WAITING = """
    select place, line from arrived
    where kind = ? and topic = ? and place > ? and done_at is null
    order by place limit ?
"""


class Spool:
    """The memory of one side, in one file; `open` makes it."""

    def __init__(self, db: sqlite3.Connection) -> None:
        self.db = db

    @classmethod
    def open(cls, path: Path) -> Self:
        """Raises CasebusError `store_unusable` or AwayError `store_locked`, as all methods do."""
        db = sqlite.open_file(path, isolation_level=None)
        try:
            db.execute("pragma journal_mode = wal")
            # A number must survive a power cut, or it is given twice.
            db.execute("pragma synchronous = full")
            db.executescript(resources.files(__package__).joinpath("spool.sql").read_text("utf-8"))
        except BaseException:
            db.close()
            raise
        return cls(db)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        self.db.close()

    @contextmanager
    def writing(self) -> Iterator[None]:
        """One transaction, all or nothing."""
        with sqlite.transaction(self.db):
            yield

    def fact(self, name: str, otherwise: str = "") -> str:
        row = self.db.execute("select value from fact where name = ?", (name,)).fetchone()
        return str(row[0]) if row else otherwise

    def set_fact(self, name: str, value: object) -> None:
        self.db.execute("insert or replace into fact values (?, ?)", (name, str(value)))

    def count(self, table: str) -> int:
        """Rows of one of this module's own tables."""
        query = composed("select count(*) from {table}", table=table)
        return int(self.db.execute(query).fetchone()[0])

    def to_deal_with(self) -> int:
        """The number of waiting items that are not records and that the agency reads by itself."""
        row = self.db.execute(
            "select count(*) from arrived where done_at is null and kind <> ?", (RECORD,)
        ).fetchone()
        return int(row[0])

    def forget(self, tables: Iterable[str]) -> None:
        """Empty some of this module's own tables."""
        for table in tables:
            self.db.execute(composed("delete from {table}", table=table))

    # What goes out.

    def queue(self, lines: Iterable[bytes], *, alone: bool = False) -> None:
        self.db.executemany(
            "insert into queued (line, alone) values (?, ?)", ((line, alone) for line in lines)
        )

    def queued(self, most: int) -> Iterator[tuple[int, bytes, bool]]:
        """The oldest queued items, read one by one, because each may have megabytes."""
        rows = self.db.execute(
            "select place, line, alone from queued order by place limit ?", (most,)
        )
        return ((place, line, bool(alone)) for place, line, alone in rows)

    def under_way(self) -> dict[int, float | None]:
        """The last time at which each unacknowledged bundle was put out; None: not yet."""
        return dict(self.db.execute("select number, put_at from sealed order by number"))

    def digests(self) -> dict[int, str]:
        return dict(self.db.execute("select number, digest from sealed"))

    def replaced(self) -> list[int]:
        return [row[0] for row in self.db.execute("select number from sealed where replaced")]

    def sealed(self, number: int) -> tuple[str, bytes]:
        """The name and the bytes of a bundle under way."""
        row = self.db.execute("select name, raw from sealed where number = ?", (number,)).fetchone()
        return str(row[0]), bytes(row[1])

    def bar(self, line: bytes, said: str) -> None:
        """Keep an item that the other side refuses, until a person decides."""
        self.unbar(line)
        self.db.execute(
            "insert into barred (line, said, barred_at) values (?, ?, ?)",
            (line, _shown(said), _now()),
        )

    def unbar(self, line: bytes) -> None:
        self.db.execute("delete from barred where line = ?", (line,))

    def barred(self) -> list[tuple[bytes, str]]:
        """The refused items, each with the reason."""
        return self.db.execute("select line, said from barred order by place").fetchall()

    # What comes in.

    def taken(self) -> TakenUntil:
        return TakenUntil(
            self.fact("in_epoch"),
            int(self.fact("in_number", "0")),
            self.fact("in_digest", TakenUntil().digest),
        )

    def set_taken(self, taken: TakenUntil) -> None:
        self.set_fact("in_epoch", taken.epoch)
        self.set_fact("in_number", taken.through)
        self.set_fact("in_digest", taken.digest)
        self.db.execute("insert into taken values (?, ?)", (taken.through, taken.digest))

    def digest_of(self, number: int) -> str:
        """The digest of the bundle taken under this number; empty if there is none."""
        row = self.db.execute("select digest from taken where number = ?", (number,)).fetchone()
        return str(row[0]) if row else ""

    def held(self) -> dict[int, str | None]:
        """Numbers that wait, each with the scanner's reason.

        None if the scanner did not refuse it.
        """
        return dict(self.db.execute("select number, refused from held order by number"))

    def hold(self, number: int, raw: bytes | None, refused: str | None = None) -> None:
        self.db.execute(
            "insert or replace into held values (?, ?, ?)",
            (number, raw, refused and _shown(refused)),
        )

    def held_bytes(self, number: int) -> bytes | None:
        row = self.db.execute(
            "select raw from held where number = ? and refused is null", (number,)
        ).fetchone()
        return bytes(row[0]) if row else None

    def keep_part(self, part: ItemPart) -> list[ItemPart]:
        """Keep a part; returns all parts of its line that are there now."""
        self.db.execute(
            "insert or replace into part values (?, ?, ?, ?)",
            (part.id, part.count, part.number, part.text),
        )
        rows = self.db.execute(
            "select id, number, count, text from part where id = ? and count = ?",
            (part.id, part.count),
        )
        return [ItemPart(*row) for row in rows]

    def drop_parts(self, of: ItemPart) -> None:
        self.db.execute("delete from part where id = ? and count = ?", (of.id, of.count))

    def arrive(self, line: bytes, item: FerryItem) -> bool:
        """Keep an item; False if the same item came before.

        An event or an answer to one is handled again if it comes again. The other side has not
        heard the outcome, and a copy of an event is the same event.
        """
        stream = item.record.key.decode(errors="replace") if item.record and item.record.key else ""
        done = self.db.execute(
            "insert into arrived (digest, kind, topic, stream, line) values (?, ?, ?, ?, ?)"
            " on conflict (digest) do update set line = excluded.line, done_at = null"
            " where kind <> 'record'",
            (
                hashlib.sha256(line).digest(),
                item.kind,
                str(item.about.get("topic", "")),
                stream,
                line,
            ),
        )
        return done.rowcount > 0

    def arrivals(
        self, kind: str, topic: str = "", after: int = 0, most: int = 500, *, every: bool = False
    ) -> list[tuple[int, FerryItem]]:
        """Items that nobody dealt with yet, or all items, in order, as many as fit in memory."""
        rows = self.db.execute(_EVERY if every else _WAITING, (kind, topic, after, most))
        found, room = [], _MOST_BYTES
        for place, line in rows:
            found.append((place, FerryItem.read(line)))
            room -= len(line)
            if room <= 0:
                break
        return found

    def deal_with(self, places: Iterable[int]) -> None:
        """Note that these items were dealt with; nobody reads them again."""
        self.db.executemany(
            "update arrived set done_at = ?, line = x'' where place = ?",
            [(_now(), place) for place in places],
        )

    def deal_with_before(self, kind: str, topic: str, before: int) -> None:
        """Note that all items before a place were dealt with; they may be read again."""
        self.db.execute(
            "update arrived set done_at = ?"
            " where kind = ? and topic = ? and place < ? and done_at is null",
            (_now(), kind, topic, before),
        )

    def remember_numbers(self, numbers: Iterable[str], stream: str) -> None:
        self.db.executemany(
            "insert or ignore into numbered values (?, ?)", [(one, stream) for one in numbers]
        )

    def streams_of(self, number: str) -> list[str]:
        rows = self.db.execute("select stream from numbered where number = ?", (number,))
        return [row[0] for row in rows]

    # Incidents that people must hear of.

    def note_scan(self, file: str, digest: str, exit_code: int, said: str) -> None:
        self.db.execute(
            "insert into scanned (file, digest, exit_code, said, scanned_at)"
            " values (?, ?, ?, ?, ?)",
            (_shown(file), digest, exit_code, _shown(said), _now()),
        )

    def note_incident(self, file: str, code: str, detail: str) -> None:
        """A broken chain remains an incident until this side or its incoming lane begins again."""
        if code == Fault.BROKEN_CHAIN:
            self.set_fact("broken", _shown(detail))
        self.db.execute(
            "insert into incident (file, code, detail, noted_at) values (?, ?, ?, ?)",
            (_shown(file), code, _shown(detail), _now()),
        )

    def rows(self, table: str, most: int = 20) -> list[Mapping[str, object]]:
        """The last rows of one of this module's own tables, the newest first."""
        query = composed("select * from {table} order by place desc limit ?", table=table)
        found = self.db.execute(query, (most,))
        names = [one[0] for one in found.description]
        return [dict(zip(names, row, strict=True)) for row in found]


def _shown(text: str) -> str:
    """Text that is safe for tables and terminals, because it may come from strangers."""
    return "".join(one if one.isprintable() else ascii(one)[1:-1] for one in text)


def _now() -> str:
    return datetime.now(UTC).isoformat()
