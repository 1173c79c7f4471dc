"""A person in front of the console, without a browser: signs in, reads pages, sends their forms."""

from __future__ import annotations

import re
import weakref
from html import unescape
from typing import Any

import httpx

from onebox.commands.shared import sign_in
from onebox.testing import Stack

_HIDDEN = re.compile(r"<input type=\"hidden\" name=\"([^\"]+)\" value=\"([^\"]*)\">")


class Person:
    """One browser of one person; follows redirects as a browser does."""

    def __init__(self, stack: Stack) -> None:
        self.origin = stack.gateway_url
        self.http = httpx.Client(base_url=self.origin, follow_redirects=True, timeout=30)
        # Nobody says when a person goes away.
        weakref.finalize(self, self.http.close)
        # The same as the address that `casebus up` prints.
        self.http.get(sign_in(stack.options), follow_redirects=False)

    def signs_in(
        self, role: str, agency: str = "", name: str = "", back: str = ""
    ) -> httpx.Response:
        """Sign in by the development issuer's own form."""
        asked = self.http.get("/console/sign-in", params={"next": back})
        given = dict(hidden(asked.text)) | {"role": role, "agency": agency, "name": name or role}
        return self.http.post("/console/development/chosen", data=given)

    def gets(self, path: str, **options: Any) -> httpx.Response:
        return self.http.get(path, **options)

    def sends(self, path: str, given: dict[str, Any], **options: Any) -> httpx.Response:
        """The form of a page: with its hidden fields, from the same origin."""
        page = self.http.get(path)
        fields = dict(hidden(page.text)) | given
        headers = {"Origin": self.origin} | options.pop("headers", {})
        return self.http.post(path, data=fields, headers=headers, **options)


def hidden(page: str) -> list[tuple[str, str]]:
    return [(name, unescape(value)) for name, value in _HIDDEN.findall(page)]


def csrf(page: str) -> str:
    found = re.search(r"<meta name=\"csrf\" content=\"([^\"]+)\">", page)
    assert found is not None
    return found[1]
