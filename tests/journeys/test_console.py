"""The police's officer at the console, in a real browser: receives, accepts and prints."""

from __future__ import annotations

import pytest

from tests.browsing.chromium import Browser, beside
from tests.integration.street import Bus, opened

pytestmark = [pytest.mark.connected, pytest.mark.timeout(240)]


def test_an_officer_receives_acts_and_sees_the_receipt(bus: Bus, browser: Browser) -> None:
    browser.signs_in("officer")
    page = browser.page
    page.wait_for_url("**/console/todo")
    # The last received first: other tests have left more than a page of items.
    browser.goes("/console/todo?sort=received")
    # What arrives while the list is open stands in it by itself.
    stream, _ = beside(opened, bus, data={"title": "涉嫌假冒注册商标案（浏览器）"})
    row = page.locator("tr", has_text="涉嫌假冒注册商标案（浏览器）")
    row.first.wait_for()
    row.first.locator("a").click()
    page.get_by_role("link", name="签收回执").click()
    page.get_by_role("button", name="签发").click()
    page.get_by_role("heading", name="已签发并记录").wait_for()
    beside(bus.status, stream, "receipted")
    page.get_by_role("link", name="打印回执").click()
    page.get_by_text("回执").first.wait_for()
    assert page.pdf(format="A4")[:4] == b"%PDF"


def test_keys_alone_lead_from_the_list_to_a_case(bus: Bus, browser: Browser) -> None:
    beside(opened, bus)
    browser.signs_in("officer")
    page = browser.page
    page.locator("tr[data-row]").first.wait_for()
    page.keyboard.press("j")
    page.keyboard.press("Enter")
    page.wait_for_url("**/console/work/*")
    page.keyboard.press("?")
    page.get_by_role("dialog").wait_for()
    page.keyboard.press("Escape")
    page.keyboard.press("g")
    page.keyboard.press("s")
    page.wait_for_url("**/console/search*")
