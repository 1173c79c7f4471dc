"""A page in each language, theme and width, with the faults that axe-core and its layout show."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import cache
from importlib.resources import files
from itertools import product
from pathlib import Path
from typing import Any, NamedTuple

from tests.browsing.chromium import Browser
from tests.browsing.visits import Visit

LANGUAGES, THEMES, WIDTHS = ("zh", "en"), ("light", "dark"), (360, 1280)
_TALLEST, _SHOT_SECONDS = 6000, 60
#: The reader of the API's description is a library: inside it, it is its authors' to mend.
_AXE = """async (rules) => {
  const only = rules.length ? {runOnly: {type: 'rule', values: rules}} : {};
  const found = await axe.run({exclude: [['#reader']]}, {
    resultTypes: ['violations'], rules: {'target-size': {enabled: true}}, ...only});
  return found.violations.flatMap((rule) => rule.nodes.map((node) =>
    `${rule.id}: ${node.target.join(' ')}: ${node.failureSummary}`));
}"""
#: The page's listeners to the window's width have run.
_DRAWN = "() => new Promise((drawn) => requestAnimationFrame(() => setTimeout(drawn)))"
_SETTLED = "() => document.readyState === 'complete' && !document.querySelector('.htmx-request')"
_WIDER = """() => document.documentElement.scrollWidth > window.innerWidth
  ? [...document.querySelectorAll('body *')].filter((one) => !one.closest('.scroll')
      && one.getBoundingClientRect().right > window.innerWidth + 1)
    .slice(0, 3).map((one) => one.outerHTML.slice(0, 120)) : []"""


class Look(NamedTuple):
    language: str
    theme: str
    width: int

    def __str__(self) -> str:
        return f"{self.language}-{self.theme}-{self.width}"


EVERY_LOOK = tuple(Look(*one) for one in product(LANGUAGES, THEMES, WIDTHS))
#: Themes differ in colours alone (`tests/unit/console/test_themes.py`): in all but the first theme
#: the rules about colours are asked, and the others have been answered.
_OF_COLOURS = ("color-contrast", "link-in-text-block")


def seen(browser: Browser, visit: Visit, looks: Sequence[Look] = EVERY_LOOK) -> Iterator[Look]:
    """Opens the page in each look; it is loaded once a language."""
    language = ""
    for look in looks:
        browser.prefers(look.language, look.theme)
        browser.wide(look.width)
        if look.language != language:
            browser.goes(visit.path, visit.status)
            browser.page.wait_for_function(_SETTLED)
            language = look.language
        browser.page.evaluate(
            "(theme) => { document.documentElement.dataset.theme = theme; }", look.theme
        )
        browser.page.evaluate(_DRAWN)
        yield look


def faults(page: Any, look: Look | None = None) -> list[str]:
    """Faults that keep somebody from reading the page: axe-core's violations, and cut-off text."""
    if not page.evaluate("() => 'axe' in window"):
        page.evaluate(_axe())
    wider = [f"wider than the window: {one}" for one in page.evaluate(_WIDER)]
    rules = _OF_COLOURS if look and look.theme != THEMES[0] else ()
    return [*wider, *page.evaluate(_AXE, list(rules))]


@cache
def _axe() -> str:
    return files("axe_playwright_python").joinpath("axe.min.js").read_text("utf-8")


def shot(page: Any, path: Path) -> None:
    """The whole page; of a very long one the beginning."""
    width, height = page.evaluate("() => [innerWidth, document.documentElement.scrollHeight]")
    clip = {"x": 0, "y": 0, "width": width, "height": min(height, _TALLEST)}
    page.screenshot(
        path=path, full_page=True, clip=clip, animations="disabled", timeout=_SHOT_SECONDS * 1000
    )
