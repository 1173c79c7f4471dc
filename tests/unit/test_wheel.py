from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import zipfile
from importlib.metadata import distribution
from pathlib import Path

import pytest

from tests.installation import referred

ROOT = Path(__file__).parents[2]
NAME = re.compile(r"[\w.-]+")


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("wheel")
    build = [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(folder)]
    subprocess.run(build, cwd=ROOT, check=True, capture_output=True)
    return next(folder.glob("*.whl"))


@pytest.fixture(scope="module")
def install(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What `pip install casebus` lays down: the wheel and what it requires, no extra."""
    site = tmp_path_factory.mktemp("site")
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(site)
    info = next(site.glob("casebus-*.dist-info")).joinpath("METADATA").read_text(encoding="utf-8")
    for name in _closure(re.findall(r"^Requires-Dist: (.+)$", info, re.MULTILINE)):
        _lay(site, name)
    return site


def _closure(requirements: list[str]) -> set[str]:
    found: set[str] = set()
    waiting = list(requirements)
    while waiting:
        requirement = waiting.pop()
        name = NAME.match(requirement)
        if name is None or "extra ==" in requirement or name[0] in found or not _is_here(name[0]):
            continue
        found.add(name[0])
        waiting += distribution(name[0]).requires or []
    return found


def _is_here(name: str) -> bool:
    """Requirements of other platforms are not installed."""
    try:
        distribution(name)
    except ModuleNotFoundError:
        return False
    return True


def _lay(site: Path, name: str) -> None:
    one = distribution(name)
    for top in {file.parts[0] for file in one.files or () if file.parts[0] != ".."}:
        target = site / top
        if not target.exists():
            target.symlink_to(Path(str(one.locate_file(top))))


def _casebus(install: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    code = "import sys; sys.argv[0] = 'casebus'; from casebus.cli.main import main; main()"
    return subprocess.run(
        [sys.executable, "-S", "-c", code, *arguments],
        check=False,
        capture_output=True,
        text=True,
        cwd=install,
        env={"PATH": os.environ["PATH"], "PYTHONPATH": str(install), "COLUMNS": "100"},
    )


@pytest.mark.slow
def test_the_wheel_holds_casebus_with_schemas_and_policies_and_nothing_else(wheel: Path) -> None:
    names = set(zipfile.ZipFile(wheel).namelist())
    assert {name.split("/")[0] for name in names} == {"casebus", "casebus-0.1.0.dist-info"}
    assert "casebus/py.typed" in names
    for room in ("schemas", "policies"):
        here = {path.relative_to(ROOT).as_posix() for path in _files(ROOT / room)}
        there = {name for name in names if name.startswith(f"casebus/_data/{room}/")}
        assert there == {f"casebus/_data/{name}" for name in here}


def _files(folder: Path) -> list[Path]:
    return [path for path in folder.rglob("*") if path.is_file()]


def test_an_agencys_install_has_its_commands_without_the_server_part(install: Path) -> None:
    shown = _casebus(install, "--help")
    assert shown.returncode == 0, shown.stderr
    for name in ("publish", "import", "history", "inbox", "receipts", "keys", "work"):
        assert re.search(rf"^  {name} ", shown.stdout, re.MULTILINE)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("event_type", "code"), [("referral.sent", "no_key"), ("referral.lost", "unknown_type")]
)
def test_an_agencys_install_reads_the_schemas_it_brings(
    install: Path, event_type: str, code: str
) -> None:
    done = _casebus(install, "publish", "--type", event_type, "--agency", "cn-330106-amr")
    assert done.stderr.splitlines()[-1].startswith(code)


@pytest.mark.parametrize("command", ["up", "demo"])
def test_a_command_of_the_server_part_says_in_one_sentence_that_it_is_missing(
    install: Path, command: str
) -> None:
    done = _casebus(install, command)
    assert done.returncode == 1
    assert f"`casebus {command}` needs the server part" in done.stderr
    assert "Traceback" not in done.stderr
    assert len(done.stderr.strip().splitlines()) == 1


@pytest.mark.slow
def test_an_agencys_install_checks_a_bundle_of_evidence_with_nothing_but_the_root(
    install: Path, tmp_path: Path
) -> None:
    """No home, no Kafka, no database, and the fold in the wheel."""
    made = referred()
    (tmp_path / "case.zip").write_bytes(made.bundle())
    done = _casebus(install, "verify", str(tmp_path / "case.zip"), "--root", made.root, "--json")
    found = json.loads(done.stdout)
    assert (done.returncode, found["problems"], found["state"]) == (0, [], "same")
    alone = _casebus(install, "verify")
    assert "`casebus verify` needs the server part" in alone.stderr
