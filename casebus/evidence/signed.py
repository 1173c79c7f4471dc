"""The signer of each record, and its title by the directory at the time of admission."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from casebus.errors import CasebusError
from casebus.events.envelope import UNSIGNED_HEADERS, Envelope, Record
from casebus.events.schemas import CodecError, Schemas
from casebus.events.stamps import DIRECTORY
from casebus.evidence import lines
from casebus.evidence.lines import Entry, JournalLine
from casebus.evidence.opening import Bundle
from casebus.evidence.report import BundleReport, Flaw
from casebus.trust.directory import Directory, DirectoryError, PublicKey
from casebus.trust.leaf import event_leaf
from casebus.trust.receipt import LeafInputs
from casebus.trust.signing import SignatureCheck
from casebus.trust.titles import require_entitled, taken_at, valid_key


def leaf_of(line: JournalLine, schemas: Schemas) -> bytes:
    """The event leaf, computed where there is a value; raises CodecError."""
    if line.value is None:
        return line.leaf or b""
    return event_leaf(schemas.schema_of(line.value).digest, line.headers, line.value)


class DirectorySigners:
    """The directory growing entry by entry, as each record's admission knew it."""

    def __init__(self, bundle: Bundle, root_digest: str, report: BundleReport) -> None:
        self._schemas, self._report = bundle.schemas, report
        self._check = SignatureCheck()
        self.directory = Directory(bundle.schemas, root_digest)
        self._entries = iter(bundle.entries.items())
        self._next: tuple[int, Entry] | None = next(self._entries, None)
        if self._next is None or self._next[1].offset:
            report.add(Flaw.DIRECTORY_ENTRY, lines.DIRECTORY, "line 1", "entry 0 is missing")

    def check_all(self, files: Mapping[str, Mapping[int, JournalLine]]) -> None:
        """Each record by the keys that its admission knew; then the rest of the directory."""
        for file, number, line in self._by_admission(files):
            try:
                self._check_one(line)
            except CasebusError as error:
                flaw = Flaw(error.code) if error.code in _FLAWS else Flaw.LINE_UNREADABLE
                self._report.add(flaw, file, f"line {number}", str(error))
        self._read_on(None)

    def _read_on(self, position: int | None) -> None:
        """Take the entries before a position, or all that are left."""
        while self._next is not None:
            number, entry = self._next
            if position is not None and entry.offset >= position:
                return
            self._take(number, entry)
            self._next = next(self._entries, None)

    def _take(self, number: int, entry: Entry) -> None:
        self.directory.position = entry.offset
        try:
            self.directory.apply(Record(None, entry.value, entry.headers))
        except DirectoryError as error:
            self._report.add(Flaw.DIRECTORY_ENTRY, lines.DIRECTORY, f"line {number}", str(error))

    def _by_admission(
        self, files: Mapping[str, Mapping[int, JournalLine]]
    ) -> Iterator[tuple[str, int, JournalLine]]:
        """The records by how much of the directory their admission had read."""
        known: list[tuple[int, str, int, JournalLine]] = []
        for file, number, line in _all(files):
            try:
                read = int(dict(line.headers)[DIRECTORY])
                known.append((read, file, number, line))
            except (KeyError, ValueError):
                self._report.add(Flaw.LINE_UNREADABLE, file, f"line {number}", f"no {DIRECTORY}")
        for position, file, number, line in sorted(known, key=lambda one: one[:3]):
            self._read_on(position)
            yield file, number, line

    def _check_one(self, line: JournalLine) -> None:
        """Raises CasebusError with the code of a Flaw, or the error of the reading."""
        headers = dict(line.headers)
        leaf = leaf_of(line, self._schemas)
        keyid = headers.get("ce_keyid", b"").decode()
        key = valid_key(self.directory, keyid, taken_at(headers))
        signed = LeafInputs(
            {name: headers[name].decode() for name in UNSIGNED_HEADERS & headers.keys()}, ""
        )
        if not self._check(leaf, signed, algorithm=key.algorithm, public=key.public):
            raise CasebusError(Flaw.BAD_SIGNATURE)
        if line.value is not None:
            self._check_title(line, line.value, key)

    def _check_title(self, line: JournalLine, value: bytes, key: PublicKey) -> None:
        envelope = Envelope.from_headers(line.headers)
        schema = self._schemas.schema_of(value)
        if schema.ce_type != envelope.type or schema.uri != envelope.dataschema:
            raise CodecError("type_mismatch", f"{schema.subject} is not {envelope.type}")
        require_entitled(self.directory, key, envelope.agency, envelope.type, envelope.signedby)


_FLAWS = frozenset(Flaw)


def _all(
    files: Mapping[str, Mapping[int, JournalLine]],
) -> Iterator[tuple[str, int, JournalLine]]:
    for file, records in files.items():
        for number, line in records.items():
            yield file, number, line
