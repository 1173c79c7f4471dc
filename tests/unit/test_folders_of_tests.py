"""Nothing that somebody wrote as a test is left out because of where it lies."""

from __future__ import annotations

import re
from pathlib import Path

ROOT = Path(__file__).parents[2]


def test_every_folder_with_tests_is_one_that_the_script_runs() -> None:
    folders = {path.relative_to(ROOT / "tests").parts[0] for path in ROOT.glob("tests/**/test_*")}
    named = re.findall(r"tests/(\w+)", (ROOT / "scripts/test").read_text(encoding="utf-8"))
    assert folders - {"data"} == set(named)
    assert len(folders) > 5
