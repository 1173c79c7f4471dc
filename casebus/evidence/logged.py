"""Whether each record stands in its log: its log leaf, the path, and the head that was signed."""

from __future__ import annotations

from collections.abc import Mapping

from casebus.errors import CasebusError
from casebus.evidence import lines
from casebus.evidence.lines import JournalLine
from casebus.evidence.opening import Bundle
from casebus.evidence.report import Flaw, Report
from casebus.evidence.signed import leaf_of
from casebus.trust.directory import BUS, Directory
from casebus.trust.head import Head, Origin, cosigned_at, log_key, witness_key
from casebus.trust.leaf import log_leaf
from casebus.trust.note import NoteError, NoteSignature, SignedNote
from casebus.trust.proofs import is_included


class Heads:
    """The heads of a bundle that an installation's key has signed."""

    def __init__(self, bundle: Bundle, directory: Directory, report: Report) -> None:
        self._directory, self._report = directory, report
        self._good: dict[tuple[int, int], Head] = {}
        for log, (name, text) in sorted(bundle.heads.items()):
            try:
                self._good[log] = self._read(log, text)
            except NoteError as error:
                report.add(Flaw.BAD_HEAD, name, detail=error.detail)
        report.witnesses = sorted(set(report.witnesses))
        report.counts["heads"] = len(self._good)

    def of(self, epoch: int, partition: int) -> Head | None:
        return self._good.get((epoch, partition))

    def _read(self, log: tuple[int, int], text: str) -> Head:
        note = SignedNote.parse(text)
        head = Head.parse(note.text)
        if head.origin != str(Origin(self._directory.root_digest, *log)):
            raise NoteError("it is the head of another log")
        by = [self._signer(note, head, one) for one in note.signatures]
        if BUS not in by:
            raise NoteError("no key of the installation has signed it")
        self._report.witnesses += [one for one in by if one != BUS]
        return head

    def _signer(self, note: SignedNote, head: Head, line: NoteSignature) -> str:
        """Whose line it is; raises NoteError for one that no key of the directory has written."""
        for key in self._directory.keys.values():
            if key.revoked_at is not None:
                continue
            own = log_key(head.origin, key.public)
            if key.agency == BUS and line.is_by(own) and note.is_signed_by(own):
                return BUS
            witness = witness_key(key.agency, key.public)
            if line.is_by(witness) and cosigned_at(note, witness) is not None:
                return key.agency
        raise NoteError(f"no key of the directory has written the line of {line.name}")


def check_paths(bundle: Bundle, report: Report) -> None:
    """Each path is of a record of the bundle."""
    places = {one.place for one in (*bundle.records.values(), *bundle.relays.values())}
    for place, (number, _) in bundle.paths.items():
        if place not in places:
            report.add(Flaw.OUT_OF_PLACE, lines.PROOFS, f"line {number}", f"{place} is no record")


def check_places(
    file: str, records: Mapping[int, JournalLine], bundle: Bundle, heads: Heads, report: Report
) -> None:
    """Each record by its path to the head of its log."""
    for number, line in records.items():
        head = heads.of(line.place.epoch, line.place.partition)
        proof = bundle.paths.get(line.place)
        if head is None or proof is None:
            what = "path" if proof is None else "head"
            report.add(Flaw.NOT_PROVED, file, f"line {number}", f"{line.place} has no {what}")
            continue
        try:
            leaf = log_leaf(leaf_of(line, bundle.schemas), line.headers)
        except CasebusError as error:
            report.add(Flaw.LINE_UNREADABLE, file, f"line {number}", str(error))
            continue
        if not is_included(leaf, line.place.log_index, head.size, proof[1], head.root):
            where = f"{lines.PROOFS} line {proof[0]}"
            report.add(Flaw.NOT_IN_THE_LOG, file, f"line {number}", f"{line.place}, {where}")
