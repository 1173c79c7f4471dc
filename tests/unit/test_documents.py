"""Holds every page to the repository: links, named paths, commands, make targets, settings."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import click
import pytest

from casebus.cli.main import main
from casebus.settings import Settings

pytestmark = pytest.mark.docs

ROOT = Path(__file__).parents[2]
PAGES = sorted([*ROOT.glob("*.md"), *ROOT.glob("docs/**/*.md")])
NAMES = [page.relative_to(ROOT).as_posix() for page in PAGES]
LINK = re.compile(r"\]\(([^)\s]+)\)")
FENCE = re.compile(r"^```(\w*)\n(.*?)^```", re.MULTILINE | re.DOTALL)
CODE = re.compile(r"`([^`\n]+)`")
#: A path in code: its first part is one of the repository's own.
TOP = {path.name for path in ROOT.iterdir()} - {".venv", ".casebus"}
COMMAND = re.compile(r"\bcasebus ((?:[a-z]+(?:-[a-z]+)*)(?: [a-z]+(?:-[a-z]+)*)?)")
ROOMS = ("casebus", "services", "gateway", "operations", "onebox", "rehearsal")
#: Signatures are taken over `casebus events v1`.
NO_COMMANDS = {"events"}

every_page = pytest.mark.parametrize("page", PAGES, ids=NAMES)


def _anchors(page: Path) -> set[str]:
    """The anchors of a page's headings, as GitHub makes them."""
    heads = re.findall(r"^#+ (.+)$", page.read_text(encoding="utf-8"), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", head.lower()).replace(" ", "-") for head in heads}


def _spans(page: Path) -> Iterator[str]:
    """What a page sets as code outside its blocks."""
    yield from CODE.findall(FENCE.sub("", page.read_text(encoding="utf-8")))


@every_page
def test_each_link_of_a_page_leads_somewhere(page: Path) -> None:
    for link in LINK.findall(page.read_text(encoding="utf-8")):
        if link.startswith(("http://", "https://", "mailto:")):
            continue
        name, _, anchor = link.partition("#")
        target = page.parent / name if name else page
        assert target.exists(), f"{link} leads nowhere"
        assert not anchor or anchor in _anchors(target), f"{link} names no heading"


@every_page
def test_each_path_that_a_page_names_exists(page: Path) -> None:
    for span in _spans(page):
        name = span.rstrip("/").split("::")[0]
        if not re.fullmatch(r"[\w.<>{}*-]+(/[\w.<>{}*-]+)+", name) or name.split("/")[0] not in TOP:
            continue
        pattern = re.sub(r"<[^>]+>|\{[^}]+\}", "*", name)
        assert any(ROOT.glob(pattern)), f"there is no {name}"


@every_page
def test_each_command_that_a_page_names_exists(page: Path) -> None:
    text = page.read_text(encoding="utf-8")
    blocks = [block for language, block in FENCE.findall(text) if language == "sh"]
    for said in COMMAND.findall("\n".join([*_spans(page), *blocks])):
        name, *rest = said.split()
        if name in NO_COMMANDS:
            continue
        command = main.get_command(click.Context(main), name)
        assert command is not None, f"there is no `casebus {name}`"
        if rest and isinstance(command, click.Group):
            assert command.get_command(click.Context(command), rest[0]), f"casebus {said}"


@every_page
def test_each_make_target_and_setting_that_a_page_names_exists(page: Path) -> None:
    text = page.read_text(encoding="utf-8")
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    code = "\n".join([*_spans(page), *(block for _, block in FENCE.findall(text))])
    for target in re.findall(r"\bmake ([a-z]+)\b", code):
        assert re.search(rf"^{target}:", makefile, re.MULTILINE), f"there is no `make {target}`"
    for name in re.findall(r"\bCASEBUS_([A-Z_]+)\b", text):
        known = name.lower() in Settings.model_fields or name in _other_settings()
        assert known, f"nothing reads CASEBUS_{name}"


def _other_settings() -> set[str]:
    """Variables that are read or printed where Settings is not."""
    sources = (path for room in ROOMS for path in (ROOT / room).rglob("*.py"))
    text = "\n".join(path.read_text(encoding="utf-8") for path in sources)
    return set(re.findall(r"CASEBUS_([A-Z_]+)", text))


@every_page
def test_each_python_snippet_of_a_page_compiles(page: Path) -> None:
    for language, block in FENCE.findall(page.read_text(encoding="utf-8")):
        if language == "python":
            compile(block, page.name, "exec")


@every_page
def test_a_page_is_in_the_index(page: Path) -> None:
    folder = page.parent
    if folder == ROOT or page.name == "README.md":
        return
    index = (folder / "README.md").read_text(encoding="utf-8")
    assert f"({page.name}" in index, f"{folder.name}/README.md does not list {page.name}"


def _rules() -> dict[str, str]:
    """The names of the design rules, in small letters, by number."""
    text = (ROOT / "docs/design.md").read_text("utf-8")
    named = re.findall(r"^(\d+)\. \*\*(.+?)\.?\*\*", text, re.MULTILINE)
    return {number: name.rstrip(".").lower() for number, name in named}


def _sources() -> list[Path]:
    return [path for room in (*ROOMS, "storage") for path in (ROOT / room).rglob("*.py")]


def test_each_design_rule_that_the_code_names_is_written_down() -> None:
    rules = set(_rules())
    assert len(rules) > 20
    for path in [*_sources(), *ROOT.glob("storage/**/*.sql")]:
        named = re.findall(r"\brules? (\d+)", path.read_text(encoding="utf-8"))
        assert set(named) <= rules, f"{path.name} names rules {named}"


#: A mention and its name stand in one sentence or two.
BESIDE = 140


def test_code_that_names_a_design_rule_says_what_the_rule_is() -> None:
    rules, mentions = _rules(), 0
    for path in _sources():
        text = re.sub(r"\s+(?:#:? )?", " ", path.read_text(encoding="utf-8")).lower()
        for found in re.finditer(r"\brules? (\d+)", text):
            beside = text[max(0, found.start() - BESIDE) : found.end() + BESIDE]
            assert rules[found[1]] in beside, f"{path.relative_to(ROOT)}: {found[0]}"
            mentions += 1
    assert mentions > 50
