"""From a place in the journal to its receipt, for callers that hand receipts out.

Only valid proofs leave: a path that does not lead to the signed head is `log_altered`.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from typing import Any

from casebus.errors import CasebusError
from casebus.events.envelope import Record, agency_of
from casebus.trust.directory import Directory, PublicKey
from casebus.trust.head import Head, log_key, witness_key
from casebus.trust.leaf import is_logged
from casebus.trust.logproof import LogProof
from casebus.trust.note import SignedNote
from casebus.trust.proofs import Subtree, inclusion_path
from casebus.trust.receipt import LeafInputs, Receipt, witnesses_of
from casebus.trust.tiles import WIDTH, Tile, subtrees_of, tiles_read
from casebus.trust.witnessing import Witnessing
from storage import heads
from storage.handles import Handle
from storage.heads import Log, LoggedRecord, Place, StoredHead
from storage.packing import unpack_headers

#: The most full tiles that are kept: 8 KiB each, and they never change.
_MOST_TILES = 512
_KEYID = "ce_keyid"


class Prover:
    """Makes proofs from tiles; keeps the full ones that it read."""

    def __init__(self) -> None:
        self._tiles: dict[tuple[Log, Tile], list[bytes]] = {}

    async def prove(
        self, db: Handle, log: Log, indexes: Iterable[int], head: StoredHead
    ) -> dict[int, LogProof]:
        """The proof of each index below one head."""
        wanted, size = sorted(set(indexes)), head.size

        def paths(subtree: Subtree) -> dict[int, tuple[bytes, ...]]:
            return {index: inclusion_path(index, size, subtree) for index in wanted}

        tiles = {tile: await self._tile(db, log, tile) for tile in tiles_read(paths, size)}
        found = paths(subtrees_of(tiles))
        return {index: LogProof(index, path, head.note) for index, path in found.items()}

    async def _tile(self, db: Handle, log: Log, tile: Tile) -> list[bytes]:
        known = self._tiles.get((log, tile))
        if known is not None:
            return known
        hashes = await heads.tile(db, log, tile)
        if len(hashes) != tile.width:
            raise CasebusError("log_altered", f"tile {tile} of log {log[0]}/{log[1]} has gaps")
        if tile.width == WIDTH:
            while len(self._tiles) >= _MOST_TILES:
                self._tiles.pop(next(iter(self._tiles)))
            self._tiles[log, tile] = hashes
        return hashes


async def receipts(
    db: Handle,
    prover: Prover,
    directory: Directory,
    steps: Collection[tuple[str, Place]],
    *,
    needed: int = 0,
) -> dict[tuple[str, Place], Receipt]:
    """The receipt of each (step, place) that a head covers; the others have none yet.

    Each place is proved below the last head that enough witnesses saw, or one of them, or nobody. A
    later step does not take the witnesses from an earlier one.
    """
    if not steps:
        return {}
    rows = await heads.records(db, [place for _, place in steps])
    made: dict[tuple[str, Place], Receipt] = {}
    for log in sorted({place[:2] for _, place in steps}):
        here = [(step, place) for step, place in steps if place[:2] == log and place in rows]
        for head, covered in await _below(db, log, here, needed):
            proofs = await prover.prove(db, log, [place[2] for _, place in covered], head)
            entries = _Entries(directory, head.note)
            for step, place in covered:
                made[step, place] = _receipt(step, rows[place], proofs[place[2]], entries)
    return made


async def _below(
    db: Handle, log: Log, steps: Collection[tuple[str, Place]], needed: int
) -> list[tuple[StoredHead, list[tuple[str, Place]]]]:
    """A log's steps below the head that covers the first best, and the rest below a later one."""
    if not steps:
        return []
    first, last = (one(place[2] for _, place in steps) for one in (min, max))
    seen = await heads.over(db, log, first, needed)
    if seen is None:
        return []
    below = [(step, place) for step, place in steps if place[2] < seen.size]
    later = await heads.over(db, log, last, needed) or await heads.last(db, log)
    rest = [(step, place) for step, place in steps if seen.size <= place[2]]
    if later is None or not rest:
        return [(seen, below)]
    return [(seen, below), (later, [one for one in rest if one[1][2] < later.size])]


class ReceiptTeller:
    """Completes receipts: the event of each, and whether enough witnesses saw its head.

    For receipts that leave together: values below one head are looked up once.
    """

    def __init__(self, directory: Directory, policy: Witnessing) -> None:
        self._directory, self._policy = directory, policy
        self._seen: dict[SignedNote, list[str]] = {}

    def __call__(self, receipt: Receipt, of: Mapping[str, Any]) -> dict[str, Any]:
        note = receipt.proof.note
        if note not in self._seen:
            self._seen[note] = sorted(witnesses_of(receipt.proof, self._directory))
        seen, needed = self._seen[note], self._policy.needed
        witnesses = {"needed": needed, "seen": seen, "enough": len(seen) >= needed}
        return {**receipt.to_json(), "of": dict(of), "witnesses": witnesses}


class _Entries:
    """The directory's entries for receipts below one head, looked up once for each key."""

    def __init__(self, directory: Directory, note: SignedNote) -> None:
        self._directory = directory
        self._signers = [key.keyid for key in directory.keys.values() if _has_signed(note, key)]
        self._known: dict[tuple[str, str], Mapping[int, Record]] = {}

    def of(self, keyid: str, source: str) -> Mapping[int, Record]:
        asked = (keyid, agency_of(source))
        if asked not in self._known:
            keyids = [keyid, *self._signers]
            self._known[asked] = self._directory.entries_of(keyids, [asked[1]])
        return self._known[asked]


def _has_signed(note: SignedNote, key: PublicKey) -> bool:
    """True if a line below the head, the log's or a witness's, names this key."""
    origin = Head.parse(note.text).origin
    named = log_key(origin, key.public), witness_key(key.agency, key.public)
    return any(line.is_by(one) for line in note.signatures for one in named)


def _receipt(step: str, row: LoggedRecord, proof: LogProof, entries: _Entries) -> Receipt:
    headers = dict(unpack_headers(row.headers))
    logged = {name: text.decode() for name, text in headers.items() if is_logged(name)}
    inputs = LeafInputs(logged, headers[_KEYID].decode())
    if not proof.shows(row.log_leaf) or inputs.leaf(row.event_leaf) != row.log_leaf:
        where = f"{row.epoch}/{row.partition}/{row.log_index}"
        raise CasebusError("log_altered", f"what is recorded at {where} is not what was signed")
    return Receipt(
        stream=str(row.stream),
        source=row.source,
        id=row.event_id,
        step=step,
        event_leaf=row.event_leaf,
        log_leaf=row.log_leaf,
        inputs=inputs,
        proof=proof,
        entries=entries.of(inputs.keyid, row.source),
    )
