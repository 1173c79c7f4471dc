"""A case as it was known, as another sees it, and what pages mask and show for a reason."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import httpx
import pytest

from onebox.testing import Stack
from tests.integration.person import Person
from tests.integration.street import AMR, DOORS, PRO, PSB, Bus, gateway_clients, opened

pytestmark = [pytest.mark.connected, pytest.mark.timeout(240)]

CARD = "330106199001011234"
DATA = {"title": "销售假冒商品案", "suspects": [{"name": "张三", "id_number": CARD}]}


@pytest.fixture(scope="module")
def bus(stack: Stack) -> Iterator[Bus]:
    found = Bus(stack)
    yield found
    found.producer.close()


@pytest.fixture
def clients(stack: Stack) -> Iterator[dict[str, httpx.Client]]:
    with gateway_clients(stack, (AMR, PSB, PRO, "admin")) as found:
        yield found


@pytest.fixture(scope="module")
def receipted(bus: Bus) -> tuple[str, Any, Any]:
    """A case that was sent, and then acknowledged; the moments at which each was recorded."""
    stream, record = opened(bus, data=DATA)
    sent = bus.until("select recorded_at from derived.event where stream = $1", stream)
    answer = bus.event("referral.receipted", PSB, stream=stream, to=(AMR,), legal="2026-03-06")
    bus.send([answer], DOORS[PSB])
    bus.status(stream, "receipted")
    return stream, record, max(row["recorded_at"] for row in sent)


def test_a_case_is_shown_as_it_was_known(
    receipted: tuple[str, Any, Any], clients: dict[str, httpx.Client]
) -> None:
    stream, _, at = receipted
    now = clients[PSB].get(f"/v1/cases/{stream}").json()
    then = clients[PSB].get(f"/v1/cases/{stream}", params={"known_on": at.isoformat()}).json()
    assert (now["status"], then["status"]) == ("receipted", "sent")
    # Folded again at its last moment it is what the tables show.
    last = clients[PSB].get(f"/v1/cases/{stream}", params={"known_on": "9999-01-01T00:00:00Z"})
    same = ("status", "digest", "regions", "matter_titles", "opened_at", "numbers", "roles", "law")
    assert {name: last.json()[name] for name in same} == {name: now[name] for name in same}
    history = f"/v1/cases/{stream}/history"
    shown = clients[PSB].get(history, params={"known_on": at.isoformat()}).json()["items"]
    assert "casebus.referral.receipted.v1" not in {one["type"] for one in shown}
    assert "casebus.referral.sent.v1" in {one["type"] for one in shown}


@pytest.mark.parametrize("known_on", ["2020-01-01T00:00:00Z", "0001-01-01T00:00:00Z"])
def test_before_it_was_recorded_a_case_was_not_known(
    receipted: tuple[str, Any, Any], clients: dict[str, httpx.Client], known_on: str
) -> None:
    stream = receipted[0]
    for path in (f"/v1/cases/{stream}", f"/v1/cases/{stream}/history"):
        answer = clients[AMR].get(path, params={"known_on": known_on})
        assert (answer.status_code, answer.json()["code"]) == (404, "not_known_then")


def test_as_another_agency_nobody_is_shown_more_than_it_sees_itself(
    receipted: tuple[str, Any, Any], clients: dict[str, httpx.Client]
) -> None:
    stream = receipted[0]
    # The procuratorate has a copy of the transfer; who had no part in the case sees it as nobody.
    for reader, other in ((AMR, PSB), (PSB, AMR)):
        mine = clients[reader].get(f"/v1/cases/{stream}/history").json()["items"]
        both = clients[reader].get(f"/v1/cases/{stream}/history", params={"seen_by": other})
        theirs = clients[other].get(f"/v1/cases/{stream}/history").json()["items"]
        ids = {(one["source"], one["id"]) for one in both.json()["items"]}
        assert ids
        assert ids <= {(one["source"], one["id"]) for one in mine}
        assert ids <= {(one["source"], one["id"]) for one in theirs}
    assert clients[AMR].get(f"/v1/cases/{stream}", params={"seen_by": PSB}).status_code == 200
    for reader, other in ((AMR, "cn-330108-psb"), (AMR, "no-such"), ("admin", PSB)):
        answer = clients[reader].get(f"/v1/cases/{stream}", params={"seen_by": other})
        assert answer.status_code == 404


def test_a_page_masks_what_is_for_author_and_recipients_and_shows_it_for_a_reason(
    stack: Stack, receipted: tuple[str, Any, Any], clients: dict[str, httpx.Client]
) -> None:
    stream, record, _ = receipted
    event = dict(record.headers)["ce_id"].decode()
    officer = Person(stack)
    officer.signs_in("officer", PSB, "王警官")
    path = f"/console/cases/{stream}/events/{AMR}/{event}"
    letter = f"/console/print/letter/{AMR}/{event}"
    pages = [path, letter, f"/console/cases/{stream}?view=json", f"/console/cases/{stream}"]
    for one in pages:
        answer = officer.gets(one)
        assert answer.status_code == 200
        assert CARD not in answer.text
    assert "证件号码" in officer.gets(path).text
    assert f"<title>QR {event}</title>" in officer.gets(letter).text
    refused = officer.sends(path, {"reason": " "})
    assert (refused.status_code, "reason_needed" in refused.text) == (422, True)
    assert CARD not in refused.text
    for one in (path, letter):
        assert CARD in officer.sends(one, {"reason": "核对嫌疑人身份"}).text
    looked = clients[PSB].get(f"/v1/cases/{stream}/accesses").json()["items"]
    reasons = [(one["method"], one["officer"]) for one in looked if one["reason"]]
    assert [one for one in reasons if one[0] == "POST" and one[1]] == reasons
    assert len(reasons) == 2
    # A refusal at the console is noted too; to another agency neither officer nor reason is said.
    assert any(one["status"] == 422 for one in looked)
    others = clients[AMR].get(f"/v1/cases/{stream}/accesses").json()["items"]
    assert {(one["officer"], one["reason"]) for one in others if one["agency"] == PSB} == {
        (None, None)
    }


def test_the_case_page_looks_back_and_through_the_eyes_of_another(
    stack: Stack, receipted: tuple[str, Any, Any]
) -> None:
    stream = receipted[0]
    officer = Person(stack)
    officer.signs_in("officer", PSB)
    today = officer.gets(f"/console/cases/{stream}", params={"on": "2999-01-01"})
    assert "截至 2999-01-01" in today.text
    assert officer.gets(f"/console/cases/{stream}", params={"on": "2020-01-01"}).status_code == 404
    assert officer.gets(f"/console/cases/{stream}", params={"on": ""}).status_code == 200
    seen = officer.gets(f"/console/cases/{stream}", params={"seen_by": AMR})
    assert "也能看到的内容" in seen.text
    assert "办理</a>" not in seen.text


def test_what_was_taken_back_since_is_not_shown_as_it_was_known(
    bus: Bus, clients: dict[str, httpx.Client]
) -> None:
    stream, _ = opened(bus)
    data = {"numbers": [{"kind": "letter_no", "value": "误发〔2026〕9号"}]}
    about: dict[str, Any] = {"stream": stream, "to": (PSB,), "legal": "2026-03-06"}
    astray = bus.event("referral.supplemented", AMR, **about, data=data)
    bus.send([astray], DOORS[AMR])
    query = "select recorded_at from derived.event where stream = $1 and type like '%supplemented%'"
    at = bus.until(query, stream)[0]["recorded_at"]
    asked = {"known_on": at.isoformat()}
    assert "误发" in clients[PSB].get(f"/v1/cases/{stream}", params=asked).text
    taken = {"recalled_source": AMR, "recalled_id": dict(astray.headers)["ce_id"].decode()}
    recall = bus.event("case.recalled", AMR, **about, data={**taken, "reasons": "误发"})
    bus.send([recall], DOORS[AMR])
    bus.until("select 1 from derived.event where stream = $1 and type like '%recalled%'", stream)
    for path in (f"/v1/cases/{stream}", f"/v1/cases/{stream}/history"):
        answer = clients[PSB].get(path, params=asked)
        assert answer.status_code == 200
        assert "误发" not in answer.text
