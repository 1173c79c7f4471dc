"""The two ends of a ferry: the office has its store and key, the bus's side the account."""

from __future__ import annotations

import json
import shutil
import time
import uuid
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from casebus.cli.main import main
from casebus.sdk.gateway import Gateway
from onebox.testing import Stack

pytestmark = [pytest.mark.long, pytest.mark.connected, pytest.mark.slow, pytest.mark.timeout(300)]

AMR, PSB = "cn-330106-amr", "cn-330106-psb"
PATIENCE_SECONDS = 60.0


@dataclass
class Border:
    """Both sides by their commands, and a mover that is this test."""

    stack: Stack
    folder: Path

    def __post_init__(self) -> None:
        own = self.stack.environment(AMR)
        keys = self.folder / "keys"
        keys.mkdir()
        shutil.copy(Path(own["CASEBUS_KEYS_DIR"]) / f"{AMR}.pem", keys)
        self.of_bus = {**own, "CASEBUS_KEYS_DIR": str(self.folder / "none")}
        self.of_office = {
            "CASEBUS_AGENCY": AMR,
            "CASEBUS_HOME": str(self.folder / "store"),
            "CASEBUS_KEYS_DIR": str(keys),
            "CASEBUS_ROOT_DIGEST": own["CASEBUS_ROOT_DIGEST"],
            "CASEBUS_FERRY": str(self.folder / "office"),
            # Nobody listens there: whatever asks fails.
            "CASEBUS_GATEWAY_URL": "http://127.0.0.1:9",
            "CASEBUS_KAFKA_BOOTSTRAP": "127.0.0.1:9",
        }
        more = ("--agency", AMR, "--patience", "1")
        sector = ("--sector", "administrative")
        office = self.office("ferry", "init", "--side", "office", *sector, *more)
        bus = self.bus("init", "--side", "bus", *more)
        self.office("ferry", "peer", bus["public"], as_json=False)
        self.bus("peer", office["public"], as_json=False)

    def office(self, *words: str, codes: tuple[int, ...] = (0,), as_json: bool = True) -> Any:
        return _run(self.of_office, words, codes, as_json=as_json)

    def bus(self, *words: str, codes: tuple[int, ...] = (0,), as_json: bool = True) -> Any:
        home = ("--home", str(self.folder / "bus"))
        return _run(self.of_bus, ("ferry", *words, *home), codes, as_json=as_json)

    def round(self, codes: tuple[int, ...] = (0,)) -> None:
        self.office("ferry", "run", "--once", codes=codes, as_json=False)
        self.bus("run", "--once", codes=codes, as_json=False)
        ways = (("office", "bus"), ("bus", "office"))
        for one, other in ways:
            for path in sorted((self.folder / one / "outbox").glob("[!.]*")):
                path.replace(self.folder / other / "inbox" / path.name)

    def until(self, holds: Callable[[], bool], what: str, codes: tuple[int, ...] = (0,)) -> None:
        deadline = time.monotonic() + PATIENCE_SECONDS
        while not holds():
            assert time.monotonic() < deadline, what
            self.round(codes)

    def inbox(self, *words: str) -> list[Any]:
        """One line an event."""
        done = _run(self.of_office, ("inbox", *words, "--json"), (0,), as_json=False)
        return [json.loads(line) for line in done.splitlines()]

    def statuses(self) -> dict[str, str]:
        return {one["id"]: one["status"] for one in self.office("ferry", "sent")}


def _run(
    environment: dict[str, str], words: tuple[str, ...], codes: tuple[int, ...], *, as_json: bool
) -> Any:
    asked = [*words, "--json"] if as_json else list(words)
    done = CliRunner().invoke(main, asked, env={"CASEBUS_FERRY": None, **environment})
    assert done.exit_code in codes, done.output
    if not as_json:
        return done.stdout
    return json.loads(done.stdout)


@pytest.fixture(scope="module")
def border(stack: Stack, tmp_path_factory: pytest.TempPathFactory) -> Border:
    return Border(stack, tmp_path_factory.mktemp("border"))


@pytest.fixture(scope="module")
def police(stack: Stack) -> Iterator[Gateway]:
    with Gateway(stack.settings(PSB)) as gateway:
        yield gateway


def _letter(border: Border, number: str) -> dict[str, Any]:
    words = ("--type", "referral.sent", "--to", PSB, "--number", f"letter_no={number}")
    [kept] = border.office(
        "publish", *words, "--set", "title=涉嫌销售假冒注册商标的商品", codes=(3,)
    )
    assert kept["status"] == "kept"
    return dict(kept)


def _number() -> str:
    return f"杭西市监移〔2026〕{uuid.uuid4().int % 10**9}号"


def test_what_an_office_without_network_says_is_journaled_and_proved_to_it(border: Border) -> None:
    kept = _letter(border, _number())
    assert border.statuses()[kept["id"]] == "under way"
    border.until(lambda: border.statuses()[kept["id"]] == "journaled", "it was journaled")

    def steps() -> set[str]:
        return {one["step"] for one in border.office("ferry", "receipts", kept["id"])}

    border.until(lambda: {"submitted", "delivered"} <= steps(), "it was proved")


def test_what_the_office_is_sent_comes_to_its_inbox_and_its_ack_is_a_retrieval(
    border: Border, police: Gateway
) -> None:
    number = _number()
    kept = _letter(border, number)
    border.until(lambda: border.statuses()[kept["id"]] == "journaled", "it was journaled")
    deadline = time.monotonic() + PATIENCE_SECONDS
    while not (found := [one for one in police.work() if one["case"] == kept["case"]]):
        assert time.monotonic() < deadline
        time.sleep(0.2)
    body = {"version": found[0]["version"], "actor": "officer-17", "data": {}}
    answer = police.act(found[0]["key"], "receipt", body)["event"]

    def came() -> bool:
        return answer["id"] in {one["id"] for one in border.office("ferry", "case", number)}

    border.until(came, "the answer came")
    acked = border.inbox("--ack", "--actor", "clerk-03")
    assert [one["id"] for one in acked if one["case"] == kept["case"]] == [answer["id"]]
    assert border.inbox() == []

    def retrieved() -> list[str]:
        return [one["agency"] for one in police.receipts(PSB, answer["id"])["retrieved"] or ()]

    border.until(lambda: retrieved() == [AMR], "the retrieval was journaled")


def test_the_bus_s_side_that_begins_again_sends_all_and_the_office_has_each_once(
    border: Border,
) -> None:
    before = border.inbox()
    rows = len(border.office("ferry", "sent"))
    border.bus("begin-again", "--yes", as_json=False)
    # What was under way is of the count before, and refused.
    border.round((0, 1))
    border.office("ferry", "begin-again", "--yes", as_json=False)
    kept = _letter(border, _number())
    border.until(lambda: border.statuses()[kept["id"]] == "journaled", "it was journaled", (0, 1))
    # What the bus has to say of the new letter may come too.
    there = [one["id"] for one in border.inbox()]
    assert len(there) == len(set(there))
    assert {one["id"] for one in before} <= set(there)
    assert len(border.office("ferry", "sent")) == rows + 1
    assert set(border.statuses().values()) <= {"journaled", "at the door", "under way"}


def test_what_needs_the_gateway_says_so(border: Border) -> None:
    told = border.office("stats", codes=(1,), as_json=False)
    assert told == ""
    done = CliRunner().invoke(main, ["stats"], env=border.of_office)
    assert "no_gateway" in done.stderr


def test_the_bus_s_side_is_no_office(border: Border) -> None:
    environment = {**border.of_office, "CASEBUS_FERRY": str(border.folder / "bus")}
    done = CliRunner().invoke(main, ["publish", "--type", "case.noted"], env=environment)
    assert done.exit_code == 1
    assert "not_an_office" in done.stderr
