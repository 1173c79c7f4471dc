"""A hostile agency fishes for a secret case with all that it may send and ask, and gets nothing."""

from __future__ import annotations

import random
from collections.abc import Iterator
from typing import Any
from urllib.parse import quote
from uuid import uuid4

import httpx
import pytest

from onebox.testing import Stack
from tests.integration.street import gateway_clients
from tests.integration.test_gateway import event, journaled, submit, until

pytestmark = [pytest.mark.connected, pytest.mark.timeout(240)]

VICTIM, HOSTILE, OPEN = "cn-330109-amr", "cn-330110-amr", "cn-330108-amr"
NUMBER = f"杭萧市监罚〔2025〕{uuid4().int % 10**6}号"
DAY = "2025-05-05"


def code() -> str:
    """An organisation of this test alone."""
    return "91330109MA" + "".join(random.choices("0123456789ABCDEFGH", k=8))


def about(uscc: str, **more: Any) -> dict[str, Any]:
    organisation = {"name": f"某公司{uscc}", "uscc_raw": uscc}
    return {
        "offence": "214",
        "parties": [{"role": "SUSPECT", "organisation": organisation}],
        **more,
    }


@pytest.fixture(scope="module")
def clients(stack: Stack) -> Iterator[dict[str, httpx.Client]]:
    with gateway_clients(stack, (VICTIM, HOSTILE, OPEN)) as made:
        yield made


def say(client: httpx.Client, agency: str, name: str, stream: str, **more: Any) -> str:
    body = event(agency, name, stream, legaltime=more.pop("day", "2026-03-02"), data=more)
    journaled(client, submit(client, body))
    return str(body["id"])


def punished(client: httpx.Client, agency: str, uscc: str, **marks: Any) -> tuple[str, list[str]]:
    """A case with a penalty; its stream and event ids."""
    stream, number = str(uuid4()), {"kind": "decision_no", "value": NUMBER}
    filed = say(client, agency, "administrative_case.filed", stream, day=DAY, **marks)
    decided = {"decided_on": DAY, "decision_no": NUMBER, "numbers": [number]}
    penalty = say(client, agency, "penalty.decided", stream, day=DAY, **about(uscc), **decided)
    return stream, [filed, penalty]


def seized(client: httpx.Client, uscc: str) -> str:
    stream = str(uuid4())
    acts = {"goods_value": {"fen": 9_000_000}, "acts_from": "2026-03-02", "acts_to": "2026-03-02"}
    say(client, HOSTILE, "goods.seized", stream, **about(uscc, **acts))
    return stream


def types(client: httpx.Client, stream: str) -> list[str]:
    found = client.get(f"/v1/cases/{stream}/history").json()["items"]
    return [one["type"] for one in found]


def test_who_fishes_for_a_secret_case_gets_nothing_and_its_owner_is_asked(
    clients: dict[str, httpx.Client],
) -> None:
    hidden, known = code(), code()
    victim, hostile = clients[VICTIM], clients[HOSTILE]
    secret, events = punished(victim, VICTIM, hidden, secrecy="MINOR")
    bait = seized(hostile, hidden)
    link = {"linked": {"stream": secret, "number": NUMBER}, "relation": "SAME_RIGHT"}
    say(hostile, HOSTILE, "case.linked", bait, **link)
    probe = say(hostile, HOSTILE, "case.noted", secret, note="谁在")
    # The same of an open case is answered: by then the first question has been, too.
    punished(clients[OPEN], OPEN, known)
    control = seized(hostile, known)
    path, answer = "/v1/cases/{}/history", "casebus.prior_sanctions.found.v1"
    until(hostile, path.format(control), lambda found: answer in str(found))
    asked = until(
        victim, f"/v1/cases/{secret}", lambda found: "counts_elsewhere" in str(found["findings"])
    )
    [finding] = [one for one in asked["findings"] if one["kind"] == "counts_elsewhere"]
    assert (finding["severity"], finding["detail"]["agency"]) == ("INFO", HOSTILE)
    assert bait not in str(finding)

    assert answer not in types(hostile, bait)
    assert hostile.get(f"/v1/cases/{bait}").json()["assessments"][-1]["verdict"] == "WATCH"
    [seen] = hostile.get(f"/v1/cases/{secret}/history").json()["items"]
    assert seen["id"] == probe
    assert "state" not in str([one["detail"] for one in seen["findings"]])
    for refused in (f"/v1/cases/{secret}", f"/v1/cases/{secret}/clocks"):
        assert hostile.get(refused).status_code == 404
    for event_id in events:
        for more in ("", "/receipts"):
            assert hostile.get(f"/v1/events/{VICTIM}/{event_id}{more}").status_code == 404
    assert secret not in hostile.get("/v1/numbers/" + quote(NUMBER, safe="")).text
    for query in ({"number": NUMBER}, {"status": "restricted"}, {}):
        assert secret not in hostile.get("/v1/cases", params=query).text
    assert secret not in hostile.get(f"/v1/cases/{bait}/matches").text
    assert VICTIM not in hostile.get(f"/v1/cases/{bait}/matches").text
    # What it tried stands in the victim's list.
    looks = victim.get(f"/v1/cases/{secret}/accesses").json()["items"]
    assert (HOSTILE, 404) in {(one["agency"], one["status"]) for one in looks}
