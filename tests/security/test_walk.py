"""Every route, asked by every kind of viewer: no mark that is not theirs, and every look written.

Marks are planted in cases of each kind, and a stranger has lied about all of them before. A route
that the OpenAPI document has and `PLANS` has not fails the test, and so does one without a look.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from typing import Any

import httpx
import pytest

from gateway.api import health
from gateway.app import _ROUTERS
from onebox import credentials
from onebox.testing import Stack
from tests.integration.person import Person
from tests.integration.street import gateway_clients
from tests.security.planting import (
    COPIED,
    DOOR,
    LOW_PARTY,
    NOBODY,
    OPENER,
    OPERATOR,
    OTHERS,
    PARTY,
    RECIPIENT,
    STRANGER,
    SUPERIOR,
    TEAM,
    Planted,
    plant,
    rows_of,
)
from tests.security.walking import COMING, PLANS, Visit, Walk, pages

pytestmark = [pytest.mark.connected, pytest.mark.timeout(300)]


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
    return plant(stack, clients)


def test_no_viewer_finds_a_mark_that_is_not_theirs_and_every_look_is_written(
    stack: Stack, clients: dict[str, httpx.Client], planted: Planted
) -> None:
    document = clients[NOBODY].get("/openapi.json").json()
    counted = "select route, stream, count(*) from own.access where stream = any($1)"
    by_route = f"{counted} and agency = $2 group by route, stream"
    for viewer, client in clients.items():
        before = _looks(rows_of(stack, by_route, planted, viewer))
        walk = Walk(client, planted, stack.probe_url)
        walk.through(document)
        allowed = {mark for mark, viewers in planted.allowed.items() if viewer in viewers}
        assert walk.seen - allowed == set(), f"{viewer} sees what is not for it"
        # And the walk has eyes: whoever may see a mark finds it.
        assert allowed - walk.seen == set(), f"{viewer} does not find its own"
        written = _looks(rows_of(stack, by_route, planted, viewer)) - before
        missing = walk.looks - written
        assert missing == Counter(), f"{viewer} looked unwritten: {missing}"


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
    visit.over(pages())
    viewer = agency or OPERATOR
    allowed = {mark for mark, viewers in planted.allowed.items() if viewer in viewers}
    assert visit.seen - allowed == set(), f"{role} of {agency} sees what is not for it"
    if viewer in TEAM:
        # The visit has eyes: whoever holds a role finds what the open case says.
        first = planted.cases()
        own = {one for one in allowed if planted.streams[one] in first}
        assert len(visit.seen) > len(own) / 2
    query = "select distinct stream from own.access where stream = any($1) and route like $2"
    written = {str(row["stream"]) for row in rows_of(stack, query, planted, "/console/%")}
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
