"""An agency as a witness: it fetches heads, checks that each log only grew, and cosigns.

It writes down each head before a cosignature leaves. So a witness that was killed cannot be led to
cosign another past.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol

from casebus.errors import CasebusError
from casebus.events.doors import BUS
from casebus.events.schemas import Schemas
from casebus.files import naming
from casebus.now import Now
from casebus.sdk.files import locked, write_whole
from casebus.trust.directory import Directory
from casebus.trust.head import Head, LogName, cosign, cosigned_at, log_key, witness_key
from casebus.trust.keys import SigningKey
from casebus.trust.merkle import HASH_BYTES
from casebus.trust.note import SignedNote
from casebus.trust.proofs import Path as Proof
from casebus.trust.proofs import Subtree, consistency_path
from casebus.trust.receipt import directory_of, entry_from_json
from casebus.trust.tiles import Tile, subtrees_of, tiles_read
from casebus.trust.witness import MISSING, UNSIGNED, WitnessError, require_growth


class WitnessLog(Protocol):
    """The questions that a witness asks of the gateway."""

    def published(self) -> Mapping[str, Any]: ...

    def head(self, epoch: int, partition: int) -> str: ...

    def tile(self, epoch: int, partition: int, tile: str) -> bytes: ...

    def cosign(self, epoch: int, partition: int, size: int, line: str) -> Any: ...


@dataclass
class Memory:
    """A witness's memory of each log, by origin, in a file that changes whole or not at all."""

    path: Path
    seen: dict[str, str] = field(default_factory=dict)
    #: The refused heads: code, detail, and the two heads that prove it.
    refused: dict[str, dict[str, str]] = field(default_factory=dict)

    @classmethod
    @contextmanager
    def open(cls, path: Path) -> Iterator[Memory]:
        """Read it, and keep other witnesses away.

        Raises CasebusError `witness_runs`, `witness_memory`, or `file_not_written` as `write` does.
        """
        with naming(path):
            path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        with locked(path.with_suffix(".lock"), "witness_runs", f"another one keeps {path}"):
            yield cls._read(path)

    @classmethod
    def _read(cls, path: Path) -> Memory:
        if not path.exists():
            return cls(path)
        try:
            kept = json.loads(path.read_text(encoding="utf-8"))
            return cls(path, dict(kept["seen"]), dict(kept["refused"]))
        except (ValueError, KeyError, TypeError) as error:
            # A new beginning would forget the heads for which it vouched.
            raise CasebusError("witness_memory", f"{path} cannot be read") from error

    def write(self) -> None:
        kept = {"seen": self.seen, "refused": self.refused}
        raw = json.dumps(kept, ensure_ascii=False).encode()
        with naming(self.path):
            write_whole(self.path, raw, self.path.with_suffix(".new"))


@dataclass
class WitnessRound:
    """One look at all logs: the heads that were cosigned, and those refused with the reason."""

    cosigned: list[Head] = field(default_factory=list)
    refused: list[WitnessError] = field(default_factory=list)


@dataclass
class Witness:
    """One agency that cosigns with its own key the logs that it has seen grow."""

    agency: str
    key: SigningKey
    root_digest: str
    schemas: Schemas
    now: Now
    memory: Memory
    #: Logs of a new epoch that begin again, because a person has checked the cause (after a
    #: restore).
    accepted: Collection[str] = ()

    def look(self, log: WitnessLog) -> WitnessRound:
        """Look at every log once."""
        published, outcome = log.published(), WitnessRound()
        entries = dict(map(entry_from_json, published["directory"]))
        directory = directory_of(entries, self.root_digest, self.schemas)
        there = [(one["epoch"], one["partition"]) for one in published["items"]]
        for which in there:
            self._try(outcome, log, which, directory)
        for gone in self._gone({partition for _, partition in there}):
            self._refuse(outcome, gone, WitnessError(MISSING, gone), shown="")
        return outcome

    def _gone(self, partitions: Collection[int]) -> list[str]:
        """Logs seen earlier, of partitions that have no log now in any epoch."""
        seen = [(text, LogName.parse(text)) for text in sorted(self.memory.seen)]
        return [
            text
            for text, one in seen
            if one is not None
            and one.root_digest == self.root_digest
            and one.partition not in partitions
        ]

    def _try(
        self, outcome: WitnessRound, log: WitnessLog, which: tuple[int, int], directory: Directory
    ) -> None:
        origin = str(LogName(self.root_digest, *which))
        note = SignedNote.parse(log.head(*which))
        try:
            head = self._signed(note, origin, directory)
            require_growth(self._seen(origin), head, self._path(log, which, origin, head))
        except WitnessError as error:
            self._refuse(outcome, origin, error, shown=str(note))
            return
        if head != self._seen(origin) or origin in self.memory.refused:
            self._remember(origin, note)
        if cosigned_at(note, witness_key(self.agency, self.key.public)) is None:
            line = cosign(note, self.agency, self.key, self.now())
            log.cosign(*which, head.size, str(line))
            outcome.cosigned.append(head)

    def _signed(self, note: SignedNote, origin: str, directory: Directory) -> Head:
        head = Head.parse(note.text)
        keys = [one for one in directory.keys.values() if one.agency == BUS]
        trusted = [log_key(origin, one.public) for one in keys if one.revoked_at is None]
        if head.origin != origin or not any(map(note.is_signed_by, trusted)):
            raise WitnessError(UNSIGNED, f"{origin}: not signed by a key of the bus")
        return head

    def _seen(self, origin: str) -> Head | None:
        """The last head of this log.

        For a log of a new epoch, that of the log which it continues.
        """
        kept = self.memory.seen.get(origin) or self.memory.seen.get(self._before(origin))
        return None if kept is None else Head.parse(SignedNote.parse(kept).text)

    def _before(self, origin: str) -> str:
        """The log of the same partition that was seen last, whatever its epoch.

        After two restores, the later one may have drawn the smaller number.
        """
        about = LogName.parse(origin)
        if about is None or origin in self.accepted:
            return ""
        others = [
            one
            for one in map(LogName.parse, self.memory.seen)
            if one is not None
            and (one.root_digest, one.partition) == (about.root_digest, about.partition)
            and one != about
        ]
        return str(others[-1]) if others else ""

    def _path(self, log: WitnessLog, which: tuple[int, int], origin: str, head: Head) -> Proof:
        """The consistency path from the last head seen, out of the published tiles."""
        seen = self._seen(origin)
        if seen is None or seen.size >= head.size:
            return ()

        def walk(subtree: Subtree) -> Proof:
            return consistency_path(seen.size, head.size, subtree)

        tiles = {tile: _hashes(log, which, tile) for tile in tiles_read(walk, head.size)}
        return walk(subtrees_of(tiles))

    def _remember(self, origin: str, note: SignedNote) -> None:
        # The head seen last comes last.
        self.memory.seen.pop(origin, None)
        self.memory.seen[origin] = str(note)
        self.memory.refused.pop(origin, None)
        self.memory.write()

    def _refuse(
        self, outcome: WitnessRound, origin: str, error: WitnessError, *, shown: str
    ) -> None:
        """Keep both heads: both are signed by the same bus, so they prove its fault."""
        outcome.refused.append(error)
        seen = self.memory.seen.get(origin, "")
        kept = {"code": error.code, "detail": error.detail, "seen": seen, "shown": shown}
        if self.memory.refused.get(origin) != kept:
            self.memory.refused[origin] = kept
            self.memory.write()


def _hashes(log: WitnessLog, which: tuple[int, int], tile: Tile) -> list[bytes]:
    raw = log.tile(*which, str(tile))
    if len(raw) != tile.width * HASH_BYTES:
        raise CasebusError("gateway_failed", f"tile {tile} has {len(raw)} bytes")
    return [raw[at : at + HASH_BYTES] for at in range(0, len(raw), HASH_BYTES)]
