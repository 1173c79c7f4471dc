"""Signed heads against the leaves: each is the root of what is recorded, and signed by the bus.

Heads of earlier epochs are held against themselves: their records stand in the present one.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

from casebus.errors import CasebusError
from casebus.trust.directory import BUS, Directory
from casebus.trust.head import Head, Origin, cosigned_at, log_key, with_cosignature, witness_key
from casebus.trust.merkle import Frontier
from casebus.trust.note import NoteError, NoteSignature, SignedNote
from casebus.trust.receipt import Receipt, ReceiptError, check
from casebus.trust.tiles import hashes_above
from onebox.verify.records import headers_of
from onebox.verify.report import Report
from storage import heads
from storage.heads import Log, Place
from storage.queries import load

_SQL = load("heads")
_LEAVES = 50_000
_JSON = b"application/json"


class Heads:
    """Reads every head, the hashes above the leaves and the cosignatures, by one snapshot."""

    def __init__(self, report: Report, connection: Any, directory: Directory, epoch: int) -> None:
        self._report, self._connection = report, connection
        self._directory, self._epoch = directory, epoch

    async def check(self) -> None:
        rows = await self._connection.fetch(_SQL["all_heads"])
        by_log: dict[Log, list[Any]] = {}
        for row in rows:
            by_log.setdefault((row["epoch"], row["partition"]), []).append(row)
            self._says(row)
        for log, said in by_log.items():
            if log[0] == self._epoch:
                await self._leads(log, said)
        notes = {(row["epoch"], row["partition"], row["size"]): row["note"] for row in rows}
        for row in await self._connection.fetch(_SQL["all_cosignatures"]):
            self._cosigned(row, notes[row["epoch"], row["partition"], row["size"]])
        self._report.count("signed heads", len(rows))

    def _says(self, row: Any) -> None:
        """The row says what its note says, and a key of the bus has signed it."""
        frontier = Frontier.from_bytes(row["frontier"])
        origin = str(Origin(self._directory.root_digest, row["epoch"], row["partition"]))
        try:
            note = SignedNote.parse(row["note"])
            holds = Head.parse(note.text) == Head(origin, row["size"], row["root"])
        except NoteError:
            holds = False
        holds = holds and (frontier.size, frontier.root()) == (row["size"], row["root"])
        if not holds or not any(note.is_signed_by(log_key(origin, one)) for one in self._keys(BUS)):
            self._wrong("head_altered", row)

    async def _leads(self, log: Log, said: Sequence[Any]) -> None:
        """The leaves lead to each head, and to each hash that is kept above them."""
        frontier, above = Frontier(), dict[tuple[int, int], bytes]()
        for row in said:
            while frontier.size < row["size"]:
                end = min(row["size"], frontier.size + _LEAVES)
                leaves = await heads.leaves(self._connection, log, frontier.size, end)
                if not leaves:
                    break
                above |= hashes_above(frontier, leaves)
                frontier = frontier.append(leaves)
            if (frontier.size, frontier.root()) != (row["size"], row["root"]):
                self._wrong("head_of_another_log", row)
        kept = await self._connection.fetch(_SQL["all_hashes"], *log)
        stored = {(row["level"], row["place"]): row["hash"] for row in kept}
        for place in sorted(set(stored.items()) ^ set(above.items())):
            where = f"own.log_hash {log[0]}/{log[1]}: level {place[0][0]}, place {place[0][1]}"
            self._report.problem("log_hash_altered", where)

    def _cosigned(self, row: Any, text: str) -> None:
        witness = row["witness"]
        try:
            line = NoteSignature.parse(row["line"].removesuffix("\n"))
            note = with_cosignature(SignedNote.parse(text), line)
        except NoteError:
            self._wrong("cosignature_altered", row)
            return
        named = [witness_key(witness, one) for one in self._keys(witness)]
        if str(line) != row["line"] or not any(cosigned_at(note, one) for one in named):
            self._wrong("cosignature_altered", row)

    def _keys(self, agency: str) -> Iterator[bytes]:
        """Revoked ones too: what they signed before stands."""
        return (one.public for one in self._directory.keys.values() if one.agency == agency)

    def _wrong(self, kind: str, row: Any) -> None:
        where = f"{row['epoch']}/{row['partition']} of {row['size']}"
        self._report.problem(kind, where)


class Said(NamedTuple):
    """What a receipt is for: step, source, id and receiver, and where its record stands."""

    log_place: Place
    about: tuple[str, str, str, str]


class ReceiptsSent:
    """The agencies' own topics of receipts: each proves what it says, to whom it is owed."""

    def __init__(self, report: Report, connection: Any, directory: Directory) -> None:
        self._report, self._connection, self._directory = report, connection, directory
        self._recorded: dict[Log, int] = {}
        self.bytes = 0

    async def take(self, topic: str, records: Sequence[Any]) -> None:
        author = topic.removeprefix("agency.").removesuffix(".receipts")
        read = [self._read(record) for record in records]
        owed = await self._owed(author, [said.log_place for said in read if said is not None])
        for record, said in zip(records, read, strict=True):
            self.bytes += len(record.value or b"")
            if said is None or not (said in owed or await self._is_beyond(said)):
                where = f"{topic}/{record.partition}/{record.offset}"
                self._report.problem("receipt_altered", where)
        self._report.count("receipts sent", len(records))

    def _read(self, record: Any) -> Said | None:
        """What a receipt says, if it proves its place."""
        try:
            given = json.loads(record.value or b"")
            receipt, of = Receipt.from_json(given), given["of"]
            said = (given["step"], of["source"], of["id"], of["agency"] or "")
            origin = Origin.parse(receipt.proof.head.origin)
            self._prove(receipt)
        except (CasebusError, ValueError, KeyError, TypeError):
            return None
        framed = record.key == receipt.stream.encode()
        if origin is None or not framed or dict(headers_of(record)).get("content-type") != _JSON:
            return None
        return Said((origin.epoch, origin.partition, receipt.proof.index), said)

    def _prove(self, receipt: Receipt) -> None:
        try:
            check(receipt, self._directory)
        except ReceiptError as error:
            # That the key was revoked since changes nothing of what was sent.
            if error.code != "receipt_key_revoked":
                raise

    async def _owed(self, author: str, places: Sequence[Place]) -> set[Said]:
        """What is owed at the places, asked for in one stretch a log."""
        found: set[Said] = set()
        for log in {place[:2] for place in places}:
            here = [place[2] for place in places if place[:2] == log]
            rows = await heads.owed(self._connection, log, min(here), max(here) + 1, [author])
            found |= {Said(one.place, (one.step, one.source, one.id, one.agency)) for one in rows}
        return found

    async def _is_beyond(self, said: Said) -> bool:
        """Whether the place is none that this snapshot has: recorded since, or of another epoch."""
        log = said.log_place[:2]
        if log not in self._recorded:
            self._recorded[log] = await heads.recorded(self._connection, log)
        return said.log_place[2] >= self._recorded[log]
