"""Who may see what of a case through the gateway, and that every look is written down."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any
from uuid import uuid4

import httpx
import pytest

from onebox.testing import Stack
from tests.integration.street import gateway_clients
from tests.integration.test_gateway import event, journaled, submit, until

pytestmark = [pytest.mark.connected, pytest.mark.timeout(180)]

AMR, PSB, PRO, COURT = "cn-330109-amr", "cn-330109-psb", "cn-330109-pro", "cn-330109-court"
STRANGER = "cn-330110-psb"
NUMBER = f"杭萧市监移〔2026〕{uuid4().int % 10**6}号"
#: What another, open case of the same seller and right says too.
SAME: dict[str, Any] = {
    "suspects": [{"role": "SUSPECT", "name": "萧山试剂厂"}],
    "rights": [{"kind": "TRADEMARK", "number": "7654321", "title": "湘湖"}],
}
NAMES = (AMR, PSB, PRO, COURT, STRANGER)


@pytest.fixture(scope="module")
def clients(stack: Stack) -> Iterator[dict[str, httpx.Client]]:
    with gateway_clients(stack, NAMES) as made:
        yield made


@pytest.fixture(scope="module")
def secret(clients: dict[str, httpx.Client]) -> str:
    """A case about a trade secret; the court was only sent a note."""
    open_case = event(AMR, "referral.sent", to=PSB, data=SAME, legaltime="2026-03-02")
    journaled(clients[AMR], submit(clients[AMR], open_case))
    marks = {"title": "涉嫌侵犯商业秘密", "facts": "配方", "secrecy": "TRADE_SECRET"}
    data = {**SAME, **marks, "numbers": [{"kind": "letter_no", "value": NUMBER}]}
    sent = event(AMR, "referral.sent", to=PSB, data=data, legaltime="2026-03-02")
    journaled(clients[AMR], submit(clients[AMR], sent))
    case = str(sent["subject"])
    note = event(
        AMR, "case.noted", case, to=COURT, data={"note": "存在此案"}, legaltime="2026-03-05"
    )
    journaled(clients[AMR], submit(clients[AMR], note))
    until(clients[COURT], f"/v1/cases/{case}", lambda found: found["status"])
    return case


def history(client: httpx.Client, case: str) -> dict[str, Any]:
    found = client.get(f"/v1/cases/{case}/history").json()["items"]
    return {str(one["type"]): one for one in found}


def test_who_holds_no_role_in_a_secret_case_sees_types_and_months(
    clients: dict[str, httpx.Client], secret: str
) -> None:
    seen = history(clients[COURT], secret)
    sent = seen["casebus.referral.sent.v1"]
    assert (sent["data"], sent["legal_time"], sent["withheld"]) == ({}, "2026-03", ["*"])
    assert seen["casebus.case.noted.v1"]["data"]["note"] == "存在此案"
    case = clients[COURT].get(f"/v1/cases/{secret}").json()
    assert (case["status"], case["title"], case["numbers"]) == ("restricted", "", [])
    assert (case["clocks"], case["findings"], case["roles"]) == ([], [], {})
    (listed,) = [
        one for one in clients[COURT].get("/v1/cases").json()["items"] if one["id"] == secret
    ]
    assert listed["status"] == "restricted"


def test_recipients_and_holders_of_a_role_see_the_case(
    clients: dict[str, httpx.Client], secret: str
) -> None:
    assert history(clients[PSB], secret)["casebus.referral.sent.v1"]["data"]["facts"] == "配方"
    note = history(clients[PRO], secret)["casebus.case.noted.v1"]
    assert note["data"]["note"] == "存在此案"
    assert clients[PRO].get(f"/v1/cases/{secret}").json()["status"] == "sent"


def test_a_stranger_is_refused_and_the_refusal_is_written_down(
    clients: dict[str, httpx.Client], secret: str
) -> None:
    assert clients[STRANGER].get(f"/v1/cases/{secret}/history").status_code == 404
    assert clients[PSB].get(f"/v1/cases/{secret}").status_code == 200
    looks = clients[AMR].get(f"/v1/cases/{secret}/accesses").json()["items"]
    found = {(one["agency"], one["route"], one["status"]) for one in looks}
    assert (STRANGER, "/v1/cases/{case}/history", 404) in found
    assert (PSB, "/v1/cases/{case}", 200) in found


def test_looks_of_the_same_moment_each_see_by_their_own_rights_and_each_is_written_down(
    clients: dict[str, httpx.Client], secret: str
) -> None:
    """What they ask is asked together."""
    status = {PSB: "sent", COURT: "restricted", STRANGER: None}

    def look(agency: str) -> tuple[str, Any]:
        return agency, clients[agency].get(f"/v1/cases/{secret}").json().get("status")

    def logged() -> Counter[str]:
        query = {"limit": 200}
        items = clients[AMR].get(f"/v1/cases/{secret}/accesses", params=query).json()["items"]
        return Counter(one["agency"] for one in items if one["route"] == "/v1/cases/{case}")

    before = logged()
    with ThreadPoolExecutor(len(status)) as threads:
        seen = list(threads.map(look, list(status) * 8))
    wanted = [(one, status[one] or 404) for one in list(status) * 8]
    assert seen == wanted
    assert logged() - before == Counter(dict.fromkeys(status, 8))


def test_the_access_log_is_for_those_who_hold_a_role(
    clients: dict[str, httpx.Client], secret: str
) -> None:
    assert clients[COURT].get(f"/v1/cases/{secret}/accesses").status_code == 404
    assert clients[STRANGER].get(f"/v1/cases/{uuid4()}/accesses").status_code == 404


def test_of_a_secret_case_no_other_way_says_more(
    clients: dict[str, httpx.Client], secret: str
) -> None:
    path = f"/v1/cases/{secret}/matches"
    assert until(clients[AMR], path, lambda found: found["items"])["items"]
    assert clients[COURT].get(path).json()["items"] == []
    # A number that another agency gave it would be an oracle, and so would its state.
    assert clients[COURT].get(f"/v1/numbers/{NUMBER}").json()["items"] == []
    for query, found in (({"number": NUMBER}, False), ({"status": "sent"}, False), ({}, True)):
        listed = clients[COURT].get("/v1/cases", params=query).json()["items"]
        assert (secret in [one["id"] for one in listed]) is found


def test_an_author_without_a_part_in_a_case_sees_its_own_events_and_no_more(
    clients: dict[str, httpx.Client], secret: str
) -> None:
    rival = event(STRANGER, "referral.filed", secret, to=AMR, legaltime="2026-03-06")
    journaled(clients[STRANGER], submit(clients[STRANGER], rival))
    assert [*history(clients[STRANGER], secret)] == ["casebus.referral.filed.v1"]
    seen = history(clients[STRANGER], secret)["casebus.referral.filed.v1"]
    assert [one["kind"] for one in seen["findings"]] == ["no_standing"]
    assert clients[STRANGER].get(f"/v1/cases/{secret}").status_code == 404
    assert clients[STRANGER].get(f"/v1/cases/{secret}/clocks").status_code == 404
