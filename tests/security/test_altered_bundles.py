"""One bit changed anywhere in a bundle is named, by its file and where there is one by its line."""

from __future__ import annotations

from functools import cache

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from casebus.evidence import archive, lines
from casebus.evidence.checking import check_bundle
from casebus.evidence.manifest import manifest_of
from casebus.evidence.report import Report
from tests.installation import CASE, READING, Installation, referred

NEWLINE = b"\n"
#: Of the long texts of schemas every so many bytes are tried, of all else every fifth.
_STEP, _STEP_IN_TEXTS = 5, 97
#: What a signature or a log holds, so that whoever makes the manifest anew is found out too.
_HELD = (
    lines.RECORDS,
    lines.RELAYS,
    lines.PROOFS,
    lines.HAND_OVERS,
    lines.DIRECTORY,
    "heads/1-2.txt",
)


@cache
def installation() -> Installation:
    return referred()


@cache
def small() -> bytes:
    """Without the law and the state: quickly checked."""
    return installation().bundle(state=None, law=None)


@cache
def whole() -> bytes:
    return installation().bundle()


def check(raw: bytes) -> Report:
    return check_bundle(raw, installation().root, READING)


def flipped(raw: bytes, at: int, bit: int) -> bytes:
    return raw[:at] + bytes([raw[at] ^ 1 << bit]) + raw[at + 1 :]


@cache
def spans(raw: bytes) -> list[tuple[str, int, int]]:
    """Where each file's bytes lie in the container."""
    found = []
    for name, body in archive.unpack(raw)[0].items():
        begin = raw.index(body, raw.index(name.encode()))
        found.append((name, begin, begin + len(body)))
    return found


def named(report: Report) -> set[str]:
    """Files that a report names, the container as the empty name."""
    return {one.file for one in report.problems}


def file_at(raw: bytes, at: int) -> str:
    return next((name for name, begin, end in spans(raw) if begin <= at < end), "")


def test_the_bundle_as_it_was_made_agrees() -> None:
    assert check(small()).ok
    assert check(whole()).ok


@pytest.mark.slow
def test_a_bit_changed_in_any_file_or_in_the_container_is_named() -> None:
    raw, at = small(), 0
    while at < len(raw):
        name = file_at(raw, at)
        report = check(flipped(raw, at, at % 8))
        assert not report.ok, at
        assert not name or name in named(report), (at, name, report.problems)
        at += _STEP_IN_TEXTS if name == lines.SCHEMAS else _STEP


@settings(max_examples=20)
@given(st.floats(0, 1, exclude_max=True), st.integers(0, 7))
def test_a_bit_changed_anywhere_in_a_whole_bundle_is_named(share: float, bit: int) -> None:
    raw = whole()
    at = int(share * len(raw))
    report = check(flipped(raw, at, bit))
    name = file_at(raw, at)
    assert not report.ok
    assert not name or name in named(report)


@pytest.mark.slow
@pytest.mark.parametrize("name", _HELD)
def test_what_is_signed_or_logged_is_named_by_its_line_though_the_manifest_was_made_anew(
    name: str,
) -> None:
    files = archive.unpack(small())[0]
    body = files[name]
    for at in range(0, len(body), _STEP):
        changed = flipped(body, at, at % 8)
        if _is_offset(name, body, at):
            continue
        report = check(_repacked({**files, name: changed}))
        line = f"line {body[:at].count(NEWLINE) + 1}"
        places = {(one.file, one.place) for one in report.problems}
        details = " ".join(one.detail for one in report.problems)
        by_line = (name, line) in places or f"{name} {line}" in details
        assert by_line or (name.startswith(lines.HEADS) and (name, "") in places), (
            at,
            body[at - 20 : at + 20],
            report.problems,
        )


def _is_offset(name: str, body: bytes, at: int) -> bool:
    """Nobody signs the offset of a directory's entry; docs/wire.md says so."""
    begin = body.rfind(b"\n", 0, at) + 1
    field = body.index(b'"offset":', begin) if name == lines.DIRECTORY else at + 1
    return field <= at and body[field:at].count(b",") == 0


def _repacked(files: dict[str, bytes]) -> bytes:
    listed = {name: body for name, body in files.items() if name != lines.MANIFEST}
    return archive.pack(listed | {lines.MANIFEST: manifest_of(CASE, listed)})


def test_each_law_file_and_the_state_are_held_by_the_digest_of_the_law_and_by_folding() -> None:
    files = archive.unpack(whole())[0]
    for name in sorted(files):
        if name.startswith(lines.LAW):
            report = check(_repacked({**files, name: files[name] + b"# more\n"}))
            assert lines.LAW in named(report), name
    state = files[lines.STATE].replace(b'"status":"accepted"', b'"status":"filed"')
    assert lines.STATE in named(check(_repacked({**files, lines.STATE: state})))


@pytest.mark.parametrize("raw", [b"", b"PK", b"no zip at all", small()[:-1], small()[30:]])
def test_what_is_no_bundle_is_said_to_be_none(raw: bytes) -> None:
    assert not check(raw).ok


def test_a_file_that_is_missing_or_was_added_is_named() -> None:
    files = archive.unpack(small())[0]
    less = {name: body for name, body in files.items() if name != lines.RELAYS}
    assert lines.RELAYS in named(check(archive.pack(less)))
    assert "more.txt" in named(check(archive.pack({**files, "more.txt": b"x"})))
