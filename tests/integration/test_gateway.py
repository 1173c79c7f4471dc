from __future__ import annotations

import asyncio
import json
import time
from collections.abc import Iterator
from typing import Any
from urllib.parse import quote
from uuid import uuid4

import asyncpg
import httpx
import pytest
from confluent_kafka import Consumer, TopicPartition
from confluent_kafka.schema_registry import SchemaRegistryClient
from confluent_kafka.schema_registry.avro import AvroDeserializer
from confluent_kafka.schema_registry.error import SchemaRegistryError
from confluent_kafka.serialization import MessageField, SerializationContext

from casebus.events.schemas import Schemas
from casebus.settings import Settings
from casebus.trust.keys import SigningKey
from onebox.testing import Stack
from tests.integration.street import gateway_clients
from tests.world import draft, signed

pytestmark = pytest.mark.connected

AMR, PSB, PRO = "cn-330108-amr", "cn-330108-psb", "cn-330108-pro"
#: The police, and the procuratorate, to which the law owes a copy.
BOTH = {PSB, PRO}
STRANGER = "cn-330110-psb"
OWN_SYSTEM = "cn-330106-amr"
STRUCTURED = {"Content-Type": "application/cloudevents+json"}
PATIENCE = 20.0


@pytest.fixture(scope="module")
def clients(stack: Stack) -> Iterator[dict[str, httpx.Client]]:
    """A client an agency."""
    with gateway_clients(stack, (AMR, PSB, PRO, STRANGER, OWN_SYSTEM)) as made:
        yield made


def event(
    source: str, ce_type: str, stream: str | None = None, **attributes: Any
) -> dict[str, Any]:
    return {
        "specversion": "1.0",
        "id": str(uuid4()),
        "type": f"casebus.{ce_type}.v1",
        "source": source,
        "subject": stream or str(uuid4()),
        "data": {},
        **attributes,
    }


def submit(client: httpx.Client, body: dict[str, Any]) -> httpx.Response:
    return client.post("/v1/events", content=json.dumps(body), headers=STRUCTURED)


def until(client: httpx.Client, path: str, holds: Any) -> Any:
    """The body of `path` when it holds what is waited for."""
    deadline = time.monotonic() + PATIENCE
    while True:
        answer = client.get(path)
        if answer.is_success and holds(answer.json()):
            return answer.json()
        assert time.monotonic() < deadline, f"{path}: {answer.status_code} {answer.text}"
        time.sleep(0.05)


def journaled(client: httpx.Client, answer: httpx.Response) -> dict[str, Any]:
    assert answer.status_code == 202, answer.text
    path = answer.headers["location"]
    body = until(client, path, lambda status: status["status"] != "pending")
    assert body["status"] == "journaled", body
    return dict(body)


def refused(answer: httpx.Response, status: int, code: str) -> dict[str, Any]:
    assert (answer.status_code, answer.json()["code"]) == (status, code), answer.text
    assert answer.headers["content-type"] == "application/problem+json"
    return dict(answer.json())


def transfer(client: httpx.Client, number: str = "", **attributes: Any) -> dict[str, Any]:
    """A new case: a transfer from the market regulator to the police."""
    numbers = [{"kind": "letter_no", "value": number}] if number else []
    data = {"title": "涉嫌销售假冒注册商标的商品", "numbers": numbers, "actor": "amr-07"}
    body = event(AMR, "referral.sent", to=PSB, data=data, legaltime="2026-03-02", **attributes)
    journaled(client, submit(client, body))
    return body


def first_work(client: httpx.Client, case: str) -> dict[str, Any]:
    page = until(
        client,
        "/v1/work?limit=500",
        lambda page: any(one["case"] == case for one in page["items"]),
    )
    return dict(next(one for one in page["items"] if one["case"] == case))


@pytest.fixture(scope="module")
def number() -> str:
    return f"杭滨市监移〔2026〕{uuid4().int % 10**6}/1号"


@pytest.fixture(scope="module")
def sent(clients: dict[str, httpx.Client], number: str) -> dict[str, Any]:
    return transfer(clients[AMR], number)


def test_a_json_event_is_signed_for_the_agency_and_seen_by_its_recipient(
    clients: dict[str, httpx.Client], sent: dict[str, Any]
) -> None:
    case = until(clients[PSB], f"/v1/cases/{sent['subject']}", lambda case: case["status"])
    assert case["opener"] == AMR
    assert case["roles"]["police"] == [PSB]
    (item,) = until(clients[PSB], f"/v1/cases/{sent['subject']}/history", lambda _: True)["items"][
        :1
    ]
    assert (item["type"], item["source"], item["id"]) == (sent["type"], AMR, sent["id"])
    assert item["data"]["title"] == sent["data"]["title"]
    assert item["legal_time"] == "2026-03-02"
    assert item["folded"]
    assert {"epoch", "partition", "index"} == set(item["position"])
    clocks = clients[AMR].get(f"/v1/cases/{sent['subject']}/clocks").json()["items"]
    assert clocks
    assert {clock["state"] for clock in clocks} <= {"running", "unconfirmed"}


def test_a_case_shows_the_track_that_is_proposed_and_its_work_item_takes_it_up(
    clients: dict[str, httpx.Client],
) -> None:
    body = event(AMR, "complaint.received", data={"actor": "amr-07"}, legaltime="2026-03-02")
    journaled(clients[AMR], submit(clients[AMR], body))
    case = until(clients[AMR], f"/v1/cases/{body['subject']}", lambda case: case["status"])
    [proposal] = case["proposals"]
    assert proposal["track"]
    assert proposal["citations"]
    item = first_work(clients[AMR], body["subject"])
    assert {"triage", "recommend"} <= set(item["actions"])


def test_a_local_number_finds_the_case_however_it_is_typed(
    clients: dict[str, httpx.Client], sent: dict[str, Any], number: str
) -> None:
    typed = number.replace("〔", "（").replace("〕", "） ")
    found = clients[PSB].get(f"/v1/numbers/{quote(typed, safe='')}").json()["items"]
    assert [row["case"] for row in found] == [sent["subject"]]
    listed = clients[PSB].get("/v1/cases", params={"number": typed}).json()["items"]
    assert [row["id"] for row in listed] == [sent["subject"]]


def test_many_numbers_are_asked_about_at_once(
    clients: dict[str, httpx.Client], sent: dict[str, Any], number: str
) -> None:
    asked = {"value": ["没有〔2026〕1号", number.replace("〔", "（"), number]}
    found = clients[PSB].get("/v1/numbers", params=asked).json()["items"]
    assert [row["case"] for row in found] == [sent["subject"]]
    assert clients[STRANGER].get("/v1/numbers", params=asked).json()["items"] == []
    refused(clients[PSB].get("/v1/numbers"), 400, "invalid_parameter")
    many = {"value": [f"{one}号" for one in range(51)]}
    refused(clients[PSB].get("/v1/numbers", params=many), 400, "invalid_parameter")


def test_a_case_that_is_not_the_callers_is_not_there(
    clients: dict[str, httpx.Client], sent: dict[str, Any], number: str
) -> None:
    stranger, case = clients[STRANGER], sent["subject"]
    nowhere = str(uuid4())
    for path in ("/v1/cases/{}", "/v1/cases/{}/history", "/v1/cases/{}/clocks"):
        real = refused(stranger.get(path.format(case)), 404, "not_found")
        none = refused(stranger.get(path.format(nowhere)), 404, "not_found")
        assert {**real, "instance": ""} == {**none, "instance": ""}
    refused(stranger.get(f"/v1/events/{AMR}/{sent['id']}"), 404, "not_found")
    refused(stranger.get(f"/v1/events/{AMR}/{sent['id']}/receipts"), 404, "not_found")
    refused(stranger.get(f"/v1/inbox/{AMR}/{sent['id']}"), 404, "not_found")
    item = first_work(clients[PSB], case)
    refused(stranger.get(f"/v1/work/{item['key']}"), 404, "not_found")
    body = {"version": 1, "actor": "P"}
    refused(stranger.post(f"/v1/work/{item['key']}/take", json=body), 404, "not_found")
    assert stranger.get(f"/v1/numbers/{quote(number, safe='')}").json()["items"] == []
    assert stranger.get("/v1/cases").json()["items"] == []
    refused(stranger.get("/v1/cases/nonsense"), 404, "not_found")


def test_the_same_request_again_is_the_same_event(
    clients: dict[str, httpx.Client], sent: dict[str, Any]
) -> None:
    again = submit(clients[AMR], sent)
    assert again.status_code == 202
    history = clients[AMR].get(f"/v1/cases/{sent['subject']}/history").json()["items"]
    assert [one["id"] for one in history].count(sent["id"]) == 1
    refused(submit(clients[AMR], {**sent, "legaltime": "2026-03-03"}), 409, "id_conflict")
    refused(submit(clients[AMR], {**sent, "subject": str(uuid4())}), 409, "id_conflict")


def test_a_retry_that_the_database_forgot_is_known_from_the_journal(
    stack: Stack, clients: dict[str, httpx.Client]
) -> None:
    given = event(AMR, "case.noted", data={"note": "备注"})
    journaled(clients[AMR], submit(clients[AMR], given))

    async def forget() -> None:
        connection = await asyncpg.connect(stack.database_url)
        await connection.execute("delete from own.submission where event_id = $1", given["id"])
        await connection.close()

    async def leaves() -> int:
        connection = await asyncpg.connect(stack.database_url)
        query = "select count(*) from derived.journal where event_id = $1"
        count = await connection.fetchval(query, given["id"])
        await connection.close()
        return int(count)

    asyncio.run(forget())
    refused(submit(clients[AMR], {**given, "data": {"note": "另一"}}), 409, "id_conflict")
    journaled(clients[AMR], submit(clients[AMR], given))
    # What came after it has been recorded: nothing was sent a second time.
    after = event(AMR, "case.noted", stream=given["subject"])
    journaled(clients[AMR], submit(clients[AMR], after))
    assert asyncio.run(leaves()) == 1


def test_numbers_that_two_systems_gave_are_listed_for_their_agency_alone(
    clients: dict[str, httpx.Client],
) -> None:
    source, stream = f"{AMR}/twice", transfer(clients[AMR])["subject"]
    for _ in range(3):
        given = event(source, "case.noted", stream, sequence="1", data={"note": "备注"})
        journaled(clients[AMR], submit(clients[AMR], given))
    path = "/v1/sequences/repeated"
    listed = until(clients[AMR], path, lambda said: said["items"])["items"]
    its = [one for one in listed if one["source"] == source]
    assert {(one["case"], one["sequence"]) for one in its} == {(stream, 1)}
    assert sum(one["times"] for one in its) == 2
    assert clients[PSB].get(path).json()["items"] == []


def test_a_binary_event_with_an_encoded_source_is_taken(clients: dict[str, httpx.Client]) -> None:
    source = f"{AMR}/erp"
    given = event(source, "case.noted")
    headers = {f"ce-{name}": text for name, text in given.items() if name != "data"}
    answer = clients[AMR].post("/v1/events", json={"note": "备注"}, headers=headers)
    assert answer.headers["location"] == f"/v1/events/{AMR}%2Ferp/{given['id']}"
    assert journaled(clients[AMR], answer)["source"] == source


def test_signed_avro_passes_through_with_its_authors_signature(
    stack: Stack, clients: dict[str, httpx.Client]
) -> None:
    own = stack.settings(OWN_SYSTEM)
    key = SigningKey.load(own.keys_dir / f"{OWN_SYSTEM}.pem")
    record = signed(draft("referral.sent", OWN_SYSTEM, to=(PSB,), legal="2026-03-02"), key)
    headers = {
        name.replace("ce_", "ce-"): quote(text.decode(), safe=" -:/.")
        for name, text in record.headers
    }
    answer = clients[OWN_SYSTEM].post("/v1/events", content=record.value, headers=headers)
    journaled(clients[OWN_SYSTEM], answer)
    tampered = {**headers, "ce-id": str(uuid4())}
    answer = clients[OWN_SYSTEM].post("/v1/events", content=record.value, headers=tampered)
    status = until(
        clients[OWN_SYSTEM], answer.headers["location"], lambda one: one["status"] != "pending"
    )
    assert (status["status"], status["reason"]) == ("rejected", "bad_signature")
    # No key of its own has signed that: it is counted, and none of it is shown.
    listed = clients[OWN_SYSTEM].get("/v1/rejected").json()
    assert tampered["ce-id"] not in str(listed["items"])
    assert any(row["reason"] == "bad_signature" for row in listed["unverified"])


def test_what_may_not_be_sent_is_refused_before_sending(clients: dict[str, httpx.Client]) -> None:
    amr = clients[AMR]
    refused(submit(amr, event(PSB, "referral.accepted")), 403, "foreign_source")
    refused(submit(amr, event(AMR, "referral.unheard_of")), 422, "unknown_type")
    body = refused(
        submit(amr, event(AMR, "referral.sent", data={"suspects": [{"name": 5}]})),
        422,
        "invalid_data",
    )
    assert body["errors"] == [{"pointer": "/data/suspects/0/name", "detail": "string is expected"}]
    refused(submit(amr, event(AMR, "referral.sent", secrecy="state_secret")), 422, "state_secret")
    refused(submit(amr, event(AMR, "referral.sent", "not-a-uuid")), 400, "malformed_headers")
    long = event(AMR, "case.noted", data={"note": "x" * (1 << 20)})
    refused(submit(amr, long), 413, "too_large")
    refused(amr.post("/v1/events", content=b"x" * (5 << 20), headers=STRUCTURED), 413, "too_large")
    refused(amr.post("/v1/events", content=b"x"), 415, "unsupported_media_type")
    nobody = amr.post("/v1/events", json={}, headers={"Authorization": "Bearer no"})
    refused(nobody, 401, "unauthenticated")


def test_an_event_of_exactly_one_mebibyte_is_taken(clients: dict[str, httpx.Client]) -> None:
    schemas = Schemas.load(Settings().schemas_dir)
    empty = len(schemas.encode("casebus.case.noted.v1", {"note": "x" * (1 << 19)})) - (1 << 19)
    body = event(AMR, "case.noted", data={"note": "x" * ((1 << 20) - empty)})
    answer = submit(clients[AMR], body)
    assert journaled(clients[AMR], answer)["status"] == "journaled"
    body["data"]["note"] += "x"
    refused(submit(clients[AMR], {**body, "id": str(uuid4())}), 413, "too_large")


def test_a_delivery_is_listed_and_its_first_reading_is_evidence(
    clients: dict[str, httpx.Client], sent: dict[str, Any]
) -> None:
    page = until(
        clients[PSB],
        "/v1/inbox?limit=500",
        lambda page: any(one["id"] == sent["id"] for one in page["items"]),
    )
    assert clients[PSB].get("/v1/inbox", params={"after": page["last"]}).json()["items"] == []
    receipts = f"/v1/events/{AMR}/{sent['id']}/receipts"
    before = until(
        clients[AMR], receipts, lambda one: one["relayed"] and len(one["delivered"]) == len(BOTH)
    )
    assert {step["agency"] for step in before["delivered"]} == BOTH
    assert set(before["recipients"]) == BOTH
    assert before["retrieved"] == []
    item = (
        clients[PSB].get(f"/v1/inbox/{AMR}/{sent['id']}", headers={"Casebus-Actor": "psb-3"}).json()
    )
    assert item["data"]["title"] == sent["data"]["title"]
    clients[PSB].get(f"/v1/inbox/{AMR}/{sent['id']}")
    after = until(clients[AMR], receipts, lambda one: one["retrieved"])
    assert [step["agency"] for step in after["retrieved"]] == [PSB]
    assert after["submitted"]["at"] <= after["retrieved"][0]["at"]
    history = clients[PSB].get(f"/v1/cases/{sent['subject']}/history").json()["items"]
    opened = [one for one in history if one["type"] == "casebus.intake.opened.v1"]
    assert [one["data"]["actor"] for one in opened] == ["psb-3"]


def test_an_inbox_is_read_page_by_page_without_gaps(clients: dict[str, httpx.Client]) -> None:
    wanted = {transfer(clients[AMR])["id"] for _ in range(5)}
    until(
        clients[PSB],
        "/v1/inbox?limit=500",
        lambda page: wanted <= {one["id"] for one in page["items"]},
    )
    seen: list[str] = []
    cursor = None
    while True:
        query = {"limit": "2"} | ({"cursor": cursor} if cursor else {})
        page = clients[PSB].get("/v1/inbox", params=query).json()
        seen += [one["id"] for one in page["items"]]
        cursor = page["next"]
        if cursor is None:
            break
    assert wanted <= set(seen)
    assert len(seen) == len(set(seen))


def test_lists_are_paged_by_cursors(clients: dict[str, httpx.Client]) -> None:
    for _ in range(3):
        transfer(clients[AMR])
    # In an order that what is still on its way (receipts, warnings) does not change meanwhile.
    whole = clients[AMR].get("/v1/cases?limit=500&sort=opened").json()
    assert whole["next"] is None
    pages, cursor = [], None
    while True:
        query = {"limit": "2", "sort": "opened"} | ({"cursor": cursor} if cursor else {})
        page = clients[AMR].get("/v1/cases", params=query).json()
        pages += [one["id"] for one in page["items"]]
        cursor = page["next"]
        if cursor is None:
            break
    assert pages == [one["id"] for one in whole["items"]]
    refused(clients[AMR].get("/v1/cases?cursor=nonsense"), 400, "malformed_cursor")
    case = pages[0]
    first = clients[AMR].get(f"/v1/cases/{case}/history?limit=1").json()
    assert len(first["items"]) == 1


def test_an_action_is_an_event_and_its_outcome_is_told(clients: dict[str, httpx.Client]) -> None:
    case = transfer(clients[AMR])["subject"]
    item = first_work(clients[PSB], case)
    assert clients[PSB].get(f"/v1/work/{item['key']}").json()["version"] == item["version"]
    path = f"/v1/work/{item['key']}"
    request = {"version": item["version"], "actor": "psb-3"}
    taken = clients[PSB].post(f"{path}/take", json=request)
    assert taken.status_code == 200, taken.text
    outcome = taken.json()
    assert outcome["status"] == "done"
    assert outcome["work_item"]["taken_by"] == "psb-3"
    assert outcome["work_item"]["version"] == item["version"] + 1
    # The same request again hears the same outcome; another one that saw the old version does not.
    assert clients[PSB].post(f"{path}/take", json=request).json()["event"] == outcome["event"]
    late = clients[PSB].post(f"{path}/take", json={**request, "actor": "psb-4"})
    refused(late, 409, "work_changed")
    fresh = {"version": item["version"] + 1, "actor": "psb-3"}
    refused(clients[PSB].post(f"{path}/fly", json=fresh), 422, "unknown_action")
    word = next(name for name in item["actions"] if name != "take")
    fresh["legal_time"] = "2026-03-03"
    done = clients[PSB].post(f"{path}/{word}", json=fresh)
    assert done.status_code == 200, done.text
    assert not done.json()["work_item"]["is_open"]
    history = clients[AMR].get(f"/v1/cases/{case}/history").json()["items"]
    acted = next(one for one in history if one["id"] == done.json()["event"]["id"])
    assert acted["data"]["work_item"] == item["key"]
    assert acted["data"]["actor"] == "psb-3"
    assert AMR in acted["recipients"]
    again = clients[PSB].post(f"{path}/{word}", json={**fresh, "version": 3, "actor": "psb-9"})
    refused(again, 409, "work_closed")
    # The next item was opened by the agency's own act: who opened the case is told by default.
    items = clients[PSB].get("/v1/work").json()["items"]
    following = next(one for one in items if one["case"] == case)
    assert following["opened_by"]["source"] == PSB
    answer = {"version": following["version"], "actor": "psb-3"}
    done = clients[PSB].post(f"/v1/work/{following['key']}/accept", json=answer)
    assert done.status_code == 200, done.text
    history = clients[AMR].get(f"/v1/cases/{case}/history").json()["items"]
    accepted = next(one for one in history if one["id"] == done.json()["event"]["id"])
    assert AMR in accepted["recipients"]


def test_an_action_that_takes_longer_is_pending_and_keeps_its_place(
    stack: Stack, clients: dict[str, httpx.Client]
) -> None:
    case = transfer(clients[AMR])["subject"]
    item = first_work(clients[PSB], case)
    path = f"/v1/work/{item['key']}/take"
    request = {"version": item["version"], "actor": "psb-3"}
    stack.stop("casework")
    try:
        pending = clients[PSB].post(path, json=request)
        assert (pending.status_code, pending.json()["status"]) == (202, "pending")
        refused(clients[PSB].post(path, json={**request, "actor": "psb-4"}), 409, "work_pending")
    finally:
        stack.start("casework")
    journaled(clients[PSB], pending)
    done = clients[PSB].post(path, json=request)
    assert (done.status_code, done.json()["event"]) == (200, pending.json()["event"])


def test_of_two_acts_on_one_version_the_second_is_superseded(
    stack: Stack, clients: dict[str, httpx.Client]
) -> None:
    case = transfer(clients[AMR])["subject"]
    item = first_work(clients[PSB], case)
    own_system = event(
        PSB,
        "work.taken",
        case,
        legaltime="2026-03-02",
        causationid=item["opened_by"]["id"],
        data={
            "agency": PSB,
            "actor": "own-system",
            "work_item": item["key"],
            "work_version": item["version"],
        },
    )
    path = f"/v1/work/{item['key']}/take"
    request = {"version": item["version"], "actor": "psb-3", "legal_time": "2026-03-04"}
    stack.stop("casework")
    try:
        submit(clients[PSB], own_system)
        assert clients[PSB].post(path, json=request).status_code == 202
    finally:
        stack.start("casework")
    first_version = item["version"]
    until(clients[PSB], f"/v1/work/{item['key']}", lambda now: now["version"] > first_version)
    refused(clients[PSB].post(path, json=request), 409, "superseded")
    page = clients[PSB].get(f"/v1/cases/{case}/history").json()["items"]
    kinds = {finding["kind"] for one in page for finding in one["findings"]}
    assert "superseded" in kinds


@pytest.mark.parametrize("day", ["2099-01-01", "2099-01-01T09:00:00+08:00"])
def test_no_door_of_officers_takes_a_date_that_has_not_come(
    clients: dict[str, httpx.Client], day: str
) -> None:
    body = event(AMR, "referral.sent", to=PSB, legaltime=day)
    refused(submit(clients[AMR], body), 422, "legal_time_ahead")
    item = first_work(clients[PSB], transfer(clients[AMR])["subject"])
    request = {"version": item["version"], "actor": "p", "legal_time": day}
    path = f"/v1/work/{item['key']}/take"
    refused(clients[PSB].post(path, json=request), 422, "legal_time_ahead")
    taken = clients[PSB].post(path, json={**request, "legal_time": "2026-03-03"})
    assert taken.status_code in (200, 202)


@pytest.mark.parametrize("day", ["2026-W10-1", "1948-12-31", "20260302"])
def test_what_is_no_calendar_date_is_refused(clients: dict[str, httpx.Client], day: str) -> None:
    body = event(AMR, "referral.sent", to=PSB, legaltime=day)
    refused(submit(clients[AMR], body), 400, "malformed_headers")
    item = first_work(clients[PSB], transfer(clients[AMR])["subject"])
    request = {"version": item["version"], "actor": "p", "legal_time": day}
    refused(clients[PSB].post(f"/v1/work/{item['key']}/take", json=request), 422, "invalid_request")


def test_a_clock_from_receipt_shows_by_whose_word_it_counts(
    clients: dict[str, httpx.Client],
) -> None:
    case = transfer(clients[AMR])["subject"]
    refusal = event(
        PSB, "referral.filing_refused", case, to=AMR, legaltime="2026-03-05", data={"actor": "p"}
    )
    journaled(clients[PSB], submit(clients[PSB], refusal))

    def right_to_ask(page: dict[str, Any]) -> Any:
        return [one for one in page["items"] if one["id"] == "T10"]

    def received(page: dict[str, Any]) -> bool:
        return any(one["counted_by"] == "received" for one in right_to_ask(page))

    page = until(clients[AMR], f"/v1/cases/{case}/clocks", received)
    [found] = right_to_ask(page)
    assert found["counted_from"][:10] > "2026-03-05"


def test_an_action_whose_event_is_rejected_frees_its_place(
    clients: dict[str, httpx.Client],
) -> None:
    case = transfer(clients[AMR])["subject"]
    item = first_work(clients[PSB], case)
    secret = {"version": item["version"], "actor": "p", "data": {"note": "秘密★1年"}}
    path = f"/v1/work/{item['key']}/take"
    refused(clients[PSB].post(path, json=secret), 422, "state_secret")
    wrong = {**secret, "data": {"nothing": 1}}
    refused(clients[PSB].post(path, json=wrong), 422, "invalid_data")
    right = {"version": item["version"], "actor": "p"}
    assert clients[PSB].post(path, json=right).status_code == 200


def test_confluents_own_client_reads_the_bus_with_this_registry(
    stack: Stack,
    clients: dict[str, httpx.Client],
    sent: dict[str, Any],
    request: pytest.FixtureRequest,
) -> None:
    registry = SchemaRegistryClient({"url": f"{stack.gateway_url}/registry"})
    request.addfinalizer(registry.close)
    place = clients[AMR].get(f"/v1/events/{AMR}/{sent['id']}").json()["position"]
    settings = stack.settings("casework")
    consumer = Consumer(
        {
            "bootstrap.servers": settings.kafka_bootstrap,
            "security.protocol": settings.kafka_security_protocol,
            "sasl.mechanism": settings.kafka_sasl_mechanism,
            "sasl.username": settings.kafka_username,
            "sasl.password": settings.kafka_password,
            "group.id": "casework",
            "enable.auto.commit": False,
        }
    )
    try:
        consumer.assign([TopicPartition("case.journal", place["partition"], place["index"])])
        message = consumer.poll(20)
        assert message is not None
        assert message.error() is None
    finally:
        consumer.close()
    read = AvroDeserializer(registry)
    body = read(message.value(), SerializationContext("case.journal", MessageField.VALUE))
    assert isinstance(body, dict)
    assert body["title"] == sent["data"]["title"]
    subject = "casebus.referral.v1.Sent"
    # The gateway writes by the latest version; its id stands behind the magic byte.
    written_by = int.from_bytes(message.value()[1:5], "big")
    assert registry.get_latest_version(subject).schema_id == written_by
    assert subject in registry.get_subjects()
    with pytest.raises(SchemaRegistryError) as error:
        registry.get_latest_version("none")
    assert error.value.error_code == 40401


def test_ready_is_told_with_its_checks_and_metrics_are_served(
    stack: Stack, clients: dict[str, httpx.Client]
) -> None:
    # A figure of what was sent is there once something was.
    transfer(clients[AMR])
    ready = httpx.get(f"{stack.probe_url}/readyz")
    assert ready.json() == {
        "status": "ok",
        "checks": dict.fromkeys(
            ("database", "broker", "directory", "watched", "moving", "derived"), "ok"
        ),
        "failing_since": {},
    }
    health = httpx.get(f"{stack.probe_url}/healthz").json()
    assert health["directory_position"] > 0
    clients[AMR].get("/v1/cases")
    metrics = httpx.get(f"{stack.probe_url}/metrics").text
    assert 'http_route="/v1/cases"' in metrics
    assert "messaging_client_sent_messages" in metrics


def test_the_log_names_routes_and_never_what_was_asked(
    stack: Stack, clients: dict[str, httpx.Client], number: str
) -> None:
    clients[AMR].get(f"/v1/numbers/{quote(number, safe='')}")
    lines = [json.loads(line) for line in stack.log("gateway").splitlines()]
    assert any(line.get("route") == "/v1/numbers/{value}" for line in lines)
    assert number not in stack.log("gateway")
