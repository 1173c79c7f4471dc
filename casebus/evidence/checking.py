"""The whole check of a bundle, offline: form, signatures, places in the log, hand-overs, state."""

from __future__ import annotations

from casebus.events.schemas import Schemas
from casebus.evidence import lines
from casebus.evidence.handed import check_hand_overs
from casebus.evidence.lines import JournalLine
from casebus.evidence.logged import BundleHeads, check_paths, check_places
from casebus.evidence.opening import Bundle, open_bundle
from casebus.evidence.refolding import FoldTools, compare_state
from casebus.evidence.report import BundleReport, Flaw
from casebus.evidence.signed import DirectorySigners


def check_bundle(raw: bytes, root_digest: str, reading: FoldTools) -> BundleReport:
    """Everything that the bundle holds, against nothing but the pinned root."""
    bundle, report = open_bundle(raw)
    signers = DirectorySigners(bundle, root_digest, report)
    files = {lines.RECORDS: bundle.records, lines.RELAYS: bundle.relays}
    _check_case(bundle.records, report)
    _check_schemas(bundle, reading.schemas, report)
    signers.check_all(files)
    heads = BundleHeads(bundle, signers.directory, report)
    for file, records in files.items():
        check_places(file, records, bundle, heads, report)
    check_paths(bundle, report)
    _leave_out_what_does_not_hold(bundle, report)
    check_hand_overs(bundle, reading.schemas, report)
    compare_state(bundle, reading, report)
    _count(bundle, report)
    return report


def _check_case(records: dict[int, JournalLine], report: BundleReport) -> None:
    """The case's own records are all of its stream, and so of one partition."""
    partitions = {one.place.partition for one in records.values()}
    for number, line in records.items():
        subject = dict(line.headers).get("ce_subject", b"").decode()
        if (line.value is not None and subject != report.case) or len(partitions) > 1:
            report.add(Flaw.OUT_OF_PLACE, lines.RECORDS, f"line {number}", "not of this case")


def _check_schemas(bundle: Bundle, known: Schemas, report: BundleReport) -> None:
    """If a text is registered here, its id, subject and version must be the registered ones."""
    here = {one.digest: one for one in known}
    for schema in bundle.schemas:
        if here.get(schema.digest, schema) != schema:
            report.add(
                Flaw.LINE_UNREADABLE, lines.SCHEMAS, f"schema {schema.id}", "not as registered"
            )


def _leave_out_what_does_not_hold(bundle: Bundle, report: BundleReport) -> None:
    """A record that no signature and no log holds says nothing about hand-overs."""
    bad = {(one.file, one.place) for one in report.problems}
    for file, records in ((lines.RECORDS, bundle.records), (lines.RELAYS, bundle.relays)):
        for number in [one for one in records if (file, f"line {one}") in bad]:
            del records[number]


def _count(bundle: Bundle, report: BundleReport) -> None:
    withheld = sum(one.value is None for one in bundle.records.values())
    report.counts["events"] = len(bundle.records) - withheld
    report.counts["withheld events"] = withheld
    report.counts["hand-overs"] = len(bundle.hand_overs)
    report.counts["statements of the router"] = len(bundle.relays)
    report.counts["directory entries"] = len(bundle.entries)
