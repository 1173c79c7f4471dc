"""`scripts/screens [FOLDER]`: every page, in both languages, both themes and two widths, as PNG.

On a stack of its own with some storylines; leaves nothing running.
"""

from __future__ import annotations

import sys
import time
from pathlib import Path

from onebox.testing import Stack
from tests.browsing import cases, desk
from tests.browsing.chromium import Browser, chromium
from tests.browsing.looking import EVERY_LOOK, Look, seen, shot
from tests.browsing.visits import STARTS, unreached, visits

FOLDER = Path("build") / "screens"
#: The pictures in README, from docs/pictures: the first storyline's case as far as its timeline.
PICTURE, _PICTURE_SIZE = "case.png", {"width": 1280, "height": 1240}


def main(folder: Path) -> int:
    folder.mkdir(parents=True, exist_ok=True)
    began = time.monotonic()
    with Stack() as stack:
        say(began, "the stack is up")
        case = cases.played(stack)
        cases.waiting(stack)
        say(began, "the cases are there")
        return taken(stack, case, folder, began)


def taken(stack: Stack, case: str, folder: Path, began: float) -> int:
    """1 where a page was not reached, or a page had a fault."""
    visited, faults = [], []
    with chromium() as started:
        for role in STARTS:
            browser = Browser(started, stack)
            browser.enters(role)
            if role == "ops":
                desk.asked(browser, stack, case)
            for visit in visits(browser, role, [f"/console/cases/{case}"] if role else []):
                visited.append(visit)
                for look in seen(browser, visit, EVERY_LOOK):
                    shot(browser.page, name(folder, visit.name, look))
            if role == "officer":
                picture(browser, case, folder / PICTURE)
            faults += browser.faults
            browser.context.close()
            say(began, f"{role or 'nobody'}: seen")
    say(began, f"{len(visited)} pages in {len(EVERY_LOOK)} looks: {folder}")
    missing = unreached(visited)
    for one in [*sorted(missing), *faults]:
        say(began, one)
    return 1 if missing or faults else 0


def picture(browser: Browser, case: str, path: Path) -> None:
    browser.prefers("zh", "light")
    browser.wide(1280)
    browser.goes(f"/console/cases/{case}")
    clip = {"x": 0, "y": 0, **_PICTURE_SIZE}
    browser.page.screenshot(path=path, full_page=True, clip=clip, animations="disabled")


def name(folder: Path, page: str, look: Look) -> Path:
    return folder / f"{page}.{look}.png"


def say(began: float, what: str) -> None:
    sys.stdout.write(f"{time.monotonic() - began:5.0f} s  {what}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1]) if len(sys.argv) > 1 else FOLDER))
