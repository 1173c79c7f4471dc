"""The ops desk on a whole stack: what works, what flows, what was refused, where a case is."""

from __future__ import annotations

from collections.abc import Iterator

import httpx
import pytest

from onebox.testing import Stack
from tests.integration.person import Person
from tests.integration.street import AMR, PSB, Bus, gateway_clients, opened

pytestmark = [pytest.mark.connected, pytest.mark.timeout(240)]


@pytest.fixture(scope="module")
def ops(stack: Stack) -> Person:
    person = Person(stack)
    person.signs_in("ops", name="值班一")
    return person


@pytest.fixture(scope="module")
def second(stack: Stack) -> Person:
    person = Person(stack)
    person.signs_in("ops", name="值班二")
    return person


@pytest.fixture(scope="module")
def clients(stack: Stack) -> Iterator[dict[str, httpx.Client]]:
    with gateway_clients(stack, [AMR, PSB, "admin"]) as made:
        yield made


def test_each_service_says_how_far_it_is_and_the_page_and_the_monitor_agree(
    bus: Bus, ops: Person, clients: dict[str, httpx.Client]
) -> None:
    opened(bus)
    bus.until("select * from own.place where service = 'casework' and done > 0")
    found = clients["admin"].get("/v1/ops/services").json()
    known = {one["service"]: one for one in found["items"]}
    assert {"admission", "router", "casework", "tables", "gateway", "scheduler"} <= known.keys()
    assert known["casework"]["partitions"]
    assert known["gateway"]["restarts"] is not None
    assert known["gateway"]["since"]
    ready = clients["admin"].get("/readyz")
    page = ops.gets("/console/ops")
    assert page.status_code == 200
    if ready.status_code == 200:
        assert found["checks"] == ready.json()["checks"]
    for name in known:
        assert f"<code>{name}</code>" in page.text
    for sort in ("oldest", "rate", "restarts", "name"):
        assert ops.gets(f"/console/ops?sort={sort}").status_code == 200


def test_flow_and_connections_are_counts_and_name_no_case(
    bus: Bus, ops: Person, clients: dict[str, httpx.Client]
) -> None:
    stream, record = opened(bus, data={"title": "不得显示的案由"})
    event = dict(record.headers)["ce_id"].decode()
    found = clients["admin"].get("/v1/ops/flow", params={"hours": 1})
    sent = {(one["author"], one["recipient"]): one["events"] for one in found.json()["items"]}
    assert sent[AMR, PSB] >= 1
    connected = clients["admin"].get("/v1/ops/connections", params={"hours": 1})
    agencies = {one["agency"]: one for one in connected.json()["items"]}
    assert agencies[AMR]["last_sent"]
    assert abs(agencies[AMR]["clock_ahead_seconds"]) < 60
    assert agencies[PSB]["sent_to_it"] >= agencies[PSB]["unread"] >= 0
    page = ops.gets("/console/ops/flow?hours=1")
    assert page.status_code == 200
    for text in (found.text, connected.text, page.text):
        assert stream not in text
        assert event not in text
        assert "不得显示的案由" not in text


def test_a_secret_case_adds_to_no_pair_of_the_flow(
    bus: Bus, clients: dict[str, httpx.Client]
) -> None:
    def pairs() -> tuple[int, int]:
        found = clients["admin"].get("/v1/ops/flow", params={"hours": 1}).json()
        return sum(one["events"] for one in found["items"] if one["author"] == AMR), found[
            "left_out"
        ]

    # What others say meanwhile is not the author's.
    before, hidden = pairs()
    opened(bus, data={"title": "秘密", "secrecy": "TRADE_SECRET"})
    after, more = pairs()
    assert after == before
    assert more > hidden


def test_the_ops_desk_is_for_operators_alone(
    stack: Stack, clients: dict[str, httpx.Client]
) -> None:
    officer = Person(stack)
    officer.signs_in("officer", PSB)
    for part in ("services", "flow", "connections"):
        answer = clients[PSB].get(f"/v1/ops/{part}")
        assert (answer.status_code, answer.json()["code"]) == (403, "operators_only")
    for part in ("", "/flow"):
        assert officer.gets(f"/console/ops{part}").status_code == 403
