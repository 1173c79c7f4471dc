"""Compares signed heads with the leaves: each is the root of the recorded part, signed by the bus.

Heads of earlier epochs are compared with themselves: their records are in the present one.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import NamedTuple

from casebus.events.doors import BUS
from casebus.trust.directory import Directory
from casebus.trust.head import Head, LogName, cosigned_at, log_key, with_cosignature, witness_key
from casebus.trust.merkle import Frontier
from casebus.trust.note import NoteError, NoteSignature, SignedNote
from casebus.trust.tiles import hashes_above
from operations.verify.report import VerifyReport
from storage import heads
from storage.handles import Connection, Row
from storage.heads import Log
from storage.queries import load

_SQL = load("heads")
_LEAVES = 50_000


class NamedHead(NamedTuple):
    """A head with the place that names it."""

    size: int
    root: bytes


class HeadChecks:
    """Reads every head, the hashes above the leaves and the cosignatures, by one snapshot."""

    def __init__(
        self, report: VerifyReport, connection: Connection, directory: Directory, epoch: int
    ) -> None:
        self._report, self._connection = report, connection
        self._directory, self._epoch = directory, epoch
        #: The signed heads, by log and size.
        self._kept: dict[tuple[int, int, int], Row] = {}

    async def check(self) -> None:
        by_log: dict[Log, list[Row]] = {}
        for one in await self._connection.fetch(_SQL["logs_with_hashes"]):
            by_log[one["epoch"], one["partition"]] = []
        rows = await self._connection.fetch(_SQL["all_heads"])
        for row in rows:
            log = (row["epoch"], row["partition"])
            by_log.setdefault(log, []).append(row)
            self._kept[*log, row["size"]] = row
            self._says(row)
        await self._are_all_there(by_log)
        for log, said in by_log.items():
            if log[0] == self._epoch:
                await self._leads(log, [NamedHead(row["size"], row["root"]) for row in said])
        for row in await self._connection.fetch(_SQL["all_cosignatures"]):
            self._cosigned(row)
        self._report.count("signed heads", len(rows))

    async def _are_all_there(self, by_log: Mapping[Log, Sequence[Row]]) -> None:
        """Check that each log has as many heads as were signed, including the last one."""
        counted = await self._connection.fetch(_SQL["all_signed_logs"])
        signed = {(row["epoch"], row["partition"]): (row["heads"], row["size"]) for row in counted}
        for log in sorted(signed.keys() | by_log.keys()):
            said = by_log.get(log, ())
            count, last = signed.get(log, (0, 0))
            there = (len(said), said[-1]["size"] if said else 0)
            if there != (count, last):
                where = f"{log[0]}/{log[1]}: {there[0]} heads to size {there[1]}"
                self._report.problem("head_taken_away", f"{where}, signed were {count} to {last}")

    def root(self, log: Log, size: int) -> bytes | None:
        """The root of the kept head of this size."""
        row = self._kept.get((*log, size))
        return None if row is None else row["root"]

    async def named_elsewhere(self, log: Log, named: Mapping[NamedHead, str]) -> None:
        """True if the log leads to heads that are not kept; for each, the place that names it."""
        frontier = Frontier()
        for head in sorted(named):
            frontier = await self._grown(log, frontier, head.size, {})
            said = f"{log[0]}/{log[1]} of {head.size}: {named[head]}"
            # The leaves of earlier epochs are no longer here.
            if log[0] != self._epoch or (frontier.size, frontier.root()) == head:
                self._report.notice("head_not_kept", said)
            else:
                self._report.problem("head_of_another_log", said)

    def _says(self, row: Row) -> None:
        """Check that the row agrees with its note, and that a key of the bus signed the note."""
        frontier = Frontier.from_bytes(row["frontier"])
        origin = str(LogName(self._directory.root_digest, row["epoch"], row["partition"]))
        try:
            note = SignedNote.parse(row["note"])
            holds = Head.parse(note.text) == Head(origin, row["size"], row["root"])
        except NoteError:
            holds = False
        holds = holds and (frontier.size, frontier.root()) == (row["size"], row["root"])
        if not holds or not any(note.is_signed_by(log_key(origin, one)) for one in self._keys(BUS)):
            self._wrong("head_altered", (row["epoch"], row["partition"]), row["size"])

    async def _leads(self, log: Log, said: Sequence[NamedHead]) -> None:
        """Check that the leaves lead to each head, and to each hash that is kept above them."""
        frontier, above = Frontier(), dict[tuple[int, int], bytes]()
        for head in said:
            frontier = await self._grown(log, frontier, head.size, above)
            if (frontier.size, frontier.root()) != head:
                self._wrong("head_of_another_log", log, head.size)
        kept = await self._connection.fetch(_SQL["all_hashes"], *log)
        stored = {(row["level"], row["place"]): row["hash"] for row in kept}
        for place in sorted(set(stored.items()) ^ set(above.items())):
            where = f"own.log_hash {log[0]}/{log[1]}: level {place[0][0]}, place {place[0][1]}"
            self._report.problem("log_hash_altered", where)

    async def _grown(
        self, log: Log, frontier: Frontier, size: int, above: dict[tuple[int, int], bytes]
    ) -> Frontier:
        """The frontier with the leaves up to a size, or as many of them as there are."""
        while frontier.size < size:
            end = min(size, frontier.size + _LEAVES)
            leaves = await heads.leaves(self._connection, log, frontier.size, end)
            if not leaves:
                break
            above |= hashes_above(frontier, leaves)
            frontier = frontier.append(leaves)
        return frontier

    def _cosigned(self, row: Row) -> None:
        witness, log = row["witness"], (row["epoch"], row["partition"])
        head = self._kept.get((*log, row["size"]))
        if head is None:
            said = f"{log[0]}/{log[1]} of {row['size']}: {witness} has cosigned it"
            self._report.problem("head_taken_away", said)
            return
        try:
            line = NoteSignature.parse(row["line"].removesuffix("\n"))
            note = with_cosignature(SignedNote.parse(head["note"]), line)
        except NoteError:
            self._wrong("cosignature_altered", log, row["size"])
            return
        named = [witness_key(witness, one) for one in self._keys(witness)]
        if str(line) != row["line"] or not any(cosigned_at(note, one) for one in named):
            self._wrong("cosignature_altered", log, row["size"])

    def _keys(self, agency: str) -> Iterator[bytes]:
        """Revoked keys too: their earlier signatures stay valid."""
        return (one.public for one in self._directory.keys.values() if one.agency == agency)

    def _wrong(self, kind: str, log: Log, size: int) -> None:
        self._report.problem(kind, f"{log[0]}/{log[1]} of {size}")
