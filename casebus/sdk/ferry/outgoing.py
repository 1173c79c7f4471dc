"""The sending end: from the queue into numbered bundles, kept in the outbox until acknowledged."""

from __future__ import annotations

from dataclasses import dataclass

from casebus.ferry.items import cut, filled
from casebus.ferry.lane import Fault, Lane
from casebus.ferry.sealed import NONE, OVERHEAD, Ack, FerryBundle, chained, name_of, opened_bundle
from casebus.ferry.sending import WINDOW, answered, in_place_of, overdue, require_own
from casebus.sdk.ferry.folders import Folders
from casebus.sdk.ferry.spool import Spool
from casebus.sdk.ferry.steps import Steps
from casebus.trust.keys import SigningKey

_MOST_ROWS = 1000


@dataclass(frozen=True, slots=True)
class Sender:
    spool: Spool
    folders: Folders
    lane: Lane
    key: SigningKey
    #: The largest file that the carrier takes, in bytes.
    limit: int
    #: Seconds without an answer after which a bundle is put out again.
    patience: float

    def answer(self, ack: Ack) -> None:
        """Drop the bundles that the other side has; put out again those it misses or refused.

        An answer that is not newer than the last has no effect. Raises FerryError
        `ferry_broken_chain` if the other side forgot bundles, or names bundles that this one never
        made.
        """
        if ack.serial <= int(self.spool.fact("ack_heard", "0")):
            return
        acknowledged = int(self.spool.fact("acknowledged", "0"))
        last = {acknowledged: self.spool.fact("acknowledged_digest", NONE)}
        require_own(ack, acknowledged, self.spool.digests() | last)
        found = answered(ack, self.spool.under_way(), self.spool.replaced())
        names = [self.spool.sealed(number)[0] for number in found.done]
        with self.spool.writing():
            self.spool.set_fact("ack_heard", ack.serial)
            self.spool.set_fact("acknowledged", ack.through)
            self.spool.set_fact("acknowledged_digest", ack.digest)
            for number in found.done:
                self.spool.db.execute("delete from sealed where number = ?", (number,))
            for number in found.again:
                self.spool.db.execute("update sealed set put_at = null where number = ?", (number,))
            for number, why in found.refused.items():
                self._replace(number, why)
        for name in names:
            self.folders.withdraw(name)

    def seal(self) -> None:
        """Number the queued items, as far as the window allows."""
        while len(self.spool.under_way()) < WINDOW and (batch := self._batch()):
            room = self.limit - OVERHEAD
            pieces = [piece for _, line in batch for piece in cut(line, room)]
            last = int(self.spool.fact("out_number", "0"))
            digest = self.spool.fact("out_digest", NONE)
            bundles = chained(list(filled(pieces, room)), self.lane, last, digest)
            with self.spool.writing():
                for one in bundles:
                    self._keep(one)
                self.spool.db.executemany(
                    "delete from queued where place = ?", [(place,) for place, _ in batch]
                )
                self.spool.set_fact("out_number", bundles[-1].number)
                self.spool.set_fact("out_digest", bundles[-1].digest)

    def put(self, now: float) -> None:
        """Put out the bundles that are not out yet, or are out so long that they may be lost."""
        under_way = self.spool.under_way()
        known = {number: at for number, at in under_way.items() if at is not None}
        steps = Steps()
        for number in sorted({*(under_way.keys() - known), *overdue(known, now, self.patience)}):
            with steps.step():
                self._put(number, now)
        steps.end()

    def tidy(self) -> None:
        """Remove from the outbox bundles that were acknowledged before a kill."""
        begins = f"{self.lane.agency}-{self.lane.direction}-b"
        kept = {self.spool.sealed(number)[0] for number in self.spool.under_way()}
        for path in self.folders.outbox.glob(f"{begins}*.zip"):
            if path.name not in kept:
                self.folders.withdraw(path.name)

    def _put(self, number: int, now: float) -> None:
        self.folders.put(*self.spool.sealed(number))
        with self.spool.writing():
            self.spool.db.execute("update sealed set put_at = ? where number = ?", (now, number))

    def _batch(self) -> list[tuple[int, bytes]]:
        """Queued lines for one bundle: one that must be alone, or as many as fit."""
        taken: list[tuple[int, bytes]] = []
        room = self.limit - OVERHEAD
        for place, line, alone in self.spool.queued(_MOST_ROWS):
            room -= len(line) + 1
            if taken and (alone or room < 0):
                break
            taken.append((place, line))
            if alone:
                break
        return taken

    def _keep(self, one: FerryBundle) -> None:
        self.spool.db.execute(
            "insert into sealed (number, name, digest, raw) values (?, ?, ?, ?)",
            (one.number, name_of(one), one.digest, one.seal(self.key)),
        )

    def _replace(self, number: int, why: str) -> None:
        """Replace a refused bundle by an empty one.

        Its items come again, each alone, to find the guilty one.
        """
        _, raw = self.spool.sealed(number)
        bundle = opened_bundle(raw, {self.key.keyid: self.key.public})
        self.spool.db.execute(
            "update sealed set raw = ?, replaced = 1, put_at = null where number = ?",
            (in_place_of(bundle).seal(self.key), number),
        )
        if len(bundle.lines) > 1:
            self.spool.queue(bundle.lines, alone=True)
            return
        self.spool.note_incident(name_of(bundle), Fault.SCAN_REFUSED, why)
        for line in bundle.lines:
            self.spool.bar(line, why)
