"""C2SP tlog-proof: a leaf's place, its path and the signed head that it leads to, as one text."""

from __future__ import annotations

import re
from dataclasses import dataclass

from casebus.trust.head import Head
from casebus.trust.merkle import HASH_BYTES
from casebus.trust.note import NoteError, SignedNote, decode, encode
from casebus.trust.proofs import Path, is_included

_FORM = "c2sp.org/tlog-proof@v1"
_INDEX = re.compile(r"index (0|[1-9][0-9]{0,18})")
_MOST_HASHES = 63


@dataclass(frozen=True, slots=True)
class LogProof:
    """Proof that a leaf stands at `index` of a log; `note` is the signed head of that log."""

    index: int
    path: Path
    note: SignedNote

    def __str__(self) -> str:
        lines = (_FORM, f"index {self.index}", *map(encode, self.path))
        return "".join(f"{line}\n" for line in lines) + f"\n{self.note}"

    @classmethod
    def parse(cls, text: str) -> LogProof:
        """Raises NoteError for a text that is no proof; `extra` lines are not taken."""
        above, blank, note = text.partition("\n\n")
        form, _, rest = above.partition("\n")
        place, *coded = rest.split("\n")
        found = _INDEX.fullmatch(place)
        path = tuple(map(decode, coded))
        if not blank or form != _FORM or found is None or len(path) > _MOST_HASHES:
            raise NoteError("no proof of a place in a log")
        hashes = tuple(one for one in path if one is not None and len(one) == HASH_BYTES)
        if len(hashes) != len(path):
            raise NoteError("a line of the path is no hash")
        return cls(int(found[1]), hashes, SignedNote.parse(note))

    @property
    def head(self) -> Head:
        return Head.parse(self.note.text)

    def shows(self, leaf: bytes) -> bool:
        """True if the leaf is there, by the present head; the signer is not checked."""
        head = self.head
        return is_included(leaf, self.index, head.size, self.path, head.root)
