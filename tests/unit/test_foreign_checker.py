"""Another program, in Go, written from docs/wire.md alone, finds what ours finds in a bundle."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

import pytest

from casebus.evidence import archive, lines
from casebus.evidence.checking import check_bundle
from casebus.evidence.manifest import manifest_of
from tests.installation import CASE, PSB, READING, Installation, referred

SOURCE = Path(__file__).parents[1] / "foreign_checker" / "check.go"
VECTOR = Path(__file__).parents[2] / "docs" / "vectors" / "bundle.zip"
GO = shutil.which("go")
#: The program is Go's standard library alone; where there is no Go nothing stands in for it.
needs_go = pytest.mark.skipif(GO is None, reason="no Go on this machine: `go` is not on the path")


@pytest.fixture(scope="module")
def program(tmp_path_factory: pytest.TempPathFactory) -> Path:
    built = tmp_path_factory.mktemp("go") / "check"
    # Built from the one file, by the Go that is here, without any network.
    environment = {**os.environ, "GOTOOLCHAIN": "local", "GOPROXY": "off", "GOFLAGS": ""}
    if not environment.keys() & {"HOME", "XDG_CACHE_HOME", "GOCACHE"}:
        environment["GOCACHE"] = str(built.parent / "cache")
    build = [str(GO), "build", "-o", str(built), str(SOURCE)]
    subprocess.run(build, check=True, capture_output=True, env=environment, timeout=240)
    return built


@pytest.fixture(scope="module")
def made() -> Installation:
    return referred()


def said_of(program: Path, folder: Path, raw: bytes, root: str) -> str:
    file = folder / "bundle.zip"
    file.write_bytes(raw)
    done = subprocess.run(
        [program, str(file), root], check=False, capture_output=True, text=True, timeout=60
    )
    assert done.stderr == ""
    return done.stdout


@pytest.mark.slow
@needs_go
@pytest.mark.timeout(300)
def test_it_agrees_with_what_we_make(program: Path, tmp_path: Path, made: Installation) -> None:
    whole = said_of(program, tmp_path, made.bundle(), made.root)
    assert whole == "ok 3 records 1 relays 1 heads\n"
    last = max(made.records)
    partial = said_of(program, tmp_path, made.bundle(lambda at: at != last), made.root)
    assert partial == whole
    assert "not the pinned root" in said_of(program, tmp_path, made.bundle(), "00" * 32)


@needs_go
@pytest.mark.timeout(300)
def test_it_finds_each_altered_line_where_the_manifest_was_made_anew(
    program: Path, tmp_path: Path, made: Installation
) -> None:
    files = archive.unpack(made.bundle(state=None, law=None))[0]
    for name in (lines.RECORDS, lines.RELAYS, lines.PROOFS, lines.DIRECTORY, "heads/1-2.txt"):
        # The last letter but the line's end lies within a value, a path or a signature.
        row = files[name].splitlines()[-1]
        place = row[-12:-8]
        other = bytes(one ^ 1 for one in place)
        body = files[name][: -len(row) - 1] + row.replace(place, other) + b"\n"
        listed = {**{one: it for one, it in files.items() if one != lines.MANIFEST}, name: body}
        raw = archive.pack({**listed, lines.MANIFEST: manifest_of(CASE, listed)})
        assert not check_bundle(raw, made.root, READING).ok, name
        assert "ok" not in said_of(program, tmp_path, raw, made.root), name


@needs_go
@pytest.mark.timeout(300)
def test_it_finds_a_key_that_was_revoked_before(program: Path, tmp_path: Path) -> None:
    made = referred()
    event = made.world.event("case.noted", PSB, stream=CASE)
    made.world.say("directory.key_revoked", keyid=made.world.keys[PSB].keyid)
    made.journal(event)
    said = said_of(program, tmp_path, made.bundle(), made.root)
    assert said == "records.jsonl line 4: a key that was not valid\n"


@needs_go
@pytest.mark.timeout(300)
def test_it_agrees_with_the_published_bundle(program: Path, tmp_path: Path) -> None:
    root = VECTOR.with_suffix(".root").read_text(encoding="utf-8").strip()
    said = said_of(program, tmp_path, VECTOR.read_bytes(), root)
    assert said == "ok 3 records 1 relays 1 heads\n"


def test_the_published_bundle_agrees_with_its_root() -> None:
    root = VECTOR.with_suffix(".root").read_text(encoding="utf-8").strip()
    raw = VECTOR.read_bytes()
    report = check_bundle(raw, root, READING)
    assert (report.problems, report.counts["events"]) == ([], 2)
    assert report.counts["withheld events"] == 1
