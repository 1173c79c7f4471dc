"""The parts of the ops desk that need a request first: a grant in force, and a redrive."""

from __future__ import annotations

import re

from onebox.testing import Stack
from tests.browsing.chromium import Browser
from tests.integration.person import Person

_CSRF = re.compile(r'name="csrf" value="([^"]+)"')
_WHY = "排查推演故障"


def asked(browser: Browser, stack: Stack, case: str) -> None:
    """Ask in the name of the person who is signed in there; another agrees to the grant."""
    page = browser.page
    browser.goes("/console/ops/grants")
    page.locator("#case").fill(case)
    page.locator("#why").fill(_WHY)
    page.locator("form.card button.first").click()
    page.wait_for_url(re.compile(r"/grants/\d+$"))
    _agreed(stack, page.url.removeprefix(browser.origin))
    browser.goes("/console/ops/rejects")
    again = page.locator("section[aria-labelledby=groups] form button").first
    # A request that already waits for a decision is not made again.
    if again.count() and not page.locator("a[href*='/ops/redrives/']").count():
        again.click()
        page.locator("#why").fill(_WHY)
        page.locator("[name=even_so]").check()
        page.locator("button[value=ask]").click()
        page.wait_for_url(re.compile(r"/redrives/\d+$"))


def _agreed(stack: Stack, path: str) -> None:
    second = Person(stack)
    second.signs_in("ops", name="值班二")
    [token, *_] = _CSRF.findall(second.gets(path).text)
    headers = {"Origin": second.origin}
    second.http.post(f"{path}/agree", data={"csrf": token}, headers=headers).raise_for_status()
    second.http.close()
