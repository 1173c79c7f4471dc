"""Ways over all that is served: every route by each viewer, every page by each visitor."""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from io import BytesIO
from itertools import product
from typing import Any, NamedTuple
from urllib.parse import quote
from uuid import uuid4
from zipfile import ZipFile

import httpx
from fastapi.routing import APIRoute

from casebus.evidence import archive, lines
from casebus.evidence.lines import JournalLine
from gateway.api import evidence, health
from gateway.console import app as console
from tests.integration.person import Person
from tests.security.planting import (
    COPIED,
    LOW_PARTY,
    NO_CASE,
    NOBODY,
    OPENER,
    PARTY,
    RECIPIENT,
    STRANGER,
    SUPERIOR,
    Planted,
)

_ITEM = {"version": 0, "actor": "P-1", "data": {}}
#: As known in the end, and as an agency with a part sees it.
_SIGHTS: tuple[dict[str, str], ...] = (
    {},
    {"known_on": "9999-01-01T00:00:00Z"},
    {"seen_by": PARTY},
    {"seen_by": OPENER},
)
PLANS: dict[str, dict[str, Any]] = {
    "POST /v1/events": {"json": {"specversion": "1.0"}},
    "GET /v1/events/{source}/{event_id}": {},
    "GET /v1/events/{source}/{event_id}/receipts": {"queries": ({}, {"proof": "true"})},
    "GET /v1/events/{source}/{event_id}/recall": {},
    "GET /v1/cases": {"queries": ({}, {"number": "number"}, {"status": "sent"})},
    "GET /v1/cases/counts": {"queries": ({"by": "status"}, {"by": "agency"})},
    "GET /v1/cases/{case}": {"queries": _SIGHTS},
    "GET /v1/cases/{case}/clocks": {},
    "GET /v1/cases/{case}/history": {"queries": _SIGHTS},
    "GET /v1/cases/{case}/evidence": {},
    "GET /v1/cases/{case}/accesses": {},
    "GET /v1/cases/{case}/matches": {},
    "GET /v1/work": {"queries": ({"status": "all"},)},
    "GET /v1/work/{key}": {},
    # An act that no item knows: asked of each item, and done to none.
    "POST /v1/work/{key}/{action}": {"action": "nothing", "json": _ITEM},
    "GET /v1/oversight/owed": {},
    "GET /v1/oversight/breached": {},
    "GET /v1/oversight/omissions": {},
    "GET /v1/oversight/unanswered": {},
    "GET /v1/stats/cases": {"queries": ({"indicator": "transfers_sent"},)},
    "GET /v1/inbox": {},
    "GET /v1/inbox/{source}/{event_id}": {},
    "GET /v1/rejected": {"queries": ({}, {"reason": "unsigned"})},
    "GET /v1/rejected/{place}": {"place": "0-0"},
    "POST /v1/redrives": {"json": {"places": ["0-0"], "dry_run": True}},
    "GET /v1/redrives": {},
    "GET /v1/redrives/{number}": {"number": "1"},
    # An operator's to do, and no viewer here is one.
    "POST /v1/redrives/{number}/agree": {"number": "1", "json": {}},
    "POST /v1/redrives/{number}/decline": {"number": "1", "json": {}},
    "GET /v1/suspended": {},
    "GET /v1/ops/services": {},
    "GET /v1/ops/flow": {},
    "GET /v1/ops/connections": {},
    "GET /v1/ops/where/{case}": {},
    "GET /v1/ops/verifications": {},
    "POST /v1/ops/grants": {"json": {"case": str(uuid4()), "reason": "to look"}},
    "GET /v1/ops/grants": {},
    "GET /v1/ops/grants/{number}": {"number": "1"},
    # A named operator's to do, and no viewer here is one.
    **{
        f"POST /v1/ops/grants/{{number}}/{word}": {"number": "1", "json": {}}
        for word in ("agree", "decline", "end")
    },
    "GET /v1/ops/grants/{number}/case": {"number": "1"},
    "GET /v1/ops/heads": {},
    "GET /v1/ops/schemas": {},
    "GET /v1/sequences/repeated": {},
    "GET /v1/numbers": {"queries": [{"value": ""}]},
    "GET /v1/numbers/{value}": {},
    "POST /v1/penalties/compare": {
        "json": {"items": [{"office": OPENER, "number": "罚〔2026〕1号"}]}
    },
    "GET /v1/penalties/questions": {},
    "GET /v1/penalties/offices": {},
    # Nobody needs a key for these: they name nobody.
    "GET /v1/log": {},
    "GET /v1/log/{epoch}/{partition}/checkpoint": {"epoch": "1", "partition": "0"},
    "GET /v1/log/{epoch}/{partition}/tile/{tile}": {
        "epoch": "1",
        "partition": "0",
        "tile": "0/000",
    },
    "POST /v1/log/{epoch}/{partition}/cosignatures": {
        "epoch": "1",
        "partition": "0",
        "json": {"size": 1, "line": "—"},
    },
    "GET /v1/stats": {},
    "GET /v1/stats/indicators": {},
    "GET /livez": {},
    "GET /readyz": {},
    "GET /healthz": {},
    "GET /metrics": {},
    "GET /problems": {},
    "GET /problems/{code}": {"code": "not_found"},
    "GET /registry/": {},
    "GET /registry/subjects": {},
    **{
        f"GET /registry/subjects/{{subject}}/versions{rest}": {
            "subject": "casebus.referral.v1.Sent",
            "version": "latest",
        }
        for rest in ("", "/{version}", "/{version}/schema", "/{version}/referencedby")
    },
    **{
        f"POST /registry/subjects/{{subject}}{rest}": {
            "subject": "casebus.referral.v1.Sent",
            "json": {"schema": "{}"},
        }
        for rest in ("", "/versions")
    },
    "GET /registry/schemas/types": {},
    **{
        f"GET /registry/schemas/ids/{{schema_id}}{rest}": {"schema_id": "1"}
        for rest in ("", "/schema", "/subjects", "/versions")
    },
    **{
        f"GET /registry/{what}{rest}": {"subject": "casebus.referral.v1.Sent"}
        for what, rest in product(("config", "mode"), ("", "/{subject}"))
    },
}


class Asked(NamedTuple):
    """One question, and the case that its path asks for."""

    method: str
    path: str
    names: dict[str, str]
    stream: str
    query: dict[str, str]
    body: Any


@dataclass
class Walk:
    """One viewer's way through every route: the content it saw, and the log rows that are due."""

    client: httpx.Client
    planted: Planted
    #: The place of the routes for monitors: a port of their own is no wall.
    probes: str
    seen: set[str] = field(default_factory=set)
    looks: Counter[tuple[str, str]] = field(default_factory=Counter)

    def through(self, document: dict[str, Any]) -> None:
        paths = document["paths"].items()
        routes = {f"{method.upper()} {path}" for path, given in paths for method in given}
        assert routes <= set(PLANS), f"no plan: {sorted(routes - set(PLANS))}"
        for route, plan in PLANS.items():
            method, path = route.split(" ")
            for names, stream in self._names(path, plan):
                for query in plan.get("queries", ({},)):
                    for asked in self._queries(query):
                        self._ask(Asked(method, path, names, stream, asked, plan.get("json")))

    def _names(self, path: str, plan: dict[str, Any]) -> Iterator[tuple[dict[str, str], str]]:
        """The names in the path, and the case that they ask for."""
        fixed = {name: one for name, one in plan.items() if isinstance(one, str)}
        if "{event_id}" in path:
            for (source, name), stream in self.planted.events.items():
                yield {"source": source, "event_id": name}, stream
        elif "{key}" in path:
            for key, stream in self.planted.keys.items():
                yield {**fixed, "key": key}, stream
        elif "{case}" in path:
            for stream in self.planted.cases():
                yield {"case": stream}, stream
        elif "{value}" in path:
            for number in self.planted.numbers:
                yield {"value": number}, ""
        else:
            yield fixed, ""

    def _queries(self, query: dict[str, str]) -> Iterator[dict[str, str]]:
        asked = next((one for one in ("number", "value") if one in query), None)
        if asked is None:
            yield query
            return
        for number in self.planted.numbers:
            yield {asked: number}

    def _ask(self, asked: Asked) -> None:
        path = asked.path
        url = path.format(**{name: quote(one, safe="") for name, one in asked.names.items()})
        if path in _PROBED:
            url = self.probes + url
        given, known = dict(asked.query), {*asked.names.values(), *asked.query.values()}
        content = None if asked.body is None else json.dumps(asked.body)
        while True:
            answer = self.client.request(asked.method, url, params=given, content=content)
            assert answer.status_code < 500 or path in ("/readyz", "/healthz"), answer.text
            text = _said(answer) + json.dumps(dict(answer.headers))
            # The viewer learns nothing from its own events.
            marks = {one for one in self.planted.allowed if one in text and one not in known}
            self.seen |= marks
            told = {self.planted.streams[one] for one in marks} - {NO_CASE}
            told |= {one for one in self.planted.cases() if one in text and one not in known}
            if answer.status_code != 401:
                self.looks.update((path, one) for one in told | ({asked.stream} - {""}))
            following = answer.json().get("next") if path in _PAGED and answer.is_success else None
            if following is None:
                return
            given = {**asked.query, "cursor": following}


def _said(answer: httpx.Response) -> str:
    """All that an answer says; of a bundle of evidence the bodies too."""
    if answer.headers.get("content-type") != evidence.MEDIA_TYPE:
        return answer.text
    files = archive.unpack(answer.content)[0]
    records = [JournalLine.parse(one) for one in files[lines.RECORDS].splitlines()]
    bodies = [one.value or b"" for one in records]
    return b"\n".join((*files.values(), *bodies)).decode(errors="replace")


_PROBED = {route.path for route in health.router.routes if isinstance(route, APIRoute)}
_PAGED = ("/v1/cases", "/v1/work", "/v1/inbox", "/v1/rejected", "/v1/cases/{case}/history")


#: Role -> who comes to the console with it.
COMING = {
    "officer": (OPENER, RECIPIENT, PARTY, LOW_PARTY, STRANGER, SUPERIOR),
    "supervisor": (COPIED, STRANGER, SUPERIOR),
    "ops": (NOBODY,),
}
#: Pages that show nothing of a case, or end a session.
_NO_PAGES = ("/console/development", "/console/sign", "/console/live", "/console/static")
#: Requests about a page besides the page itself.
_VIEWS: dict[str, tuple[dict[str, str], ...]] = {
    "/console/cases/{case}": (
        {"view": "full"},
        {"view": "json"},
        {"on": "2999-01-01"},
        {"seen_by": PARTY},
        {"seen_by": OPENER},
    ),
    "/console/search": ({"text": "number"}, {"title": "mark"}),
    "/console/todo": ({"of": "all"},),
}


def pages() -> list[APIRoute]:
    found = [
        route
        for one in console._PAGES
        for route in one.router.routes
        if isinstance(route, APIRoute) and "GET" in (route.methods or ())
    ]
    return [one for one in found if not one.path.startswith(_NO_PAGES)]


@dataclass
class Visit:
    """One visitor's way over every page of the console."""

    person: Person
    planted: Planted
    seen: set[str] = field(default_factory=set)
    told: set[str] = field(default_factory=set)

    def over(self, pages: list[APIRoute]) -> None:
        for route in pages:
            for names in self._names(route.path_format):
                for query in ({}, *_VIEWS.get(route.path_format, ())):
                    numbers = self.planted.numbers if "text" in query else [""]
                    for number in numbers:
                        self._ask(route, names, {**query, "text": number} if number else query)

    def _names(self, path: str) -> Iterator[dict[str, str]]:
        for given in self._ids(path):
            # Whatever else a path asks for does not exist.
            yield {name: given.get(name, "1") for name in re.findall(r"{(\w+)}", path)}

    def _ids(self, path: str) -> Iterator[dict[str, str]]:
        if "{event_id}" in path:
            for (source, name), stream in self.planted.events.items():
                yield {"source": source, "event_id": name, "case": stream}
        elif "{case}" in path:
            yield from ({"case": one} for one in self.planted.cases())
        elif "{key}" in path:
            yield from ({"key": one, "word": "receipt"} for one in self.planted.keys)
        else:
            yield {}

    def _ask(self, route: APIRoute, names: dict[str, str], query: dict[str, str]) -> None:
        path = route.path_format.format(**{n: quote(one, safe="") for n, one in names.items()})
        answer = self.person.gets(path, params=query)
        assert answer.status_code < 500, answer.text
        text = answer.text + json.dumps(dict(answer.headers))
        if "spreadsheet" in answer.headers.get("content-type", ""):
            text += _cells(answer.content)
        known = {*names.values(), *query.values()}
        marks = {one for one in self.planted.allowed if one in text and one not in known}
        self.seen |= marks
        told = {self.planted.streams[one] for one in marks} - {NO_CASE}
        self.told |= told | {one for one in self.planted.cases() if one in text} - known


def _cells(workbook: bytes) -> str:
    with ZipFile(BytesIO(workbook)) as files:
        return "".join(files.read(name).decode() for name in files.namelist())
