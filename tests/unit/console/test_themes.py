"""A theme is a set of colours, and nothing else depends on it: one look stands for all."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

import gateway.console

STATIC = Path(gateway.console.__file__).parent / "static"
_OF_THEME = re.compile(r"data-theme|prefers-color-scheme")
#: A rule whose selector names a theme, with what it declares.
_RULE = re.compile(r":root(?::not\(\[data-theme=\"light\"\]\)|\[data-theme=\"dark\"\]) \{([^}]*)\}")
_DECLARED = re.compile(r"\s*([\w-]+):\s*([^;]*);")
#: Where a theme may be named: the media query, and the selectors of the two rules.
_NAMED = 3


def dark() -> list[dict[str, str]]:
    css = (STATIC / "console.css").read_text("utf-8")
    return [dict(_DECLARED.findall(body)) for body in _RULE.findall(css)]


def test_a_theme_sets_colours_and_nothing_else() -> None:
    for one in dark():
        others = {name for name in one if not name.startswith("--")}
        assert others == {"color-scheme"}
        assert {"--text", "--figures", "--space", "--radius"}.isdisjoint(one)


def test_dark_by_choice_and_dark_by_the_system_are_the_same() -> None:
    by_system, chosen = dark()
    assert by_system == chosen


@pytest.mark.parametrize("path", sorted(STATIC.glob("*.css")), ids=lambda path: path.name)
def test_no_other_rule_knows_of_a_theme(path: Path) -> None:
    found = _OF_THEME.findall(path.read_text("utf-8"))
    assert len(found) == (_NAMED if path.name == "console.css" else 0)
