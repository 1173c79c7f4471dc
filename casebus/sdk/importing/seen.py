"""The numbers that this run has met already, on disk, so that memory stays flat."""

from __future__ import annotations

import hashlib
import json
from typing import Self

from casebus.sdk import sqlite
from casebus.sdk.importing.issues import Issue, IssueCode
from casebus.sdk.importing.rows import ReadRow


class SeenRows:
    """Streams and their contents in one run of an import."""

    def __init__(self) -> None:
        # An empty name is SQLite's temporary database: on disk, gone when closed.
        self._db = sqlite.open_file("", isolation_level=None)
        self._db.execute(
            "create table seen (stream text primary key, row integer, said blob) without rowid"
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._db.close()

    def repeats(self, read: ReadRow, column: str) -> Issue | None:
        """The issue of a row whose number an earlier row of the file has; otherwise remember it."""
        said = hashlib.sha256(
            json.dumps([event.fields() for event in read.events], sort_keys=True).encode()
        ).digest()
        earlier = self._db.execute(
            "select row, said from seen where stream = ?", (read.stream,)
        ).fetchone()
        if earlier is None:
            self._db.execute("insert into seen values (?, ?, ?)", (read.stream, read.row, said))
            return None
        same = earlier[1] == said
        code = IssueCode.DUPLICATE_ROW if same else IssueCode.NUMBER_REPEATED
        return Issue(read.row, column, code, f"row {earlier[0]} has this number")
