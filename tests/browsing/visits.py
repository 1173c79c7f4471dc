"""Every page of the console: found by following links, one of each route, as each role sees it.

A route that no link leads to is named by `unreached`: it needs a link, a start here, or a reason
why it is no page.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from html import unescape
from typing import NamedTuple
from urllib.parse import parse_qs, urlsplit

from fastapi.routing import APIRoute

from gateway.console.app import _PAGES as MODULES
from tests.browsing.chromium import Browser

#: The first page of each role; an empty role is nobody.
STARTS = {
    "": ("/", "/console/api", "/console/style", "/console/sign-in"),
    "officer": ("/console/todo",),
    "supervisor": ("/console/oversight",),
    "ops": ("/console/ops",),
}
#: Answers to a GET that are not pages.
NO_PAGES = {
    "/console/": "leads to the first room",
    "/console/live": "a stream",
    "/console/here": "has no content",
    "/console/static/{digest}/{name}": "a file",
    "/console/language/{language}": "leads back",
    "/console/theme/{theme}": "leads back",
    "/console/signed-in": "leads on",
    "/console/work/{key}/present": "a part of another page",
    "/console/search.csv": "a file",
    "/console/search.xlsx": "a file",
    "/console/figures/export": "a file",
    "/console/oversight/export": "a file",
}
_LINK = re.compile(r"<a\b[^>]*?\shref=\"([^\"]+)\"")
_SKIPPED = ("/console/language/", "/console/theme/", "/console/static/", "/console/sign-")
#: If these are in an address, each of their values may be a page of its own.
APART = ("view", "word")
#: If an address has one of these at all, its page looks different, and leads elsewhere.
NARROWED = ("indicator", "reason")


class Visit(NamedTuple):
    """A page as a role sees it; `name` is fit for a file."""

    role: str
    route: str
    name: str
    path: str
    status: int = 200


#: Statuses of a refusal, in words.
REFUSED = {
    "officer": (Visit("officer", "refused", "officer-refused", "/console/cases/none", 404),),
}


@dataclass(frozen=True, slots=True)
class Place:
    """The route of an address, and the look of the route that it shows."""

    route: str
    look: str


def routes() -> Iterator[APIRoute]:
    for module in MODULES:
        for route in module.router.routes:
            if isinstance(route, APIRoute) and "GET" in (route.methods or ()):
                yield route


def unreached(visits: Iterable[Visit]) -> set[str]:
    return {one.path for one in routes()} - {one.route for one in visits} - set(NO_PAGES)


def _usual(route: APIRoute) -> dict[str, object]:
    """A route's defaults: an address that spells them out leads to the same page."""
    found, waiting = dict[str, object](), [route.dependant]
    while waiting:
        one = waiting.pop()
        found |= {field.alias: field.default for field in one.query_params}
        waiting += one.dependencies
    return found


def place_of(address: str, apart: Sequence[str] = APART) -> Place | None:
    """The place; None for an address that no route of the console serves."""
    split = urlsplit(address)
    for route in routes():
        if found := route.path_regex.match(split.path):
            asked = {name: values[-1] for name, values in parse_qs(split.query).items()}
            said = asked | found.groupdict()
            usual = _usual(route)
            looks = [said[one] for one in apart if said.get(one, usual.get(one)) != usual.get(one)]
            return Place(route.path, "-".join([*looks, *(one for one in NARROWED if one in asked)]))
    return None


def visits(
    browser: Browser, role: str, first: Iterable[str] = (), apart: Sequence[str] = APART
) -> list[Visit]:
    """One page of each place that links lead this role to; `first` are addresses to begin with."""
    waiting = [*first, *STARTS[role]]
    found: dict[Place, Visit] = {}
    seen: set[str] = set()
    while waiting:
        path = waiting.pop(0)
        place = place_of(path, apart)
        if path in seen or place is None or place in found:
            continue
        seen.add(path)
        answer = browser.context.request.get(browser.origin + path, max_redirects=5)
        if role:  # an address may lead on
            place = place_of(answer.url.removeprefix(browser.origin), apart)
        if place is None or place in found or not _is_page(answer) or (role and not answer.ok):
            continue
        found[place] = Visit(role, place.route, _name(role, place), path, answer.status)
        waiting += _links(answer.text()) if role else []
    return [*(one for one in found.values() if one.route not in NO_PAGES), *REFUSED.get(role, ())]


def _is_page(answer: object) -> bool:
    headers: dict[str, str] = getattr(answer, "headers", {})
    return headers.get("content-type", "").startswith("text/html")


def _links(page: str) -> list[str]:
    given = (unescape(one).partition("#")[0] for one in _LINK.findall(page))
    return [one for one in given if one.startswith("/") and not one.startswith(_SKIPPED)]


def _name(role: str, place: Place) -> str:
    path = re.sub(r"\W+", "-", re.sub(r"\{[^}]*\}", "x", place.route)).strip("-")
    return "-".join(filter(None, (role or "nobody", path or "front", place.look)))
