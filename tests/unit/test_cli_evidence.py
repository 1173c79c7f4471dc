"""`casebus evidence` writes what the gateway gives; `casebus verify FILE` needs the file alone."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import httpx
import pytest
from click.testing import CliRunner, Result

from casebus.cli import connect, verify
from casebus.cli.main import main
from casebus.sdk.gateway import Gateway
from tests.installation import CASE, Installation, referred

Run = Callable[..., Result]


@pytest.fixture(scope="module")
def made() -> Installation:
    return referred()


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Run:
    """In a folder of its own, with no home and no setting."""
    monkeypatch.chdir(tmp_path)
    for name in ("CASEBUS_ROOT_DIGEST", "CASEBUS_HOME"):
        monkeypatch.delenv(name, raising=False)
    return lambda *arguments: CliRunner().invoke(main, arguments)


def test_the_file_is_what_the_gateway_gives(
    run: Run, made: Installation, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    body = made.bundle()

    def handler(request: httpx.Request) -> httpx.Response:
        assert request.url.path == f"/v1/cases/{CASE}/evidence"
        return httpx.Response(200, content=body)

    monkeypatch.setattr(connect, "Gateway", lambda one: Gateway(one, httpx.MockTransport(handler)))
    done = run("evidence", CASE, "--json")
    assert done.exit_code == 0, done.output
    assert json.loads(done.output) == {"case": CASE, "file": f"{CASE}.zip", "bytes": len(body)}
    assert (tmp_path / f"{CASE}.zip").read_bytes() == body
    assert run("verify", f"{CASE}.zip", "--root", made.root).exit_code == 0
    refused = run("evidence", CASE, "--output", "missing/folder.zip")
    assert refused.output.startswith("file_not_written")


@pytest.mark.slow
def test_a_bundle_that_agrees_ends_well_and_says_what_was_checked(
    run: Run, made: Installation, tmp_path: Path
) -> None:
    (tmp_path / "evidence").write_bytes(made.bundle())
    done = run("verify", "evidence", "--root", made.root.upper(), "--json")
    found = json.loads(done.output)
    assert (done.exit_code, found["ok"], found["state"]) == (0, True, "same")
    shown = run("verify", "--root", made.root, "evidence").output
    assert "All that the bundle holds agrees with the pinned root." in shown
    assert "Folded again, the case is in the state that the bundle says: accepted" in shown


def test_an_altered_bundle_ends_with_1_and_names_the_line(
    run: Run, made: Installation, tmp_path: Path
) -> None:
    raw = made.bundle(state=None, law=None)
    at = raw.index(b'"value":', raw.index(b"records.jsonl")) + 40
    (tmp_path / "b.zip").write_bytes(raw[:at] + bytes([raw[at] ^ 1]) + raw[at + 1 :])
    done = run("verify", "b.zip", "--root", made.root)
    assert done.exit_code == 1
    assert "records.jsonl" in done.output
    assert "line 1" in done.output


def test_whom_to_trust_must_be_said_and_the_file_be_there(
    run: Run, made: Installation, tmp_path: Path
) -> None:
    (tmp_path / "b.zip").write_bytes(made.bundle())
    assert run("verify", "b.zip").output.startswith("no_root_digest")
    assert run("verify", "other.zip", "--root", made.root).output.startswith("file_unreadable")
    (tmp_path / "no.zip").write_bytes(b"hello")
    assert "not_a_bundle" in run("verify", "no.zip", "--root", made.root).output


def test_without_a_file_it_is_the_installation_s_own_command(
    run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    shown = run("verify", "--help").output
    assert "--home" in shown
    assert "casebus verify FILE --root DIGEST" in shown
    monkeypatch.setattr(verify, "_installation", lambda: None)
    assert "BUNDLE" in run("verify", "--help").output
    assert run("verify").output.startswith("server_not_installed")
