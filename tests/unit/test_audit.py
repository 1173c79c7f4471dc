"""The audit finds what it is there for."""

from __future__ import annotations

import json
import runpy
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from casebus.trust.keys import SigningKey

ROOT = Path(__file__).parents[2]
AUDIT = runpy.run_path(str(ROOT / "scripts/advisories.py"))
HOOK = shutil.which("detect-secrets-hook", path=str(Path(sys.executable).parent))


@pytest.mark.parametrize(
    ("pin", "source", "is_found"),
    [
        ("starlette==1.0.0 \\\n", "own", True),
        ("starlette==1.0.1 \\\n", "own", False),
        ("h11==0.14.0 \\\n", "own", True),
        ("urllib3==1.24 \\\n", "packaged", True),
        ("PyYAML==5.3 \\\n", "packaged", True),
    ],
)
def test_a_pin_that_an_advisory_names_is_found(pin: str, source: str, *, is_found: bool) -> None:
    lines = list(AUDIT["found"](AUDIT["locked"](pin), AUDIT[source]()))
    assert bool(lines) is is_found


def test_the_lock_has_none() -> None:
    pins = AUDIT["locked"]((ROOT / "requirements.lock").read_text(encoding="utf-8"))
    assert len(pins) > 100
    found = [AUDIT["found"](pins, AUDIT[source]()) for source in ("own", "packaged")]
    assert [line for lines in found for line in lines] == []


def _scanned(path: Path) -> int:
    assert HOOK is not None
    baseline = ROOT / ".secrets.baseline"
    command = [HOOK, "--baseline", str(baseline), str(path)]
    return subprocess.run(command, capture_output=True, cwd=ROOT, check=False).returncode


@pytest.mark.slow
def test_a_private_key_in_a_file_is_found(tmp_path: Path) -> None:
    leaked, clean = tmp_path / "leaked.py", tmp_path / "clean.py"
    leaked.write_bytes(SigningKey.generate().pem())
    clean.write_text("x = 1\n")
    assert (_scanned(leaked), _scanned(clean)) == (1, 0)


def test_no_secret_is_known_and_left() -> None:
    known = json.loads((ROOT / ".secrets.baseline").read_text(encoding="utf-8"))["results"]
    assert known == {}
