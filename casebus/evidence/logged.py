"""Checks that each record is in its log: its log leaf, the path, and the signed head."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from casebus.errors import CasebusError
from casebus.events.doors import BUS
from casebus.evidence import lines
from casebus.evidence.lines import JournalLine
from casebus.evidence.opening import Bundle
from casebus.evidence.report import BundleReport, Flaw
from casebus.evidence.signed import leaf_of
from casebus.trust.directory import Directory
from casebus.trust.head import Head, LogName, log_key
from casebus.trust.leaf import log_leaf
from casebus.trust.logproof import LogProof
from casebus.trust.note import NoteError, NoteKey, SignedNote
from casebus.trust.proofs import is_included
from casebus.trust.receipt import witnesses_of


class BundleHeads:
    """The heads of a bundle that an installation's key has signed."""

    def __init__(self, bundle: Bundle, directory: Directory, report: BundleReport) -> None:
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
        if head.origin != str(LogName(self._directory.root_digest, *log)):
            raise NoteError("it is the head of another log")
        if not any(map(note.is_signed_by, self._keys_of(head.origin))):
            raise NoteError("no key of the installation that is still valid has signed it")
        # Lines of others are no evidence: a witness counts by a key that the directory names.
        self._report.witnesses += witnesses_of(LogProof(0, (), note), self._directory)
        return head

    def _keys_of(self, origin: str) -> Iterator[NoteKey]:
        """Keys by which the installation signs heads."""
        for key in self._directory.keys.values():
            if key.agency == BUS and key.revoked_at is None:
                yield log_key(origin, key.public)


def check_paths(bundle: Bundle, report: BundleReport) -> None:
    """Each path is of a record of the bundle."""
    places = {one.place for one in (*bundle.records.values(), *bundle.relays.values())}
    for place, (number, _) in bundle.paths.items():
        if place not in places:
            report.add(Flaw.OUT_OF_PLACE, lines.PROOFS, f"line {number}", f"{place} is no record")


def check_places(
    file: str,
    records: Mapping[int, JournalLine],
    bundle: Bundle,
    heads: BundleHeads,
    report: BundleReport,
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
