"""A newcomer at the intake of a police office, with the mistakes that people make.

Each function is one morning; the last one asks whether anything was lost, doubled or altered.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator
from typing import Any
from uuid import uuid4

import pytest
from click.testing import CliRunner, Result

from casebus.cli.main import main
from onebox.testing import Stack
from tests.integration.street import AMR, DOORS, PSB, Bus

pytestmark = [pytest.mark.connected, pytest.mark.timeout(300)]
PATIENCE = 60.0
OTHER_PSB = "cn-330108-psb"
TITLE = "涉嫌销售假冒注册商标的商品"
NAME = "杭州市西湖区市场监督管理局"


class Officer:
    """A terminal after `eval "$(casebus env cn-330106-psb)"`."""

    def __init__(self, stack: Stack, agency: str, actor: str) -> None:
        key = stack.api_key(agency)
        self.env = {**stack.environment("admin"), "CASEBUS_API_KEY": key, "CASEBUS_ACTOR": actor}

    def types(self, *words: str) -> Result:
        done = CliRunner().invoke(main, ["work", *words], env=self.env)
        assert "Traceback" not in done.output, done.output
        return done

    def told(self, *words: str) -> Any:
        done = self.types(*words, "--json")
        assert done.exit_code == 0, done.output
        return json.loads(done.stdout)

    def refused(self, code: str, *words: str) -> str:
        """The words of the refusal."""
        done = self.types(*words)
        assert done.exit_code != 0, done.output
        assert done.stderr.startswith(code), done.output
        return str(done.stderr)

    def acts(self, *words: str) -> dict[str, Any]:
        """Again while it is on its way: the same request hears the same outcome."""
        done: dict[str, Any] = until(lambda: self.told(*words), lambda one: one["status"] == "done")
        return done

    def items(self, case: str, *more: str) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = self.told("list", "--case", case, *more)["items"]
        return found

    def finds(self, case: str, duty: str) -> dict[str, Any]:
        def look() -> list[dict[str, Any]]:
            return [one for one in self.items(case) if one["duty"] == duty]

        found: list[dict[str, Any]] = until(look, bool)
        return found[0]


def until(ask: Callable[[], Any], holds: Callable[[Any], bool]) -> Any:
    deadline = time.monotonic() + PATIENCE
    while not holds(found := ask()):
        assert time.monotonic() < deadline, found
        time.sleep(0.2)
    return found


@pytest.fixture(scope="module")
def bus(stack: Stack) -> Iterator[Bus]:
    bus = Bus(stack)
    yield bus
    bus.producer.close()


@pytest.fixture(scope="module")
def officer(stack: Stack) -> Officer:
    return Officer(stack, PSB, "officer-17")


@pytest.fixture
def case(bus: Bus) -> tuple[str, str]:
    """A transfer that has come in: its number and its stream."""
    stream, number = str(uuid4()), f"杭西市监移〔2026〕{uuid4().int % 10**6}号"
    data = {"title": TITLE, "numbers": [{"kind": "letter_no", "value": number}]}
    sent = bus.event("referral.sent", AMR, stream=stream, to=(PSB,), legal="2026-03-05", data=data)
    bus.send([sent], DOORS[AMR])
    bus.status(stream, "sent")
    bus.until("select from derived.work_item where stream = $1", stream)
    return number, stream


def test_the_list_says_what_came_from_whom_and_what_is_urgent(
    officer: Officer, case: tuple[str, str]
) -> None:
    number, _ = case
    item = officer.finds(number, "sign_receipt")
    assert (item["case_title"], item["sender"], item["sender_name"]) == (TITLE, AMR, NAME)
    assert item["received"]
    page = officer.told("list", "--limit", "1")
    assert (len(page["items"]), page["total"] >= 1) == (1, True)
    listed = officer.told("list", "--limit", "500")["items"]
    assert listed[0]["key"] == page["items"][0]["key"]
    dues = [one["due"] or "9999" for one in listed]
    assert dues == sorted(dues)
    shown = officer.types("list", "--case", number).output
    for word in (TITLE, NAME, number, "take receipt", "1 of 1 open items"):
        assert word in shown


def test_pages_go_on_where_the_one_before_ended(officer: Officer, case: tuple[str, str]) -> None:
    whole = [one["key"] for one in officer.told("list", "--limit", "500")["items"]]
    seen: list[str] = []
    cursor: tuple[str, ...] = ()
    while len(seen) < min(len(whole), 5):
        page = officer.told("list", "--limit", "1", *cursor)
        seen += [one["key"] for one in page["items"]]
        if page["next"] is None:
            break
        cursor = ("--cursor", page["next"])
    assert seen == whole[: len(seen)]


def test_help_lists_every_verb_and_a_slip_of_the_pen_is_told(officer: Officer) -> None:
    told = officer.types("--help").output
    for verb in ("take", "receipt", "ask-supplement", "hand-over", "request-prosecution"):
        assert f"\n  {verb} " in told
    assert "did you mean refuse" in officer.refused("Usage", "refus")


def test_a_wrong_verb_and_an_unknown_item_say_what_there_is(
    officer: Officer, case: tuple[str, str]
) -> None:
    number, _ = case
    item = officer.finds(number, "sign_receipt")
    told = officer.refused("not_found", "refuse", number)
    assert "offers `refuse`" in told
    assert f"{item['key'][:8]} {item['title']}" in told
    told = officer.refused("unknown_action", "refuse", item["key"])
    assert f"{item['title']} (sign_receipt) has no `refuse`; it offers receipt, take" in told
    for unknown in ("00000000", str(uuid4()), "杭西市监移〔1999〕1号"):
        officer.refused("not_found", "accept", unknown)
    assert "casebus work list" in officer.refused("not_found", "accept", "deadbeef")


def test_a_refusal_without_grounds_is_not_signed(
    officer: Officer, bus: Bus, case: tuple[str, str]
) -> None:
    number, stream = case
    officer.acts("receipt", officer.finds(number, "sign_receipt")["key"], "--on", "2026-03-06")
    accept = officer.finds(number, "decide_acceptance")
    officer.acts("accept", accept["key"], "--on", "2026-03-07", "--note", "符合管辖规定")
    item = officer.finds(number, "decide_filing")
    [need] = officer.told("show", item["key"])["requires"]["refuse"]
    assert (need["what"], need["where"], need["confidence"]) == ("理由", ["reasons"], "V-L")
    assert "第八条" in need["citation"]
    shown = officer.types("show", number).output
    assert "理由 the reasons (reasons;" in shown
    before = bus.rows("select count(*) as n from own.submission")[0]["n"]
    for empty in ((), ("--data", "{}"), ("--note", "证据不足"), ("--reasons", " \u3000")):
        told = officer.refused("act_incomplete", "refuse", number, *empty)
        assert "理由 (the reasons)" in told
        assert "/data/reasons" in told
    assert bus.rows("select count(*) as n from own.submission")[0]["n"] == before
    assert officer.finds(number, "decide_filing")["version"] == item["version"]
    done = officer.acts("refuse", item["key"], "--on", "2026-03-08", "--reasons", "数额未达标准")
    assert (done["status"], done["findings"]) == ("done", [])
    bus.status(stream, "not_filed")


def test_whoever_forwards_says_to_whom(officer: Officer, case: tuple[str, str]) -> None:
    number, _ = case
    officer.acts("receipt", officer.finds(number, "sign_receipt")["key"], "--on", "2026-03-06")
    item = officer.finds(number, "decide_acceptance")
    forward = ("forward", item["key"], "--on", "2026-03-06", "--reasons", "犯罪地在滨江区")
    assert "接收的公安机关" in officer.refused("act_incomplete", *forward)
    assert "移送机关" in officer.refused("act_incomplete", *forward, "--to", OTHER_PSB)
    officer.refused("act_incomplete", *forward, "--to", "cn-999999-psb", "--to", AMR)
    officer.acts(*forward, "--to", OTHER_PSB, "--to", AMR)


def test_an_act_said_twice_hears_what_became_of_it(officer: Officer, case: tuple[str, str]) -> None:
    number, _ = case
    item = officer.finds(number, "sign_receipt")
    taken = officer.acts("take", item["key"])
    again = until(lambda: officer.types("take", item["key"]).stderr, lambda told: "already" in told)
    assert again.startswith("already_taken: ")
    old = officer.refused("work_changed", "receipt", item["key"], "--version", "1")
    assert f"is at version 2 since event {taken['event']['id']} of {PSB}" in old
    signed = officer.acts("receipt", item["key"], "--on", "2026-03-06", "--version", "2")
    closed = officer.refused("work_closed", "receipt", item["key"])
    assert f"closed by event {signed['event']['id']} of {PSB}" in closed
    following = officer.finds(number, "decide_acceptance")
    told = officer.refused("not_found", "receipt", number)
    assert f"{following['key'][:8]} {following['title']}" in told
    assert [one["duty"] for one in officer.items(number, "--status", "closed")] == ["sign_receipt"]


def test_the_item_of_another_office_looks_like_none(
    stack: Stack, officer: Officer, case: tuple[str, str]
) -> None:
    number, stream = case
    item = officer.finds(number, "sign_receipt")
    stranger = Officer(stack, OTHER_PSB, "officer-1")
    for name in (item["key"], item["key"][:8], number, stream):
        told = stranger.refused("not_found", "receipt", name)
        assert TITLE not in told
        assert item["title"] not in told
    assert officer.finds(number, "sign_receipt")["version"] == item["version"]


def test_what_a_system_says_without_grounds_counts_and_is_flagged(
    officer: Officer, bus: Bus, case: tuple[str, str]
) -> None:
    number, stream = case
    said = (
        ("referral.receipted", "2026-03-06"),
        ("referral.accepted", "2026-03-07"),
        ("referral.filing_refused", "2026-03-08"),
    )
    for name, day in said:
        bus.send([bus.event(name, PSB, stream=stream, legal=day, to=(AMR,))], DOORS[PSB])
    bus.status(stream, "not_filed")
    [flagged] = bus.findings(stream, "data_quality")
    detail = json.loads(flagged["view"])["detail"]
    assert detail == {"reason": "act_incomplete", "lacks": "理由"}
    assert officer.items(number) == []


def test_all_of_it_verifies(bus: Bus) -> None:
    report = bus.verified()
    assert report.ok, report
