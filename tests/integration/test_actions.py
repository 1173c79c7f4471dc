"""Every action of an officer, by the command line and by the gateway (design rule 18)."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from typing import Any

import httpx
import pytest
from click.testing import CliRunner

from casebus.cli.ends import DONE, PENDING
from casebus.cli.main import main
from onebox.testing import Stack
from tests.integration.street import AMR, DOORS, PATIENCE_SECONDS, Bus, opened

pytestmark = [pytest.mark.connected, pytest.mark.timeout(240)]

PSB, OTHER_PSB = "cn-330106-psb", "cn-330108-psb"

MISSING = ["INSPECTION_OR_APPRAISAL"]
REPORT = {"kind": MISSING[0], "title": "检验报告", "sha256": "a" * 64}

Act = Callable[..., dict[str, Any]]
"""(agency, item, action, legal date, recipients, body) to the outcome."""


def by_gateway(stack: Stack) -> Act:
    def act(agency: str, item: dict[str, Any], action: str, on: str, *to: str, **data: Any) -> Any:
        answer = httpx.post(
            f"{stack.gateway_url}/v1/work/{item['key']}/{action}",
            headers={"Authorization": f"Bearer {stack.api_key(agency)}"},
            json={
                "version": item["version"],
                "actor": "officer-1",
                "to": list(to) or None,
                "legal_time": on,
                "data": data,
            },
            timeout=20,
        )
        assert answer.is_success, answer.text
        return answer.json()

    return settled(act)


def by_cli(stack: Stack) -> Act:
    def act(agency: str, item: dict[str, Any], action: str, on: str, *to: str, **data: Any) -> Any:
        words = ["work", action.replace("_", "-"), item["key"], "--actor", "officer-1", "--on", on]
        words += ["--version", str(item["version"]), "--data", json.dumps(data), "--json"]
        words += [word for one in to for word in ("--to", one)]
        env = {**stack.environment("admin"), "CASEBUS_API_KEY": stack.api_key(agency)}
        done = CliRunner().invoke(main, words, env=env)
        assert done.exit_code in {DONE, PENDING}, done.output
        return json.loads(done.stdout)

    return settled(act)


def settled(act: Act) -> Act:
    """On a slow machine an act is `pending` first; the same again gives its outcome."""

    def until_done(*asked: Any, **data: Any) -> dict[str, Any]:
        deadline = time.monotonic() + PATIENCE_SECONDS
        while (outcome := act(*asked, **data))["status"] == "pending":
            assert time.monotonic() < deadline
        return outcome

    return until_done


@pytest.fixture(params=[by_gateway, by_cli], ids=["gateway", "cli"])
def act(request: pytest.FixtureRequest, stack: Stack) -> Act:
    made: Act = request.param(stack)
    return made


class Desk:
    """What an agency still has to do on one case."""

    def __init__(self, bus: Bus, stream: str) -> None:
        self._bus, self._stream = bus, stream

    def item(self, agency: str, duty: str) -> dict[str, Any]:
        query = """
        select view from derived.work_item
        where stream = $1 and agency = $2 and duty = $3 and is_open
        """
        [row] = self._bus.until(query, self._stream, agency, duty)
        return dict(json.loads(row["view"]))

    def status(self, expected: str) -> None:
        self._bus.status(self._stream, expected)


def done(outcome: dict[str, Any]) -> dict[str, Any]:
    """The item after an act that was done at once and of which nothing was found."""
    assert (outcome["status"], outcome["findings"]) == ("done", [])
    item = outcome["work_item"]
    assert isinstance(item, dict)
    return item


def test_take_receipt_accept_ask_for_a_supplement_answer_and_refuse(bus: Bus, act: Act) -> None:
    stream, _ = opened(bus)
    desk = Desk(bus, stream)
    taken = done(act(PSB, desk.item(PSB, "sign_receipt"), "take", "2026-03-06"))
    assert taken["taken_by"] == "officer-1"
    done(act(PSB, taken, "receipt", "2026-03-06"))
    done(act(PSB, desk.item(PSB, "decide_acceptance"), "accept", "2026-03-07"))
    desk.status("accepted")
    done(act(PSB, desk.item(PSB, "decide_filing"), "ask_supplement", "2026-03-07", missing=MISSING))
    supplement = desk.item(AMR, "supplement")
    closed = done(act(AMR, supplement, "answer", "2026-03-09", documents=[REPORT]))
    assert not closed["is_open"]
    done(act(PSB, desk.item(PSB, "decide_filing"), "refuse", "2026-03-10", reasons="证据不足"))
    desk.status("not_filed")


def test_forward(bus: Bus, act: Act) -> None:
    stream, _ = opened(bus)
    desk = Desk(bus, stream)
    done(act(PSB, desk.item(PSB, "sign_receipt"), "receipt", "2026-03-06"))
    item = desk.item(PSB, "decide_acceptance")
    done(act(PSB, item, "forward", "2026-03-06", OTHER_PSB, AMR, reasons="犯罪地在滨江区"))
    assert desk.item(OTHER_PSB, "sign_receipt")["agency"] == OTHER_PSB


def test_hand_over(bus: Bus, act: Act) -> None:
    stream, _ = opened(bus)
    for ce_type, legal in [
        ("referral.receipted", "2026-03-06"),
        ("referral.accepted", "2026-03-07"),
        ("referral.filed", "2026-03-09"),
    ]:
        bus.send([bus.event(ce_type, PSB, stream=stream, legal=legal, to=(AMR,))], DOORS[PSB])
    desk = Desk(bus, stream)
    goods = [{"name": "手提包", "unit": "只", "listed": 2}]
    done(act(AMR, desk.item(AMR, "hand_over_goods"), "hand_over", "2026-03-10", PSB, goods=goods))
    assert desk.item(PSB, "receive_goods")["agency"] == PSB
