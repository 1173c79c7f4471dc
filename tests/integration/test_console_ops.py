"""The ops desk on a whole stack: what works, what flows, what was refused, where a case is."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from uuid import uuid4

import httpx
import pytest

from onebox.testing import Stack
from operations.commands.verify import _keep, _run_of
from operations.verify.report import VerifyReport
from tests.integration.person import Person, csrf
from tests.integration.street import AMR, DOORS, PSB, Bus, gateway_clients, opened

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
    for part in (
        "services",
        "flow",
        "connections",
        f"where/{uuid4()}",
        "verifications",
        "heads",
        "schemas",
    ):
        answer = clients[PSB].get(f"/v1/ops/{part}")
        assert (answer.status_code, answer.json()["code"]) == (403, "operators_only")
    for part in (
        "",
        "/flow",
        "/rejects",
        "/rejects/0-0",
        "/redrives/1",
        "/where",
        "/proof",
        "/grants",
        "/grants/1",
        "/grants/1/case",
    ):
        assert officer.gets(f"/console/ops{part}").status_code == 403


@pytest.fixture
def refused(bus: Bus) -> tuple[str, str]:
    """Place and id of a record whose type its author's sector may not send."""
    record = bus.event("referral.filed", AMR, stream=str(uuid4()), legal="2026-03-05")
    bus.send([record], DOORS[AMR])
    event = dict(record.headers)["ce_id"].decode()
    [row] = bus.until("select * from own.rejected where event_id = $1", event)
    assert row["reason"] == "type_not_allowed"
    return f"{row['partition']}-{row['kafka_offset']}", event


def test_what_was_refused_stands_by_cause_and_is_read_as_far_as_it_can_be(
    ops: Person, refused: tuple[str, str]
) -> None:
    place, event = refused
    page = ops.gets("/console/ops/rejects")
    assert "type_not_allowed" in page.text
    assert "该部门不得发此类事件" in page.text
    listed = ops.gets("/console/ops/rejects?reason=type_not_allowed")
    assert f'value="{place}"' in listed.text
    shown = ops.gets(f"/console/ops/rejects/{place}").text
    assert "ce_type" in shown
    assert event in shown
    assert ops.gets("/console/ops/rejects/99-1").status_code == 404
    assert ops.gets("/console/ops/rejects?reason=none_such").status_code == 400


def test_a_redrive_is_tried_asked_for_and_agreed_to_by_a_second_person_only(
    bus: Bus, ops: Person, second: Person, refused: tuple[str, str]
) -> None:
    place, _ = refused
    page, form = f"/console/ops/rejects/{place}", "/console/ops/redrives"

    def sends(person: Person, path: str, given: dict[str, str]) -> httpx.Response:
        fields = {"csrf": csrf(person.gets(page).text), **given}
        return person.http.post(path, data=fields, headers={"Origin": person.origin})

    asked_before = len(bus.rows("select * from own.redrive"))
    tried = sends(ops, form, {"places": place})
    assert tried.status_code == 200
    assert "type_not_allowed" in tried.text
    unsaid = sends(ops, form, {"places": place, "do": "ask", "why": " "})
    assert unsaid.status_code == 422
    assert len(bus.rows("select * from own.redrive")) == asked_before
    asked = sends(ops, form, {"places": place, "do": "ask", "why": "<b>试一次</b>"})
    assert asked.url.path.startswith("/console/ops/redrives/")
    assert "&lt;b&gt;试一次&lt;/b&gt;" in asked.text
    number = int(asked.url.path.rpartition("/")[2])
    own = sends(ops, f"{form}/{number}/agree", {})
    assert own.status_code == 422
    assert "申请人不得批准自己的申请" in own.text
    foreign = second.http.post(f"{form}/{number}/agree", headers={"Origin": second.origin})
    assert foreign.status_code == 403
    assert bus.rows("select agreed from own.redrive where id = $1", number)[0]["agreed"] is None
    agreed = sends(second, f"{form}/{number}/agree", {})
    assert agreed.status_code == 200
    bus.until("select * from own.redriven where redrive = $1 and sent_at is not null", number)
    assert "1/1" in ops.gets(f"{form}/{number}").text


def test_where_a_case_is_says_places_and_who_owes_what_and_no_content(
    bus: Bus, ops: Person, clients: dict[str, httpx.Client]
) -> None:
    stream, record = opened(bus, data={"title": "不得显示的案由"})
    event = dict(record.headers)["ce_id"].decode()
    bus.until("select * from derived.work_item where stream = $1 and is_open", stream)
    query = "select * from derived.hand_over where stream = $1 and id = $2 and step = 'delivered'"
    bus.until(query, stream, event)
    found = clients["admin"].get(f"/v1/ops/where/{stream}").json()
    assert (found["case"], found["restricted"]) == (stream, False)
    [sent] = [one for one in found["steps"] if one["id"] == event]
    reached = {one["stage"] for one in sent["stages"]}
    assert {"recorded", "folded", "routed", "delivered"} <= reached
    assert PSB in {one["agency"] for one in found["owed"]}
    by_event = clients["admin"].get(f"/v1/ops/where/{event}").json()
    assert (by_event["case"], [one["id"] for one in by_event["steps"]]) == (stream, [event])
    page = ops.gets(f"/console/ops/where?name={event}")
    assert page.status_code == 200
    assert f"case.journal-{sent['partition']}-{sent['offset']}" in page.text
    for text in (str(found), page.text):
        assert "不得显示的案由" not in text
    looked = bus.rows("select agency from own.access where stream = $1::uuid", stream)
    assert any(row["agency"].startswith("admin/P-") for row in looked)
    assert "没有找到" in ops.gets(f"/console/ops/where?name={uuid4()}").text


def test_of_a_secret_case_the_journey_says_that_it_is_there_and_no_more(
    bus: Bus, ops: Person, clients: dict[str, httpx.Client]
) -> None:
    stream, record = opened(bus, data={"title": "秘密", "secrecy": "TRADE_SECRET"})
    event = dict(record.headers)["ce_id"].decode()
    for name in (stream, event):
        found = clients["admin"].get(f"/v1/ops/where/{name}").json()
        assert found["restricted"]
        assert [found[one] for one in ("steps", "owed", "unsent", "refusals", "event")] == [
            *([],) * 4,
            None,
        ]
        page = ops.gets(f"/console/ops/where?name={name}").text
        assert "case.journal-" not in page
        assert PSB not in page


def test_of_a_rejected_event_it_says_that_it_was_rejected(
    ops: Person, clients: dict[str, httpx.Client], refused: tuple[str, str]
) -> None:
    place, event = refused
    found = clients["admin"].get(f"/v1/ops/where/{event}").json()
    assert found["stuck"]["code"] == "rejected"
    assert [one["place"] for one in found["refusals"]] == [place]
    assert "被退回：该部门不得发此类事件" in ops.gets(f"/console/ops/where?name={event}").text


def test_heads_versions_and_what_was_verified_are_shown_and_no_place_of_it(
    bus: Bus, ops: Person, clients: dict[str, httpx.Client]
) -> None:
    opened(bus)
    bus.until("select * from own.head")
    found = clients["admin"].get("/v1/ops/schemas", params={"hours": 1}).json()["items"]
    sent = [
        one for one in found if (one["agency"], one["type"]) == (AMR, "casebus.referral.sent.v1")
    ]
    assert sum(one["events"] for one in sent) >= 1
    assert all(one["version"] for one in sent)
    heads = clients["admin"].get("/v1/ops/heads").json()
    assert any(one["size"] for one in heads["items"])
    report = VerifyReport()
    report.count("journal records", 17)
    report.problem("row_differs", "number: 杭西市监移〔2026〕7号")
    now = datetime.now(UTC)
    run = _run_of(report, now - timedelta(seconds=5), 5.0, True)
    asyncio.run(_keep(bus.stack.database_url, run))
    [last, *_] = clients["admin"].get("/v1/ops/verifications").json()["items"]
    assert (last["ok"], last["counts"]) == (False, {"journal records": 17})
    assert last["problems"] == [{"code": "row_differs", "count": 1}]
    page = ops.gets("/console/ops/proof")
    assert page.status_code == 200
    assert "row_differs" in page.text
    assert "杭西市监移" not in page.text + str(last)


def sent(person: Person, path: str, given: dict[str, str]) -> httpx.Response:
    """A form of the ops desk, with the token of the person's own session."""
    fields = {"csrf": csrf(person.gets("/console/ops/grants").text), **given}
    return person.http.post(path, data=fields, headers={"Origin": person.origin})


def test_what_a_case_says_is_read_under_a_grant_that_another_gave_and_nowhere_else(
    bus: Bus, stack: Stack, ops: Person, second: Person, clients: dict[str, httpx.Client]
) -> None:
    mark = f"MARK{uuid4().hex}"
    stream, _ = opened(bus, data={"title": mark, "secrecy": "TRADE_SECRET"})
    form = "/console/ops/grants"
    assert sent(ops, form, {"case": stream, "reason": "  "}).status_code == 422
    assert sent(ops, form, {"case": str(uuid4()), "reason": "x"}).status_code == 422
    asked = sent(ops, form, {"case": stream, "reason": "排查推演故障"})
    number = int(asked.url.path.rpartition("/")[2])
    # Not before another agreed, and not by who asked.
    assert ops.gets(f"{form}/{number}/case").status_code == 403
    own = sent(ops, f"{form}/{number}/agree", {})
    assert own.status_code == 422
    assert "申请人不得批准自己的申请" in own.text
    assert ops.gets(f"{form}/{number}/case").status_code == 403
    assert sent(second, f"{form}/{number}/agree", {}).status_code == 200
    # To who asked, and to nobody else.
    other = second.gets(f"{form}/{number}/case")
    assert (other.status_code, mark in other.text) == (403, False)
    by_key = clients["admin"].get(f"/v1/ops/grants/{number}/case")
    assert (by_key.status_code, by_key.json()["code"]) == (403, "grant_not_live")
    read = ops.gets(f"{form}/{number}/case")
    assert read.status_code == 200
    assert mark in read.text
    # Under the grant's own address alone.
    for path in (f"/console/cases/{stream}", f"/console/ops/where?name={stream}"):
        assert mark not in ops.gets(path).text
    looked = clients[PSB].get(f"/v1/cases/{stream}/accesses").json()["items"]
    marked = [one for one in looked if one["break_glass"] == number]
    assert {one["break_glass_reason"] for one in marked} == {"排查推演故障"}
    assert any(one["status"] == 200 for one in marked)
    assert all(one["agency"].startswith("admin/P-") for one in marked)
    officer = Person(stack)
    officer.signs_in("officer", PSB)
    assert "排查推演故障" in officer.gets(f"/console/cases/{stream}").text
    # It is over when its time is, or when somebody ends it.
    assert sent(second, f"{form}/{number}/end", {}).status_code == 200
    over = ops.gets(f"{form}/{number}/case")
    assert (over.status_code, mark in over.text) == (403, False)
    again = sent(second, f"{form}/{number}/agree", {})
    assert again.status_code == 422
