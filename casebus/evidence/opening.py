"""A bundle read from its bytes: each file against the manifest, each line in its form and order."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any, NamedTuple, TypeVar

from casebus.errors import CasebusError
from casebus.events.schemas import Schema, Schemas
from casebus.evidence import archive, lines
from casebus.evidence.lines import Entry, JournalLine, Place
from casebus.evidence.manifest import read_manifest
from casebus.evidence.report import BundleReport, Flaw

_Line = TypeVar("_Line")


class ProvedHandOver(NamedTuple):
    """A step of an event's hand-over, and the record that says so."""

    step: str
    source: str
    id: str
    #: Empty of a checkpoint: it speaks of all that was routed.
    agency: str
    place: Place


@dataclass
class Bundle:
    """The content of a bundle, each line with its number."""

    records: dict[int, JournalLine] = field(default_factory=dict)
    relays: dict[int, JournalLine] = field(default_factory=dict)
    entries: dict[int, Entry] = field(default_factory=dict)
    hand_overs: dict[int, ProvedHandOver] = field(default_factory=dict)
    #: Line and audit path of each place.
    paths: dict[Place, tuple[int, tuple[bytes, ...]]] = field(default_factory=dict)
    #: Name and text of the signed head of each (epoch, partition).
    heads: dict[tuple[int, int], tuple[str, str]] = field(default_factory=dict)
    schemas: Schemas = field(default_factory=lambda: Schemas([]))
    law: dict[str, bytes] = field(default_factory=dict)
    #: The stated state of the case; None if the reader does not see all of it.
    state: dict[str, Any] | None = None


def open_bundle(raw: bytes) -> tuple[Bundle, BundleReport]:
    """The readable parts of the bundle, and the faults of its form."""
    report = BundleReport()
    return _Reading(files_of(raw, report), report).bundle(), report


def files_of(raw: bytes, report: BundleReport) -> dict[str, bytes]:
    """The files, as far as they can be told apart; every changed bit is named."""
    try:
        files, differs = archive.unpack(raw)
    except archive.BundleError as error:
        report.add(Flaw.NOT_A_BUNDLE, "", detail=error.detail)
        return {}
    _check_files(files, report)
    if differs is not None and report.ok:
        report.add(Flaw.NOT_A_BUNDLE, "", f"byte {differs}", "the container was altered")
    return files


def _check_files(files: dict[str, bytes], report: BundleReport) -> None:
    try:
        report.case, listed = read_manifest(files.get(lines.MANIFEST, b""))
    except lines.LineError as error:
        report.add(Flaw.FILE_ALTERED, lines.MANIFEST, detail=str(error))
        return
    for name in sorted(listed.keys() | (files.keys() - {lines.MANIFEST})):
        if name not in files:
            report.add(Flaw.FILE_ALTERED, name, detail="is missing")
        elif hashlib.sha256(files[name]).hexdigest() != listed.get(name):
            why = "not as the manifest has it" if name in listed else "not in the manifest"
            report.add(Flaw.FILE_ALTERED, name, detail=why)


class _Reading:
    """The files of one bundle during reading; unreadable ones are noted in the report."""

    def __init__(self, files: dict[str, bytes], report: BundleReport) -> None:
        self._files, self._report = files, report

    def bundle(self) -> Bundle:
        return Bundle(
            records=self._ordered(lines.RECORDS, JournalLine.parse, lambda one: one.place),
            relays=self._ordered(lines.RELAYS, JournalLine.parse, lambda one: one.place),
            entries=self._ordered(lines.DIRECTORY, Entry.parse, lambda one: one.offset),
            hand_overs=dict(self._lines(lines.HAND_OVERS, _hand_over)),
            paths=self._paths(),
            heads=dict(self._heads()),
            schemas=self._schemas(),
            law=self._law(),
            state=self._state(),
        )

    def _lines(self, name: str, parse: Callable[[bytes], _Line]) -> Iterator[tuple[int, _Line]]:
        rows = self._files.get(name, b"").split(b"\n")
        if rows[-1]:
            where = f"line {len(rows)}"
            self._report.add(Flaw.LINE_UNREADABLE, name, where, "the last line has no end")
        for number, line in enumerate(rows[:-1], 1):
            try:
                yield number, parse(line)
            except (lines.LineError, CasebusError) as error:
                self._report.add(Flaw.LINE_UNREADABLE, name, f"line {number}", str(error))

    def _ordered(
        self, name: str, parse: Callable[[bytes], _Line], key: Callable[[_Line], Any]
    ) -> dict[int, _Line]:
        """Lines in the order of their keys, no key twice."""
        found: dict[int, _Line] = {}
        last: Any = None
        for number, line in self._lines(name, parse):
            if last is not None and key(line) <= last:
                self._report.add(Flaw.OUT_OF_PLACE, name, f"line {number}", f"{key(line)}")
            found[number], last = line, key(line)
        return found

    def _paths(self) -> dict[Place, tuple[int, tuple[bytes, ...]]]:
        rows = self._ordered(lines.PROOFS, _path, lambda one: one[0])
        return {place: (number, path) for number, (place, path) in rows.items()}

    def _heads(self) -> Iterator[tuple[tuple[int, int], tuple[str, str]]]:
        for name, body in self._files.items():
            if not name.startswith(lines.HEADS):
                continue
            try:
                epoch, partition = name.removeprefix(lines.HEADS).removesuffix(".txt").split("-")
                yield (int(epoch), int(partition)), (name, body.decode())
            except ValueError as error:
                self._report.add(Flaw.BAD_HEAD, name, detail=type(error).__name__)

    def _schemas(self) -> Schemas:
        found = self._ordered(lines.SCHEMAS, lines.schema_of, lambda one: one.id)
        return Schemas([one for number, one in found.items() if self._is_schema(number, one)])

    def _is_schema(self, number: int, schema: Schema) -> bool:
        try:
            return bool(schema.ce_type and schema.parsed)
        except Exception as error:  # noqa: BLE001 - whatever a text makes its reader raise
            self._report.add(
                Flaw.LINE_UNREADABLE, lines.SCHEMAS, f"line {number}", type(error).__name__
            )
            return False

    def _law(self) -> dict[str, bytes]:
        return {
            name.removeprefix(lines.LAW): body
            for name, body in self._files.items()
            if name.startswith(lines.LAW)
        }

    def _state(self) -> dict[str, Any] | None:
        rows = [one for _, one in self._lines(lines.STATE, _state_line)]
        if len(rows) > 1:
            self._report.add(Flaw.OUT_OF_PLACE, lines.STATE, "line 2")
        return rows[0] if rows else None


def _path(line: bytes) -> tuple[Place, tuple[bytes, ...]]:
    row = lines.read(line)
    try:
        place, path = Place.taken(row), tuple(map(lines.digest_of, row.pop("path")))
    except (KeyError, TypeError) as error:
        raise lines.LineError("not the fields of a proof") from error
    if row:
        raise lines.LineError("not the fields of a proof")
    return place, path


_STATE = {
    "digest": str,
    "status": str,
    "law": str,
    "fold_version": int,
    "limits": str,
    "unsettled": str,
}


def _state_line(line: bytes) -> dict[str, Any]:
    row = lines.read(line)
    if {name: type(value) for name, value in row.items()} != _STATE:
        raise lines.LineError("not the fields of a state")
    return row


def _hand_over(line: bytes) -> ProvedHandOver:
    row = lines.read(line)
    try:
        said = ProvedHandOver(place=Place.taken(row), **row)
    except (KeyError, TypeError) as error:
        raise lines.LineError("not the fields of a hand-over") from error
    if not all(isinstance(one, str) for one in (said.step, said.source, said.id, said.agency)):
        raise lines.LineError("not the fields of a hand-over")
    return said
