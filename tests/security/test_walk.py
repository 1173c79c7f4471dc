"""Every route, asked by every kind of viewer: no mark that is not theirs, and every look written.

Marks are planted in cases of each kind, and a stranger has lied about all of them before. A route
that the OpenAPI document has and `PLANS` has not fails the test, and so does one without a look.
"""

from __future__ import annotations

import asyncio
import json
import re
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from io import BytesIO
from itertools import product
from typing import Any, NamedTuple
from urllib.parse import quote
from uuid import UUID, uuid4
from zipfile import ZipFile

import asyncpg
import httpx
import pytest
from fastapi.routing import APIRoute
from kafka import KafkaProducer

from casebus.events.minted import stream_id
from casebus.evidence import archive, lines
from casebus.evidence.lines import JournalLine
from casebus.sdk.connection import producer_settings
from gateway.api import evidence, health
from gateway.app import _ROUTERS
from gateway.console import app as console
from onebox import credentials
from onebox.testing import Stack
from tests.integration.person import Person
from tests.integration.street import gateway_clients
from tests.integration.test_gateway import event, journaled, submit, until

pytestmark = [pytest.mark.connected, pytest.mark.timeout(300)]

OPENER, RECIPIENT, COPIED = "cn-330102-amr", "cn-330102-psb", "cn-330102-pro"
#: Were sent a note, and hold no role: one a state organ, the other none.
PARTY, LOW_PARTY = "cn-330102-court", "cn-330100-med"
#: Of the recipient's sector, and above the opener.
STRANGER, SUPERIOR = "cn-330105-psb", "cn-330100-amr"
TEAM = {OPENER, RECIPIENT, COPIED}
#: Sees every case that is not secret without a body, by its numbers, and all that was rejected.
OPERATOR = "admin"
#: Whatever key there is for those who are no agency.
OTHERS = ("bus", "root", OPERATOR)
NOBODY = ""
#: In the place of a stream.
NO_CASE = ""
#: Has a system of its own, of the opener's sector, and so may write to that door.
HOSTILE = "cn-330106-amr"
DOOR = f"events.administrative.{HOSTILE}"


@dataclass
class Planted:
    """What lies in the cases, and who may see which mark."""

    allowed: dict[str, set[str]] = field(default_factory=dict)
    #: Who sees what strangers write into a case: its own people.
    people: dict[str, set[str]] = field(default_factory=dict)
    #: Mark -> its stream.
    streams: dict[str, str] = field(default_factory=dict)
    #: (source, id) -> stream.
    events: dict[tuple[str, str], str] = field(default_factory=dict)
    keys: dict[str, str] = field(default_factory=dict)
    numbers: list[str] = field(default_factory=list)
    #: Id of an event that the opener never sent.
    forged: str = ""

    def mark(self, stream: str, *viewers: str) -> str:
        made = f"mark{uuid4().hex}"
        self.allowed[made], self.streams[made] = set(viewers), stream
        return made

    def cases(self) -> list[str]:
        return sorted({*self.streams.values()} - {NO_CASE})


#: How each route is asked: what stands for each name in its path, and what is sent besides. The
#: names of a planted case, event, item or number stand for all of them.
_ITEM = {"version": 0, "actor": "P-1", "data": {}}
#: As it was known in the end, and as whoever has a part sees it.
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


def test_every_route_has_a_plan() -> None:
    """Those that the document leaves out are walked too."""
    routes = {
        f"{method} {route.path_format}"
        for one in (*_ROUTERS, health)
        for route in one.router.routes
        for method in route.methods
    }
    assert routes == set(PLANS)


@pytest.fixture(scope="module")
def clients(stack: Stack) -> Iterator[dict[str, httpx.Client]]:
    keys = credentials.load(stack.home).api_keys
    agencies = {OPENER, RECIPIENT, COPIED, PARTY, LOW_PARTY, STRANGER, SUPERIOR}
    names = [*sorted(agencies), *(name for name in OTHERS if name in keys)]
    with (
        gateway_clients(stack, names) as made,
        httpx.Client(base_url=stack.gateway_url, timeout=20) as nobody,
    ):
        yield {**made, NOBODY: nobody}


@pytest.fixture(scope="module")
def planted(stack: Stack, clients: dict[str, httpx.Client]) -> Planted:
    found = Planted()
    _plant_case(found, clients, {})
    _plant_case(found, clients, {"secrecy": "TRADE_SECRET"})
    _plant_unopened(found, clients)
    _plant_import(found, clients)
    _plant_squatted(found, clients)
    _plant_recalled(found, clients)
    _lie(found, clients)
    _forge(found, stack)
    until(clients[RECIPIENT], "/v1/inbox?limit=500", lambda page: len(page["items"]) >= 2)
    rows = _rows(stack, "select key, stream from derived.work_item where stream = any($1)", found)
    found.keys = {row["key"]: str(row["stream"]) for row in rows}
    assert found.keys
    return found


def _say(found: Planted, client: httpx.Client, body: dict[str, Any]) -> None:
    journaled(client, submit(client, body))
    found.events[body["source"], body["id"]] = body["subject"]


def _plant_case(found: Planted, clients: dict[str, httpx.Client], marks: dict[str, str]) -> None:
    """A case of the opener's; of a secret one those without a role see what they were sent."""
    stream = str(uuid4())
    seen = found.people[stream] = TEAM if marks else {*TEAM, PARTY}
    number = found.mark(stream, *seen, *(() if marks else (OPERATOR,)))
    found.numbers.append(number)
    data = {
        "title": found.mark(stream, *seen),
        "facts": found.mark(stream, *TEAM),
        "note": found.mark(stream, *seen),
        "numbers": [{"kind": "letter_no", "value": number}],
        **marks,
    }
    about = {"legaltime": "2026-03-02", "data": data}
    _say(found, clients[OPENER], event(OPENER, "referral.sent", stream, to=RECIPIENT, **about))
    note = {"note": found.mark(stream, *TEAM, PARTY, LOW_PARTY)}
    told = event(
        OPENER,
        "case.noted",
        stream,
        to=f"{PARTY} {LOW_PARTY}",
        data=note,
        legaltime="2026-03-05",
    )
    _say(found, clients[OPENER], told)
    for viewer in (PARTY, LOW_PARTY, COPIED):
        until(clients[viewer], f"/v1/cases/{stream}", lambda case: case["status"])


def _plant_unopened(found: Planted, clients: dict[str, httpx.Client]) -> None:
    stream = str(uuid4())
    number = found.mark(stream, RECIPIENT)
    found.numbers.append(number)
    data = {
        "note": found.mark(stream, RECIPIENT),
        "numbers": [{"kind": "docket_no", "value": number}],
    }
    _say(found, clients[RECIPIENT], event(RECIPIENT, "referral.accepted", stream, data=data))
    own = {"note": found.mark(stream, STRANGER)}
    _say(found, clients[STRANGER], event(STRANGER, "case.noted", stream, data=own))


def _plant_import(found: Planted, clients: dict[str, httpx.Client]) -> None:
    stream = str(uuid4())
    for author in (OPENER, STRANGER):
        data = {"import_id": stream, "title": found.mark(stream, author)}
        _say(found, clients[author], event(author, "import.opened", stream, data=data))


def _plant_squatted(found: Planted, clients: dict[str, httpx.Client]) -> None:
    """The superior has computed the id of the opener's import, and opens the stream first."""
    number = f"mark{uuid4().hex}"
    stream = stream_id(OPENER, "letter_no", number)
    found.people[stream] = {OPENER, RECIPIENT, COPIED}
    found.allowed[number], found.streams[number] = {*found.people[stream], OPERATOR}, stream
    found.numbers.append(number)
    about: dict[str, Any] = {"to": RECIPIENT, "legaltime": "2026-03-02"}
    squat = {"note": found.mark(stream, SUPERIOR, *found.people[stream])}
    _say(found, clients[SUPERIOR], event(SUPERIOR, "referral.sent", stream, data=squat, **about))
    until(clients[SUPERIOR], f"/v1/cases/{stream}", lambda case: case["opener"] == SUPERIOR)
    own = {
        "facts": found.mark(stream, *TEAM),
        "note": found.mark(stream, *TEAM),
        "numbers": [{"kind": "letter_no", "value": number}],
    }
    _say(found, clients[OPENER], event(OPENER, "referral.sent", stream, data=own, **about))
    until(clients[OPENER], f"/v1/cases/{stream}", lambda case: case["opener"] == OPENER)


def _plant_recalled(found: Planted, clients: dict[str, httpx.Client]) -> None:
    """A note that went astray and was taken back: its words are its author's alone."""
    stream = str(uuid4())
    found.people[stream] = TEAM
    data = {"title": found.mark(stream, *TEAM)}
    about = {"legaltime": "2026-03-02", "data": data}
    _say(found, clients[OPENER], event(OPENER, "referral.sent", stream, to=RECIPIENT, **about))
    number = found.mark(stream, OPENER)
    found.numbers.append(number)
    words = {
        "note": found.mark(stream, OPENER),
        "numbers": [{"kind": "letter_no", "value": number}],
    }
    readers = f"{RECIPIENT} {PARTY}"
    astray = event(OPENER, "case.noted", stream, to=readers, data=words, legaltime="2026-03-05")
    _say(found, clients[OPENER], astray)
    sent = quote(OPENER, safe="") + "/" + quote(astray["id"], safe="")
    for viewer in (RECIPIENT, PARTY):
        until(clients[viewer], f"/v1/inbox/{sent}", lambda one: one["data"]["note"])
    fix = {"corrected_source": OPENER, "corrected_id": astray["id"]}
    fix |= {"changes": {"note": json.dumps(found.mark(stream, OPENER))}, "reasons": "x"}
    corrected = event(OPENER, "case.corrected", stream, to=readers, data=fix)
    _say(found, clients[OPENER], corrected)
    taken = {"recalled_source": OPENER, "recalled_id": astray["id"], "reasons": "x"}
    _say(found, clients[OPENER], event(OPENER, "case.recalled", stream, to=readers, data=taken))
    for viewer in (RECIPIENT, PARTY):
        until(
            clients[OPENER],
            f"/v1/events/{sent}/recall",
            lambda one, name=viewer: name in {each["agency"] for each in one["erased"]},
        )


def _forge(found: Planted, stack: Stack) -> None:
    """An agency with a system of its own writes garbage in the opener's name."""
    mark = found.mark(NO_CASE, OPERATOR)
    headers = [("ce_source", OPENER.encode()), ("ce_id", mark.encode()), ("ce_type", mark.encode())]
    producer = KafkaProducer(**producer_settings(stack.settings(HOSTILE)))
    try:
        producer.send(DOOR, key=b"k", value=mark.encode(), headers=headers).get(timeout=30)
    finally:
        producer.close()
    found.forged = mark
    deadline = time.monotonic() + 30
    while not _rows(
        stack,
        "select 1 from own.rejected where event_id = $2 and $1::uuid[] is not null",
        found,
        mark,
    ):
        assert time.monotonic() < deadline
        time.sleep(0.1)


def _lie(found: Planted, clients: dict[str, httpx.Client]) -> None:
    """The stranger says that it received and opened everything, and writes into every case."""
    for (source, name), stream in list(found.events.items()):
        about = {"agency": STRANGER, "event_source": source, "event_id": name, "event_type": "x"}
        for step in ("received", "opened"):
            said = event(STRANGER, f"intake.{step}", stream, data=about)
            journaled(clients[STRANGER], submit(clients[STRANGER], said))
    for stream in found.cases():
        data = {"note": found.mark(stream, STRANGER, *found.people.get(stream, ()))}
        _say(found, clients[STRANGER], event(STRANGER, "referral.filed", stream, data=data))


def _rows(stack: Stack, query: str, found: Planted, *values: Any) -> list[Any]:
    async def fetch() -> list[Any]:
        connection = await asyncpg.connect(stack.database_url)
        try:
            streams = [UUID(one) for one in found.cases()]
            return list(await connection.fetch(query, streams, *values))
        finally:
            await connection.close()

    return asyncio.run(fetch())


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
    """One viewer's way through every route: what it saw, and what has to be written of it."""

    client: httpx.Client
    planted: Planted
    #: Where the routes for monitors are: a port of their own is no wall.
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
        """What stands in the path, and which case that asks for."""
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
            # What the viewer wrote itself tells it nothing.
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


def test_no_viewer_finds_a_mark_that_is_not_theirs_and_every_look_is_written(
    stack: Stack, clients: dict[str, httpx.Client], planted: Planted
) -> None:
    document = clients[NOBODY].get("/openapi.json").json()
    counted = "select route, stream, count(*) from own.access where stream = any($1)"
    by_route = f"{counted} and agency = $2 group by route, stream"
    for viewer, client in clients.items():
        before = _looks(_rows(stack, by_route, planted, viewer))
        walk = Walk(client, planted, stack.probe_url)
        walk.through(document)
        allowed = {mark for mark, viewers in planted.allowed.items() if viewer in viewers}
        assert walk.seen - allowed == set(), f"{viewer} sees what is not for it"
        # And the walk has eyes: whoever may see a mark finds it.
        assert allowed - walk.seen == set(), f"{viewer} does not find its own"
        written = _looks(_rows(stack, by_route, planted, viewer)) - before
        missing = walk.looks - written
        assert missing == Counter(), f"{viewer} looked unwritten: {missing}"


#: Role -> who comes to the console with it.
COMING = {
    "officer": (OPENER, RECIPIENT, PARTY, LOW_PARTY, STRANGER, SUPERIOR),
    "supervisor": (COPIED, STRANGER, SUPERIOR),
    "ops": (NOBODY,),
}
#: Pages that show nothing of a case, or end a session.
_NO_PAGES = ("/console/development", "/console/sign", "/console/live", "/console/static")
#: What is asked of a page besides the page itself.
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


def _pages() -> list[APIRoute]:
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
            # Whatever else a path asks for: it is not there.
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


@pytest.mark.long
@pytest.mark.parametrize(
    ("role", "agency"), [(role, one) for role, who in COMING.items() for one in who]
)
def test_no_visitor_finds_a_mark_on_a_page_that_is_not_theirs_and_looks_are_written(
    stack: Stack, planted: Planted, role: str, agency: str
) -> None:
    person = Person(stack)
    person.signs_in(role, agency)
    visit = Visit(person, planted)
    visit.over(_pages())
    viewer = agency or OPERATOR
    allowed = {mark for mark, viewers in planted.allowed.items() if viewer in viewers}
    assert visit.seen - allowed == set(), f"{role} of {agency} sees what is not for it"
    if viewer in TEAM:
        # The visit has eyes: whoever holds a role finds what the open case says.
        first = planted.cases()
        own = {one for one in allowed if planted.streams[one] in first}
        assert len(visit.seen) > len(own) / 2
    query = "select distinct stream from own.access where stream = any($1) and route like $2"
    written = {str(row["stream"]) for row in _rows(stack, query, planted, "/console/%")}
    assert visit.told <= written


def _looks(rows: list[Any]) -> Counter[tuple[str, str]]:
    return Counter({(row["route"], str(row["stream"])): row["count"] for row in rows})


def test_the_opener_reads_who_was_refused_whatever_was_asked(
    clients: dict[str, httpx.Client], planted: Planted
) -> None:
    """Also where the refused asked for an event or a work item by its id."""
    (source, name), stream = next(iter(planted.events.items()))
    key = next(key for key, its in planted.keys.items() if its == stream)
    for path in (
        f"/v1/inbox/{source}/{name}",
        f"/v1/events/{source}/{name}",
        f"/v1/work/{key}",
        f"/v1/cases/{stream}",
    ):
        assert clients[STRANGER].get(path).status_code == 404, path
    rows = clients[OPENER].get(f"/v1/cases/{stream}/accesses").json()["items"]
    refused = {one["route"] for one in rows if (one["agency"], one["status"]) == (STRANGER, 404)}
    assert refused >= {
        "/v1/inbox/{source}/{event_id}",
        "/v1/events/{source}/{event_id}",
        "/v1/work/{key}",
        "/v1/cases/{case}",
    }


def test_a_liar_stands_in_no_receipt(clients: dict[str, httpx.Client], planted: Planted) -> None:
    (source, name), *_ = planted.events
    receipts = clients[OPENER].get(f"/v1/events/{source}/{name}/receipts").json()
    named = {one["agency"] for step in ("delivered", "retrieved") for one in receipts[step]}
    assert STRANGER not in named
    assert RECIPIENT in named


def test_what_was_forged_under_its_name_the_opener_has_never_sent(
    clients: dict[str, httpx.Client], planted: Planted
) -> None:
    listed = clients[OPENER].get("/v1/rejected").json()
    assert (DOOR, "malformed_headers") in {
        (one["door"], one["reason"]) for one in listed["unverified"]
    }
    assert clients[OPENER].get(f"/v1/events/{OPENER}/{planted.forged}").status_code == 404
