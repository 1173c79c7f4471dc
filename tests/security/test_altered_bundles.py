"""One bit changed anywhere in a bundle is named, by its file and where there is one by its line."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from io import BytesIO
from zipfile import ZIP_DEFLATED, ZipFile

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from casebus.evidence import archive, lines
from casebus.evidence.checking import check_bundle
from casebus.evidence.manifest import manifest_of
from casebus.evidence.opening import files_of
from casebus.evidence.report import BundleReport, Flaw
from tests.examples import examples
from tests.installation import CASE, READING, Installation, referred

NEWLINE = b"\n"
#: Of the long texts of schemas every so many bytes are tried, of all else every one.
_STEP_IN_TEXTS = 31
#: With every signature checked again: every so many bytes of all, of more where there is time.
_CHECKED_STEPS = (pytest.param(97, id="some"), pytest.param(41, id="more", marks=pytest.mark.long))
_STEP_IN_LAW = 53
#: All bytes of what is signed and logged are tried where there is time.
_HELD_STEPS = (pytest.param(17, id="some"), pytest.param(1, id="all", marks=pytest.mark.long))
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


def check(raw: bytes) -> BundleReport:
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


def named(report: BundleReport) -> set[str]:
    """Files that a report names, the container as the empty name."""
    return {one.file for one in report.problems}


def file_at(raw: bytes, at: int) -> str:
    return next((name for name, begin, end in spans(raw) if begin <= at < end), "")


def test_the_bundle_as_it_was_made_agrees() -> None:
    assert check(small()).ok
    assert check(whole()).ok


def require_named(raw: bytes, at: int, report: BundleReport) -> None:
    name = file_at(raw, at)
    assert not report.ok, at
    assert not name or name in named(report), (at, name, report.problems)


def opened(raw: bytes) -> BundleReport:
    """What is found before any signature is looked at; `check` begins with it."""
    report = BundleReport()
    files_of(raw, report)
    return report


@pytest.mark.slow
def test_a_bit_changed_in_any_byte_of_a_file_or_of_the_container_is_named() -> None:
    raw, at = small(), 0
    while at < len(raw):
        require_named(raw, at, opened(flipped(raw, at, at % 8)))
        at += _STEP_IN_TEXTS if file_at(raw, at) == lines.SCHEMAS else 1


@pytest.mark.slow
@pytest.mark.parametrize("step", _CHECKED_STEPS)
def test_a_bit_changed_is_named_by_the_whole_check(step: int) -> None:
    raw = small()
    for at in range(0, len(raw), step):
        require_named(raw, at, check(flipped(raw, at, at % 8)))


@pytest.mark.slow
@pytest.mark.long
@pytest.mark.timeout(300)
def test_every_bit_of_the_container_and_every_byte_of_all_files_is_named() -> None:
    raw = small()
    for at in range(len(raw)):
        for bit in range(8) if not file_at(raw, at) else (at % 8,):
            require_named(raw, at, opened(flipped(raw, at, bit)))
    raw = whole()
    for at in range(0, len(raw), _STEP_IN_LAW):
        require_named(raw, at, opened(flipped(raw, at, at % 8)))


def _end(raw: bytes) -> int:
    return raw.rindex(b"PK\x05\x06")


def _member(name: str, body: bytes) -> bytes:
    """A member of its own archive, as a zip holds it, without its directory."""
    packed = archive.pack({name: body})
    return packed[: packed.index(b"PK\x01\x02")]


def _commented(raw: bytes) -> bytes:
    return raw[:-2] + b"\x05\x00hello"


def _deflated(raw: bytes) -> bytes:
    packed = BytesIO()
    with ZipFile(packed, "w", ZIP_DEFLATED) as made:
        for name, body in archive.unpack(raw)[0].items():
            made.writestr(name, body)
    return packed.getvalue()


#: The same files in another container, or more than these.
CONTAINERS: dict[str, Callable[[bytes], bytes]] = {
    "bytes behind it": lambda raw: raw + b"\x00",
    "another archive behind it": lambda raw: raw + raw,
    "bytes before it": lambda raw: b"#!" + raw,
    "a comment": _commented,
    "other compression": _deflated,
    "a member twice": lambda raw: _member(lines.PROOFS, b"") + raw,
    "a member more": lambda raw: _member("a.txt", b"x") + raw,
    "a member more between files and directory": lambda raw: (
        raw[: raw.index(b"PK\x01\x02")] + _member("z.txt", b"") + raw[raw.index(b"PK\x01\x02") :]
    ),
    "no directory": lambda raw: raw[: raw.index(b"PK\x01\x02")] + raw[_end(raw) :],
    "no end": lambda raw: raw[: _end(raw)],
    "bytes before the end": lambda raw: raw[: _end(raw)] + b"\x00" + raw[_end(raw) :],
}


@pytest.mark.parametrize("how", CONTAINERS)
def test_another_container_is_refused(how: str) -> None:
    report = check(CONTAINERS[how](small()))
    assert report.problems
    assert {one.code for one in report.problems} & {Flaw.NOT_A_BUNDLE, Flaw.FILE_ALTERED}


def test_what_no_signature_covers_of_schemas_and_state_has_one_form() -> None:
    files = archive.unpack(whole())[0]
    for name, old, new in (
        (lines.SCHEMAS, b'"version":1}', b'"version":3}'),
        (lines.STATE, b'"limits"', b'"limitr"'),
        (lines.STATE, b'"unsettled":""', b'"unsettled":0'),
        (lines.STATE, b'"status"', b'"more":"","status"'),
    ):
        changed = files[name].replace(old, new, 1)
        assert changed != files[name]
        assert name in named(check(_repacked({**files, name: changed})))


@settings(max_examples=examples(20))
@given(st.floats(0, 1, exclude_max=True), st.integers(0, 7))
def test_a_bit_changed_anywhere_in_a_whole_bundle_is_named(share: float, bit: int) -> None:
    raw = whole()
    at = int(share * len(raw))
    report = check(flipped(raw, at, bit))
    name = file_at(raw, at)
    assert not report.ok
    assert not name or name in named(report)


@pytest.mark.slow
@pytest.mark.timeout(300)
@pytest.mark.parametrize("step", _HELD_STEPS)
@pytest.mark.parametrize("name", _HELD)
def test_what_is_signed_or_logged_is_named_by_its_line_though_the_manifest_was_made_anew(
    name: str, step: int
) -> None:
    files = archive.unpack(small())[0]
    body = files[name]
    for at in range(0, len(body), step):
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


@pytest.mark.slow
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
