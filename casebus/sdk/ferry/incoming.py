"""The receiving end: moves files from the inbox folder into the spool, and answers for them."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from casebus.errors import CasebusError
from casebus.ferry.items import FerryItem, joined, part_of
from casebus.ferry.lane import Direction, Fault, FerryError, Lane
from casebus.ferry.receiving import Fate, acknowledged, fate, require_lane
from casebus.ferry.sealed import (
    LARGEST,
    Ack,
    FerryBundle,
    Peers,
    contents,
    name_of,
    opened,
    opened_bundle,
)
from casebus.sdk.ferry.folders import Folders
from casebus.sdk.ferry.scanning import ScanVerdict, scan
from casebus.sdk.ferry.spool import Spool
from casebus.sdk.ferry.steps import Steps
from casebus.trust.keys import SigningKey

#: So many times the patience passes before the first bundle of a lane counts as lost for good.
_WAITS = 10
#: The most seconds by which a file's mark may be ahead, by the clock of the folder's machine.
_MOST_AHEAD = 3600.0
#: Called with each item that is new, in the transaction that keeps it.
OnItem = Callable[[FerryItem], None]


@dataclass(frozen=True, slots=True)
class Receiver:
    """Takes arrived files; `direction` is that of the incoming lane."""

    spool: Spool
    folders: Folders
    agency: str
    direction: Direction
    peers: Peers
    key: SigningKey
    scanner: Sequence[str]
    #: A folder of our own for files under scan, so that nobody changes them meanwhile.
    looked_at: Path
    #: Seconds for which an unreadable file may still be under construction.
    settle: float
    #: Seconds after which a missing bundle is asked for again.
    patience: float

    def receive(
        self, now: float, own: Lane, on_ack: Callable[[Ack], None], on_item: OnItem
    ) -> None:
        """Look at each file once; an acknowledgement is for the lane `own`.

        A file that cannot be read, kept or scanned stays. It is reported at the end by CasebusError
        `ferry_folder` or `ferry_scanner_failed`.
        """
        steps = Steps()
        for path in self.folders.came():
            with steps.step():
                self._file(path, now, own, on_ack)
        while self._next(on_item):
            pass
        steps.end()

    def tidy(self) -> None:
        """Remove from the outbox acknowledgements from before a kill, or of another epoch."""
        kept = self.spool.fact("ack_name")
        for path in self.folders.outbox.glob(f"{self.agency}-{self.direction}-ack*.zip"):
            if path.name != kept:
                self.folders.withdraw(path.name)

    def acknowledge(self, now: float) -> None:
        """Put out an acknowledgement of the last bundle taken, if one is due."""
        taken, held = self.spool.taken(), self.spool.held()
        refused = {number: why for number, why in held.items() if why is not None}
        waits = bool(held) and now - float(self.spool.fact("acked_at", "0")) >= self.patience
        if not taken.epoch or not (waits or self.spool.fact("ack_owed")):
            return
        spoiled = bool(self.spool.fact("spoiled"))
        # Taken from the clock, so that a restored spool gives no number that the other side has
        # seen.
        serial = max(int(self.spool.fact("ack_serial", "0")) + 1, int(now))
        lane = Lane(self.agency, self.direction, taken.epoch)
        ack = acknowledged(lane, serial, taken, held, refused, spoiled=spoiled)
        self.folders.put(name_of(ack), ack.seal(self.key))
        with self.spool.writing():
            self.spool.set_fact("ack_serial", serial)
            self.spool.set_fact("ack_name", name_of(ack))
            self.spool.set_fact("acked_at", now)
            for owed in ("ack_owed", "spoiled"):
                self.spool.set_fact(owed, "")
        self.tidy()

    def _file(self, path: Path, now: float, own: Lane, on_ack: Callable[[Ack], None]) -> None:
        try:
            found = path.lstat()
            if found.st_size > LARGEST:
                self._too_large(path)
                return
            raw = self.folders.read(path, LARGEST + 1)
        except FileNotFoundError:
            # The mover took the file back.
            return
        try:
            read = opened(raw, self.peers)
            self._require_ours(read, own)
            if isinstance(read, FerryBundle) and not self._begins(read):
                self._wait_for_first(path, read, now)
            elif isinstance(read, FerryBundle):
                self._bundle(path, raw, read)
            elif self._clean(path, raw, read):
                on_ack(read)
                self.folders.remove(path)
        except FerryError as error:
            if error.code == Fault.UNREADABLE and _is_arriving(found, now, self.settle):
                return
            self._not_taken(path, raw, error)

    def _require_ours(self, read: FerryBundle | Ack, own: Lane) -> None:
        if isinstance(read, Ack):
            require_lane(read.lane, self.agency, own.direction, own.epoch)
            return
        past = self.spool.fact("past_epochs").split()
        require_lane(read.lane, self.agency, self.direction, self.spool.taken().epoch, past)

    def _begins(self, bundle: FerryBundle) -> bool:
        """Begin the epoch that its first bundle names."""
        return bool(self.spool.taken().epoch) or bundle.number == 1

    def _wait_for_first(self, path: Path, bundle: FerryBundle, now: float) -> None:
        """Report a first bundle that does not come.

        If it was acknowledged before, only a new epoch brings another.
        """
        since = self.spool.fact("first_waited_since")
        if not since:
            with self.spool.writing():
                self.spool.set_fact("first_waited_since", now)
        elif now - float(since) >= _WAITS * self.patience and not self.spool.fact("broken"):
            detail = f"number {bundle.number} came and no first: is this side's spool a new one?"
            with self.spool.writing():
                self.spool.note_incident(path.name, Fault.BROKEN_CHAIN, detail)

    def _bundle(self, path: Path, raw: bytes, bundle: FerryBundle) -> None:
        held = {number: why is not None for number, why in self.spool.held().items()}
        before = self.spool.digest_of(bundle.number)
        if fate(bundle, self.spool.taken(), before, held) is Fate.SEEN:
            # If the other side sends it again, it has not heard that we have it.
            self._owe_ack()
            self.folders.remove(path)
            return
        if not self.spool.taken().epoch:
            with self.spool.writing():
                self.spool.set_fact("in_epoch", bundle.lane.epoch)
                for name in ("broken", "first_waited_since"):
                    self.spool.set_fact(name, "")
        if self._clean(path, raw, bundle):
            with self.spool.writing():
                self.spool.hold(bundle.number, raw)
                self.spool.set_fact("ack_owed", 1)
            self.folders.remove(path)

    def _clean(self, path: Path, raw: bytes, read: FerryBundle | Ack) -> bool:
        """Note the scanner's verdict; a refused file is put away and reported."""
        if not self.scanner:
            return True
        digest = hashlib.sha256(raw).hexdigest()
        verdict = self._look(f"{digest}-contents.zip", contents(read))
        if verdict.clean:
            verdict = self._look(f"{digest}.zip", raw)
        with self.spool.writing():
            self.spool.note_scan(path.name, digest, verdict.exit_code, verdict.said)
        if verdict.clean:
            return True
        self.folders.put_away(path, raw)
        with self.spool.writing():
            self.spool.note_incident(path.name, Fault.SCAN_REFUSED, verdict.said)
            if isinstance(read, FerryBundle):
                self.spool.hold(read.number, None, verdict.said)
                self.spool.set_fact("ack_owed", 1)
        return False

    def _look(self, name: str, raw: bytes) -> ScanVerdict:
        copy = self.looked_at / name
        copy.write_bytes(raw)
        try:
            return scan(self.scanner, copy)
        finally:
            copy.unlink(missing_ok=True)

    def _next(self, on_item: OnItem) -> bool:
        """Take the next bundle in order; False if it is not here or does not follow."""
        taken = self.spool.taken()
        number = taken.through + 1
        raw = self.spool.held_bytes(number)
        if raw is None:
            return False
        try:
            bundle = opened_bundle(raw, self.peers)
            with self.spool.writing():
                self.spool.set_taken(taken.after(bundle))
                for line in bundle.lines:
                    self._line(line, on_item)
                self.spool.db.execute("delete from held where number = ?", (number,))
                self.spool.set_fact("ack_owed", 1)
        except FerryError as error:
            self._give_back(number, raw, error)
            return False
        return True

    def _line(self, line: bytes, on_item: OnItem) -> None:
        """Take one line.

        An unreadable line is put aside and reported: it would stop all behind it.
        """
        try:
            whole = self._whole(line)
            if whole is None:
                return
            item = FerryItem.read(whole)
        except FerryError as error:
            kept = self.folders.keep(line)
            self.spool.note_incident(kept.name, error.code, error.detail)
            return
        if self.spool.arrive(whole, item):
            on_item(item)

    def _whole(self, line: bytes) -> bytes | None:
        """The line; for a part, the line of all its parts; None while one is missing."""
        part = part_of(line)
        if part is None:
            return line
        parts = self.spool.keep_part(part)
        if len(parts) < part.count:
            return None
        self.spool.drop_parts(part)
        return joined(parts)

    def _give_back(self, number: int, raw: bytes, error: CasebusError) -> None:
        """Ask for the bundle again. Another may follow where this one does not."""
        kept = self.folders.keep(raw)
        with self.spool.writing():
            self.spool.db.execute("delete from held where number = ?", (number,))
            self.spool.note_incident(kept.name, error.code, error.detail)
            self.spool.set_fact("ack_owed", 1)

    def _not_taken(self, path: Path, raw: bytes, error: FerryError) -> None:
        kept = self.folders.put_away(path, raw)
        with self.spool.writing():
            self.spool.note_incident(path.name, error.code, f"{error.detail} ({kept.name})")
            if error.code == Fault.UNREADABLE:
                self.spool.set_fact("spoiled", 1)
                self.spool.set_fact("ack_owed", 1)

    def _too_large(self, path: Path) -> None:
        kept = self.folders.put_away_unread(path)
        detail = f"over {LARGEST} bytes ({kept.name})"
        with self.spool.writing():
            self.spool.note_incident(path.name, Fault.TOO_LARGE, detail)

    def _owe_ack(self) -> None:
        with self.spool.writing():
            self.spool.set_fact("ack_owed", 1)


def _is_arriving(found: os.stat_result, now: float, settle: float) -> bool:
    """True if somebody may still be writing the file.

    If a carrier's clock is ahead of ours, so is its mark on the file. Then the system's own mark
    counts, which may come from another machine too.
    """
    changed = found.st_mtime if found.st_mtime <= now else found.st_ctime
    return -_MOST_AHEAD <= now - changed < settle
