from __future__ import annotations

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PAGES = sorted((ROOT / "docs/how-to").glob("*.md"))
PATH = re.compile(r"`((?:[\w.<>-]+/)*[\w.<>-]+\.(?:py|yaml|json|avsc|md|sql|toml))`")
BLOCK = re.compile(r"^```.*?^```", re.MULTILINE | re.DOTALL)
FOLDER = re.compile(r"`((?:[\w.<>-]+/)+[\w.<>-]+)`")


@pytest.mark.parametrize("page", PAGES, ids=[page.name for page in PAGES])
def test_each_path_that_a_page_names_exists(page: Path) -> None:
    text = page.read_text(encoding="utf-8")
    for name in {*PATH.findall(text), *FOLDER.findall(text)}:
        glob = re.sub(r"<\w+>", "*", name)
        assert any(ROOT.glob(glob)), f"{page.name} names {name}"


def test_each_link_between_pages_leads_somewhere() -> None:
    for page in PAGES:
        text = BLOCK.sub("", page.read_text(encoding="utf-8"))
        for target in re.findall(r"\]\(([^)#]+)\)", text):
            assert (page.parent / target).exists(), f"{page.name} links {target}"


ROW = re.compile(r"^\| [^|]+ \| `([^`]+)`[^|]* \| `([^`]+)` \|$", re.MULTILINE)
WHERE = ROW.findall((ROOT / "docs/how-to/where.md").read_text(encoding="utf-8"))


def test_twenty_changes_and_more_are_told_with_their_first_file() -> None:
    assert len(WHERE) > 20


@pytest.mark.parametrize(("first", "name"), WHERE, ids=[name for _, name in WHERE])
def test_the_first_file_of_a_change_has_what_is_to_be_looked_for(first: str, name: str) -> None:
    place = ROOT / first
    names = " ".join(path.name for path in place.iterdir()) if place.is_dir() else ""
    assert name in (names or place.read_text(encoding="utf-8"))
