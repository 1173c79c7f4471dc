"""A bundle is checked by the pinned root alone, and says where it was altered."""

from __future__ import annotations

import io
import zipfile
from dataclasses import replace

import pytest

from casebus.events.schemas import Schemas
from casebus.evidence import archive, lines
from casebus.evidence.checking import check_bundle
from casebus.evidence.lines import JournalLine
from casebus.evidence.report import BundleReport, Flaw, FoldComparison
from casebus.trust.head import cosign, with_cosignature
from casebus.trust.note import SignedNote
from tests.installation import AMR, CASE, PRO, PSB, READING, Installation, journaled_event, referred
from tests.world import NOW, draft, signed


@pytest.fixture(scope="module")
def made() -> Installation:
    return referred()


def check(made: Installation, raw: bytes) -> BundleReport:
    return check_bundle(raw, made.root, READING)


def test_a_whole_bundle_is_checked_and_folded_again(made: Installation) -> None:
    report = check(made, made.bundle())
    assert report.problems == []
    assert report.state is FoldComparison.SAME
    assert report.about_state == made.case().status
    assert report.counts["events"] == len(made.records)
    assert report.counts["hand-overs"] == len(made.hand_overs)


def test_the_same_case_makes_the_same_bytes_and_any_unzip_reads_them(made: Installation) -> None:
    raw = made.bundle()
    assert raw == made.bundle()
    with zipfile.ZipFile(io.BytesIO(raw)) as other:
        assert other.testzip() is None
        assert {name: other.read(name) for name in other.namelist()} == archive.unpack(raw)[0]


def test_what_the_reader_may_not_see_is_checked_by_its_leaf_and_the_state_is_partial(
    made: Installation,
) -> None:
    at = max(made.records)
    raw = made.bundle(lambda one: one != at)
    assert "符合管辖规定".encode() not in base64_of(raw)
    report = check(made, raw)
    assert (report.problems, report.state) == ([], FoldComparison.PARTIAL)
    assert report.counts["withheld events"] == 1


def base64_of(raw: bytes) -> bytes:
    """All that the bundle's records hold, decoded."""
    rows = archive.unpack(raw)[0][lines.RECORDS].splitlines()
    return b"".join(JournalLine.parse(row).value or b"" for row in rows)


@pytest.mark.parametrize("what", ["fold_version", "limits", "unsettled"])
def test_what_another_casebus_derived_is_not_comparable_and_not_altered(
    made: Installation, what: str
) -> None:
    other = {"fold_version": 999, "limits": "00", "unsettled": "suspended"}[what]
    state = {**(made.material().state or {}), what: other, "digest": "00"}
    report = check(made, made.bundle(state=state))
    assert (report.problems, report.state) == ([], FoldComparison.NOT_COMPARABLE)


def test_a_schema_that_this_casebus_has_not_is_not_comparable(made: Installation) -> None:
    reading = replace(READING, schemas=Schemas([]))
    report = check_bundle(made.bundle(hand_overs=[]), made.root, reading)
    assert (report.problems, report.state) == ([], FoldComparison.NOT_COMPARABLE)


def test_another_state_than_the_events_make_is_named(made: Installation) -> None:
    state = {**(made.material().state or {}), "digest": "00" * 32}
    assert codes(check(made, made.bundle(state=state))) == {(Flaw.STATE_DIFFERS, lines.STATE)}


def codes(report: BundleReport) -> set[tuple[str, str]]:
    return {(one.code, one.file) for one in report.problems}


def test_another_root_believes_nothing(made: Installation) -> None:
    report = check_bundle(made.bundle(), "00" * 32, READING)
    assert (Flaw.DIRECTORY_ENTRY, lines.DIRECTORY) in codes(report)
    assert (Flaw.UNKNOWN_KEY, lines.RECORDS) in codes(report)
    assert (Flaw.BAD_HEAD, "heads/1-2.txt") in codes(report)


def test_a_key_that_was_revoked_before_is_named_and_one_revoked_later_is_not() -> None:
    for first in (True, False):
        made = referred()
        event = made.world.event("case.noted", PSB, stream=CASE, to=(AMR,))
        for revoke in (first, not first):
            if revoke:
                made.world.say("directory.key_revoked", keyid=made.world.keys[PSB].keyid)
            else:
                made.journal(event)
        expected = {(Flaw.UNKNOWN_KEY, lines.RECORDS), (Flaw.KEY_NOT_VALID, lines.RECORDS)}
        found = codes(check(made, made.bundle()))
        assert found == (expected - {(Flaw.UNKNOWN_KEY, lines.RECORDS)} if first else set())


def test_who_signs_for_another_without_title_is_named() -> None:
    made = referred()
    draft_ = draft("case.noted", PSB, stream=CASE)
    made.journal(signed(draft_, made.world.keys[PRO]))
    assert codes(check(made, made.bundle())) == {(Flaw.SIGNER_NOT_ENTITLED, lines.RECORDS)}


def test_a_head_that_the_installation_did_not_sign_is_named(made: Installation) -> None:
    found = codes(check(made, made.bundle(heads={(1, 2): made.head(PSB)})))
    assert (Flaw.BAD_HEAD, "heads/1-2.txt") in found
    assert (Flaw.NOT_PROVED, lines.RECORDS) in found


def test_cosignatures_name_their_witnesses(made: Installation) -> None:
    note = SignedNote.parse(made.head())
    line = cosign(note, PRO, made.world.keys[PRO], NOW)
    seen = replace(made, signers=("bus", PRO))
    report = check(made, seen.bundle(heads={(1, 2): str(with_cosignature(note, line))}))
    assert (report.problems, report.witnesses) == ([], [PRO])


def test_a_record_that_was_put_into_another_place_is_named(made: Installation) -> None:
    material = made.material()
    first, *rest = material.records
    moved = replace(first, place=first.place._replace(log_index=0))
    paths = {**material.paths, moved.place: material.paths[first.place]}
    report = check(made, made.bundle(records=[moved, *rest], paths=paths, hand_overs=[]))
    assert (Flaw.NOT_IN_THE_LOG, lines.RECORDS) in codes(report)


def test_an_event_left_out_of_a_whole_bundle_is_noticed_by_the_state(made: Installation) -> None:
    material = made.material()
    *rest, last = material.records
    paths = {place: path for place, path in material.paths.items() if place != last.place}
    report = check(made, made.bundle(records=rest, paths=paths))
    assert codes(report) == {(Flaw.STATE_DIFFERS, lines.STATE)}


def test_a_hand_over_that_its_record_does_not_say_is_named(made: Installation) -> None:
    wrong = [{**one, "agency": PRO} for one in made.hand_overs if one["step"] == "delivered"]
    report = check(made, made.bundle(hand_overs=wrong))
    assert codes(report) == {(Flaw.HAND_OVER, lines.HAND_OVERS)}


def test_an_event_of_another_case_is_named(made: Installation) -> None:
    other = made.bundle(case="01985f2e-7c1a-7b3e-9a55-1f0c6d2b4e02")
    assert (Flaw.OUT_OF_PLACE, lines.RECORDS) in codes(check(made, other))


def test_copies_and_conflicts_of_an_event_fold_as_casework_folds_them() -> None:
    """A redelivery widens its recipients; another body under its identity is a conflict."""
    made = referred()
    envelope = {"stream": CASE, "id": "twice", "legal": "2026-03-05"}
    first = made.world.event("case.noted", PSB, to=(AMR,), data={"note": "一"}, **envelope)
    made.journal(first)
    noted = journaled_event(max(made.records.items()))
    made.journal(first, to=(AMR, PRO))
    made.journal(made.world.event("case.noted", PSB, to=(AMR,), data={"note": "二"}, **envelope))
    copies = sorted(made.records)[-2:]
    alone = replace(made, records={k: v for k, v in made.records.items() if k not in copies})
    widened_ = replace(noted, to=(AMR, PRO), to_sectors=("administrative", "procuratorate"))
    case = alone.case(replace(widened_, conflicting=True))
    state = {**(made.material().state or {}), "digest": case.digest(), "status": case.status}
    report = check(made, made.bundle(state=state))
    assert (report.problems, report.state) == ([], FoldComparison.SAME)
