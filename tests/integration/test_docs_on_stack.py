"""Runs the blocks of the pages that promise to have been run, in their order, on the stack."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from onebox.testing import Stack

pytestmark = [pytest.mark.connected, pytest.mark.slow, pytest.mark.timeout(400)]

ROOT = Path(__file__).parents[2]
BLOCK = re.compile(r"^```(sh|python)\n(.*?)^```", re.MULTILINE | re.DOTALL)
#: Making the environment and starting the stack: done by then.
DONE = re.compile(r"^(make|\. \.venv).*\n", re.MULTILINE)


class Reader:
    """Works through a page as its reader does, in one terminal."""

    def __init__(self, stack: Stack, folder: Path) -> None:
        self._stack = stack
        self._folder = folder
        path = f"{Path(sys.executable).parent}:{os.environ['PATH']}"
        outside = {name: os.environ[name] for name in os.environ if name[:8] != "CASEBUS_"}
        self._env = {**outside, "PATH": path, "CASEBUS_HOME": str(stack.options.home)}

    def read(self, page: Path) -> None:
        for language, block in BLOCK.findall(page.read_text(encoding="utf-8")):
            code = DONE.sub("", block)
            self._shell(code) if language == "sh" else self._python(code)

    def _shell(self, code: str) -> None:
        # The variables that the block leaves behind are the next one's, as in a terminal.
        after = self._folder / "environment"
        left = f"{code}\nenv -0 > {after}"
        self._run(["bash", "-euc", left], code)
        pairs = after.read_text(encoding="utf-8").split("\0")
        self._env = dict(pair.split("=", 1) for pair in pairs if "=" in pair)

    def _python(self, code: str) -> None:
        self._run([sys.executable, "-c", code], code)

    def _run(self, command: list[str], code: str) -> None:
        done = subprocess.run(
            command, check=False, capture_output=True, text=True, env=self._env, cwd=ROOT
        )
        assert done.returncode == 0, f"{code}\n{done.stdout}\n{done.stderr}"


@pytest.mark.parametrize(
    "name",
    [
        "README.md",
        pytest.param("docs/sdk.md", marks=pytest.mark.long),
        pytest.param("docs/operations.md", marks=pytest.mark.long),
    ],
)
def test_each_block_of_a_page_runs_as_it_stands(stack: Stack, tmp_path: Path, name: str) -> None:
    Reader(stack, tmp_path).read(ROOT / name)
