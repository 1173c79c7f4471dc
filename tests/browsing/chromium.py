"""A real browser in front of the console; what goes wrong in it is kept, and is a fault."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, TypeVar

import pytest

from casebus.later import later
from onebox.commands.shared import sign_in
from onebox.testing import Stack

# Only if there is a browser.
if TYPE_CHECKING:
    from playwright import sync_api
else:
    sync_api = later("playwright.sync_api")

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
_PATIENCE_MS = 20_000
_OK = 200
#: Messages of the browser if a test took away the gateway or its database.
_AWAY = (
    "ERR_CONNECTION_REFUSED",
    "ERR_INCOMPLETE_CHUNKED_ENCODING",
    "ERR_CONNECTION_RESET",
    "503",
)


def beside(work: Callable[..., T], *given: Any, **named: Any) -> T:
    """Done in a thread of its own: the browser's driver has a loop in this one."""
    with ThreadPoolExecutor(1) as pool:
        return pool.submit(work, *given, **named).result()


@contextmanager
def chromium() -> Iterator[Any]:
    """Chromium without a window; skips the test where there is none."""
    if CHROMIUM is None:
        pytest.skip("no Chromium on this machine: scripts/browser says how to get it")
    with sync_api.sync_playwright() as started:
        found = started.chromium.launch(
            executable_path=CHROMIUM, args=_QUIET, env={**os.environ, "LANG": "C.UTF-8"}
        )
        yield found
        found.close()


class Browser:
    """One person's window.

    `faults`: refusals of the policy, failures, and requests to other hosts.
    """

    def __init__(self, chromium: Any, stack: Stack) -> None:
        self.origin, self.faults = stack.gateway_url, list[str]()
        self.way = sign_in(stack.options)
        self.context = chromium.new_context(locale="zh-CN", viewport={"width": 1280, "height": 900})
        self.page = self.context.new_page()
        self.page.set_default_timeout(_PATIENCE_MS)
        # The policy's refusals come as errors of the console too.
        self.page.on("console", lambda one: self._keep(one.type == "error", one.text))
        self.page.on("pageerror", lambda one: self._keep(True, str(one)))
        self.page.on("request", lambda one: self._keep(self._leaves(one.url), one.url))

    def _leaves(self, url: str) -> bool:
        return not url.startswith((f"{self.origin}/", "data:"))

    def _keep(self, is_fault: bool, text: str) -> None:
        if is_fault:
            self.faults.append(f"{self.page.url}: {text}")

    def forgives(self) -> None:
        """Forgive that the gateway or its database was away for a while."""
        left = [one for one in self.faults if not any(each in one for each in _AWAY)]
        self.faults[:] = left

    def signs_in(self, role: str, agency: str = "", name: str = "") -> None:
        """Sign in as one of the three people, as anybody of an agency, or as an operator."""
        self.page.goto(self.way)
        if not (agency or name):
            self.page.locator(f"form:has(input[name=role][value={role}]) button").first.click()
        else:
            form = self.page.locator("form:has(select[name=role])")
            form.locator("[name=name]").fill(name or role)
            form.locator("[name=role]").select_option(role)
            form.locator("[name=agency]").fill(agency)
            form.locator("button").click()
        self.page.wait_for_url("**/console/*")

    def enters(self, role: str) -> None:
        """Opens the console as one of the three people; as nobody, with the stack's key alone."""
        if role:
            self.signs_in(role)
        else:
            self.page.goto(self.way)

    def goes(self, path: str, status: int = 200) -> None:
        """Raises AssertionError unless the page answers so."""
        known = len(self.faults)
        answer = self.page.goto(self.origin + path)
        assert answer.status == status, f"{path}: {answer.status}"
        if status != _OK:  # the browser itself says that a page was refused
            self.faults[known:] = [one for one in self.faults[known:] if str(status) not in one]

    def prefers(self, language: str, theme: str) -> None:
        given = {"casebus-language": language, "casebus-theme": theme}
        self.context.add_cookies(
            [{"name": name, "value": value, "url": self.origin} for name, value in given.items()]
        )

    def wide(self, width: int) -> None:
        self.page.set_viewport_size({"width": width, "height": 900})

    def forgets(self) -> None:
        """All that it kept of earlier pages: the next one is the first."""
        tools = self.context.new_cdp_session(self.page)
        tools.send("Network.clearBrowserCache")
        tools.detach()

    def weighs(self, path: str) -> dict[str, int]:
        """Opens a page; returns what came over the wire for it, headers included: path -> bytes."""
        tools = self.context.new_cdp_session(self.page)
        tools.send("Network.enable")
        asked, taken = dict[str, str](), dict[str, int]()
        tools.on(
            "Network.requestWillBeSent",
            lambda one: asked.update({one["requestId"]: one["request"]["url"]}),
        )
        tools.on(
            "Network.loadingFinished",
            lambda one: taken.update(
                {
                    asked.get(one["requestId"], "?").removeprefix(self.origin): int(
                        one["encodedDataLength"]
                    )
                }
            ),
        )
        self.goes(path)
        self.page.wait_for_load_state("load")
        tools.detach()
        return taken
