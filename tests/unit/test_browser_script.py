"""scripts/browser: brings Chromium where it can, says so in a line where not, and never fails."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest

SCRIPT = Path(__file__).parents[2] / "scripts" / "browser"
_TOOLS = ("sh", "env", "timeout", "touch", "chmod", "sleep")


@pytest.fixture
def tools(tmp_path: Path) -> Path:
    """A PATH without a browser, of a machine whose user is root and whose apt is `made`."""
    for name in _TOOLS:
        found = shutil.which(name)
        assert found is not None
        (tmp_path / name).symlink_to(found)
    made(tmp_path, "id", "echo 0")
    return tmp_path


def made(tools: Path, name: str, does: str) -> None:
    tool = tools / name
    tool.write_text(f"#!/bin/sh\n{does}\n", "utf-8")
    tool.chmod(0o755)


def run(tools: Path) -> str:
    done = subprocess.run(
        ["/bin/sh", SCRIPT], env={"PATH": str(tools)}, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0
    assert done.stdout == ""
    return done.stderr


def test_nothing_happens_where_a_browser_is_here(tools: Path) -> None:
    made(tools, "chromium", "exit 1")
    made(tools, "apt-get", f"touch {tools}/asked")
    assert run(tools) == ""
    assert not (tools / "asked").exists()


def test_apt_brings_it_and_downloads_before_it_installs(tools: Path) -> None:
    brings = f"touch {tools}/chromium; chmod +x {tools}/chromium"
    made(
        tools,
        "apt-get",
        f'echo "$*" >> {tools}/asked\ncase "$*" in *--no-download*) {brings};; esac',
    )
    assert "bringing Chromium" in run(tools)
    asked = (tools / "asked").read_text("utf-8").splitlines()
    assert [
        ("update" in one, "--download-only" in one, "--no-download" in one) for one in asked
    ] == [
        (True, False, False),
        (False, True, False),
        (False, False, True),
    ]
    assert all("chromium fonts-noto-cjk" in one for one in asked[1:])


@pytest.mark.parametrize("apt", ["exit 100", "exit 0"])
def test_one_line_says_how_to_get_it_where_apt_brings_none(tools: Path, apt: str) -> None:
    made(tools, "apt-get", apt)
    said = run(tools).splitlines()
    assert "skipped" in said[-1]
    assert "apt-get install chromium fonts-noto-cjk" in said[-1]


def test_who_may_not_install_is_told_at_once(tools: Path) -> None:
    made(tools, "id", "echo 1000")
    made(tools, "sudo", "exit 1")
    made(tools, "apt-get", f"touch {tools}/asked")
    assert "neither root nor sudo" in run(tools)
    assert not (tools / "asked").exists()


def test_a_machine_without_apt_is_told_so(tools: Path) -> None:
    assert "no apt-get here" in run(tools)
