"""The police's officer at the console, in a real browser: receives, accepts and prints."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any, TypeVar

import pytest

from onebox.commands.shared import sign_in
from onebox.testing import Stack
from tests.integration.street import Bus, opened

pytestmark = [pytest.mark.connected, pytest.mark.timeout(240)]

T = TypeVar("T")

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")
_QUIET = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]


@pytest.fixture(scope="module")
def bus(stack: Stack) -> Iterator[Bus]:
    found = Bus(stack)
    yield found
    found.producer.close()


def beside(work: Callable[..., T], *given: Any, **named: Any) -> T:
    """Done in a thread of its own: the browser's driver has a loop in this one."""
    with ThreadPoolExecutor(1) as pool:
        return pool.submit(work, *given, **named).result()


class Browser:
    """A page whose faults are kept: refused by the policy, failed, or gone elsewhere."""

    def __init__(self, page: Any, origin: str, way: str) -> None:
        self.page, self.origin, self.way, self.faults = page, origin, way, list[str]()
        page.set_default_timeout(20_000)
        page.on("console", lambda one: self._keep(one.type == "error", one.text))
        page.on("pageerror", lambda one: self._keep(True, str(one)))
        page.on("request", lambda one: self._keep(not one.url.startswith(origin), one.url))

    def _keep(self, is_fault: bool, text: str) -> None:
        if is_fault:
            self.faults.append(text)

    def signs_in(self, role: str) -> None:
        self.page.goto(self.way)
        self.page.locator(f"form:has(input[name=role][value={role}]) button").click()


@pytest.fixture
def browser(stack: Stack) -> Iterator[Browser]:
    if CHROMIUM is None:
        pytest.skip("no Chromium on this machine (Debian: apt install chromium)")
    from playwright.sync_api import sync_playwright  # noqa: PLC0415 - where there is a browser

    with sync_playwright() as started:
        chromium = started.chromium.launch(
            executable_path=CHROMIUM, args=_QUIET, env={**os.environ, "LANG": "C.UTF-8"}
        )
        page = chromium.new_page(locale="zh-CN")
        found = Browser(page, stack.gateway_url, sign_in(stack.options))
        yield found
        chromium.close()
    assert found.faults == []


def test_an_officer_receives_acts_and_sees_the_receipt(bus: Bus, browser: Browser) -> None:
    browser.signs_in("officer")
    page = browser.page
    page.wait_for_url("**/console/todo")
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
