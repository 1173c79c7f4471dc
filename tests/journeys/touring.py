"""A tour of docs/tours, walked: each bold word of its steps is pressed or read, in their order."""

from __future__ import annotations

import re
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from tests.browsing.chromium import Browser

TOURS = Path(__file__).parents[2] / "docs" / "tours"
_STEP = re.compile(r"^\d+\. .*(?:\n   .*)*", re.MULTILINE)
_BOLD = re.compile(r"\*\*(.+?)\*\*")


class Tour:
    """Use as a context manager: at its end no word of the page may be left."""

    def __init__(self, name: str, browser: Browser) -> None:
        steps = _STEP.findall((TOURS / f"{name}.md").read_text("utf-8"))
        self._words = [word for step in steps for word in _BOLD.findall(step)]
        self.browser, self.page = browser, browser.page

    def __enter__(self) -> Self:
        assert self._words
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: object, trace: TracebackType | None
    ) -> None:
        assert kind is not None or self._words == [], "the page says more than was walked"

    def signs_in(self, word: str, role: str) -> None:
        self._comes(word)
        self.browser.signs_in(role)

    def reads(self, word: str, where: Any = None) -> None:
        """Waits until the text is there."""
        self._comes(word)
        place = where or self.page.locator("#main")
        place.get_by_text(word).locator("visible=true").first.wait_for()

    def presses(self, word: str, where: Any = None) -> None:
        """A link or a button."""
        self._comes(word)
        place = where or self.page
        pressed = place.get_by_role("link", name=word).or_(place.get_by_role("button", name=word))
        pressed.first.click()

    def _comes(self, word: str) -> None:
        said = self._words.pop(0) if self._words else None
        assert said == word, f"the tour says {said}"
