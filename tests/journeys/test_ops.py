"""A newcomer on the operations desk: where is this case, why was that rejected, send it again.

Each mistake is made as a person makes it. The tests are one way, in their order.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from click.testing import CliRunner

from casebus.cli.main import main
from casebus.trust.keys import SigningKey
from casebus.trust.signing import sign
from onebox.testing import Stack
from tests.integration.street import AMR, PSB, Bus
from tests.world import SCHEMAS, draft, with_headers

pytestmark = [pytest.mark.connected, pytest.mark.timeout(400)]

PATIENCE = 60
DOOR = "events.administrative"
ONE, OTHER = "ops-1", "ops-2"
MARK = uuid4().hex[:8]
NUMBER = f"杭西市监移〔2026〕{int(MARK[:4], 16)}号"


class Desk:
    """Terminals, each after `eval "$(casebus env USER)"`, and a pen for what no command sends."""

    def __init__(self, stack: Stack, folder: Path) -> None:
        self.stack, self.folder, self.bus = stack, folder, Bus(stack)
        #: Keys of the places of what was rejected, by what the way calls them.
        self.ids: dict[str, str] = {}

    def shown(self, user: str, *words: str, exit_code: int | None = 0) -> str:
        given = self.stack.environment(user) if user else {}
        if user != "admin":
            # A client's own store, where its environment does not look after a stack.
            given |= {"CASEBUS_HOME": str(self.folder)}
        if not user:
            given |= {"CASEBUS_GATEWAY_URL": self.stack.gateway_url}
        done = CliRunner().invoke(main, list(words), env={"COLUMNS": "300", **given})
        assert exit_code in {done.exit_code, None}, done.output
        assert "Traceback" not in done.output
        return done.output

    def told(self, user: str, *words: str, exit_code: int | None = 0) -> Any:
        output = self.shown(user, *words, "--json", exit_code=exit_code)
        return json.loads(output[output.index(min("[{", key=lambda c: _place(output, c))) :])

    def refused(self, user: str, *words: str) -> tuple[str, str]:
        """Code and sentence of what a command refuses."""
        error = self.told(user, *words, exit_code=1)["error"]
        return error["code"], error["detail"]

    def until(self, look: Callable[[], Any], holds: Callable[[Any], bool]) -> Any:
        deadline = time.monotonic() + PATIENCE
        while not holds(found := look()):
            assert time.monotonic() < deadline, found
            time.sleep(0.2)
        return found

    def rejected(self, event: str, times: int = 1) -> Any:
        """Wait until an event was rejected so often."""
        query = "select partition, kafka_offset from own.rejected where event_id = $1"
        return self.until(lambda: self.bus.rows(query, event), lambda rows: len(rows) >= times)

    def redriven(self, place: str, outcome: str) -> None:
        """One asks, the other agrees, and that comes of it."""
        asked = self.told(
            ONE, "rejects", "redrive", place, "--why", "mended", "--per-minute", "600"
        )
        number = str(asked["redrive"])
        self.told(OTHER, "rejects", "agree", number)
        self.until(
            lambda: self.told(ONE, "rejects", "redrives", number)["each"][0]["outcome"],
            lambda one: one == outcome,
        )


def _place(text: str, one: str) -> int:
    at = text.find(one)
    return len(text) if at < 0 else at


@pytest.fixture(scope="module")
def desk(stack: Stack, tmp_path_factory: pytest.TempPathFactory) -> Desk:
    return Desk(stack, tmp_path_factory.mktemp("desk"))


def test_where_is_this_case(desk: Desk) -> None:
    sent = desk.told(
        AMR, "publish", "--type", "referral.sent", "--to", PSB, "--number", f"letter_no={NUMBER}",
        "--set", "title=涉嫌假冒注册商标", "--on", "2026-03-02", "--wait", "30",
    )  # fmt: skip
    desk.ids["sent"] = sent[0]["id"]
    for user in (ONE, AMR):
        assert NUMBER in desk.shown(user, "history", NUMBER)
        assert desk.refused(user, "history", NUMBER.replace("移", "稳"))[0] == "not_found"
    receipts = desk.until(
        lambda: desk.told(AMR, "receipts", sent[0]["id"]), lambda one: one["relayed"] is not None
    )
    assert receipts["recipients"]
    assert desk.refused(AMR, "receipts", sent[0]["id"][:-1])[0] == "not_found"


def test_why_was_that_event_rejected(desk: Desk) -> None:
    event = desk.ids["not allowed"] = f"filed-{MARK}"
    given = ("publish", "--type", "referral.filed", "--id", event, "--wait", "30")
    [refused] = desk.told(AMR, *given, exit_code=1)
    assert (refused["status"], refused["reason"]) == ("rejected", "type_not_allowed")
    desk.rejected(event)

    # Without a key, with a typo in the command, the reason, the id and the place.
    assert desk.refused("", "rejects", "list")[0] == "not_signed_in"
    assert "No such command" in desk.shown(ONE, "rejects", "lsit", exit_code=2)
    code, says = desk.refused(ONE, "rejects", "list", "--reason", "type_not_alowed")
    assert (code, "type_not_allowed" in says) == ("invalid_parameter", True)
    for wrong in (event[:-1], "99-1", "0-999999", "not-a-place", "7"):
        assert desk.refused(ONE, "rejects", "show", wrong)[0] == "not_found"

    listed = desk.shown(ONE, "rejects", "list", "--source", AMR)
    assert event in listed
    assert "may not emit events of this type" in listed
    found = desk.told(ONE, "rejects", "show", event)
    assert found["reason"] == "type_not_allowed"
    assert {one["name"]: one["text"] for one in found["headers"]}["ce_id"] == event
    assert "note" in found["data"]
    place = desk.ids["place"] = found["place"]
    assert event in desk.shown(ONE, "rejects", "show", place)
    # Its sender sees the same, and the police nothing of it.
    assert desk.told(AMR, "rejects", "show", event)["place"] == place
    assert desk.refused(PSB, "rejects", "show", event)[0] == "not_found"
    assert desk.refused(PSB, "rejects", "show", place)[0] == "not_found"


def test_every_look_of_an_operator_is_written_down(desk: Desk) -> None:
    query = (
        "select count(*) from own.access a join own.rejected r on a.stream::text = r.stream"
        " where a.agency = $1 and r.event_id = $2 and a.route = $3"
    )
    for route in ("/v1/rejected", "/v1/rejected/{place}"):
        about = (f"admin/{ONE}", desk.ids["not allowed"], route)
        assert desk.bus.rows(query, *about)[0][0] > 0
    unfound = "select count(*) from own.access where agency = $1 and event_id = '99-1'"
    assert desk.bus.rows(unfound, f"admin/{ONE}")[0][0] > 0


def test_an_operator_speaks_for_no_agency_and_no_agency_decides(desk: Desk) -> None:
    assert desk.refused(ONE, "work", "list")[0] == "agencies_only"
    place = desk.ids["place"]
    asked = desk.told(AMR, "rejects", "redrive", place, "--why", "we may say it now")
    assert [one["obstacle"] for one in asked["records"]] == [""]
    number = str(asked["redrive"])
    assert desk.refused(AMR, "rejects", "agree", number)[0] == "operators_only"
    assert desk.refused(PSB, "rejects", "redrives", number)[0] == "not_found"
    assert desk.refused(ONE, "rejects", "agree", "999999")[0] == "not_found"
    again = desk.told(ONE, "rejects", "redrive", place, "--dry-run", exit_code=1)
    assert [one["obstacle"] for one in again["records"]] == ["waits_already"]
    assert desk.told(ONE, "rejects", "decline", number)["state"] == "declined"
    assert desk.refused(OTHER, "rejects", "agree", number)[0] == "redrive_decided"


def test_what_a_key_signed_before_it_was_entered_is_sent_again_when_it_was(desk: Desk) -> None:
    key, event = SigningKey.generate(), f"early-{MARK}"
    about: dict[str, Any] = {"id": event, "time": datetime.now(UTC), "legal": "2026-03-05"}
    [record] = sign([draft("referral.sent", AMR, to=(PSB,), **about)], key, SCHEMAS)
    desk.bus.send([record], DOOR)
    desk.rejected(event)
    [row] = [
        one
        for one in desk.told(ONE, "rejects", "list", "--reason", "unknown_key")["items"]
        if one["id"] == event
    ]
    assert (row["passes_later"], row["signed"], row["journaled"]) == (True, False, False)

    def dry() -> dict[str, Any]:
        return dict(desk.told(ONE, "rejects", "redrive", event, "--dry-run"))

    assert dry()["records"][0]["judgement"]["reason"] == "unknown_key"
    desk.told("admin", "keys", "add", AMR, "--public", key.public.hex())
    desk.until(lambda: dry()["records"][0]["judgement"]["admitted"], bool)
    assert "takes it" in desk.shown(ONE, "rejects", "redrive", event, "--dry-run")
    assert (dry()["redrive"], dry()["sendable"]) == (None, 1)
    assert "--why" in desk.shown(ONE, "rejects", "redrive", event, exit_code=2)
    assert "PLACES" in desk.shown(ONE, "rejects", "redrive", "--why", "x", exit_code=2)
    asked = desk.told(ONE, "rejects", "redrive", event, "--why", "the key was entered")
    number = str(asked["redrive"])
    assert desk.refused(ONE, "rejects", "agree", number)[0] == "second_person"
    assert desk.told(ONE, "rejects", "redrives", number)["each"][0]["outcome"] == "asked"
    assert "1 redrives for a second person" in desk.told("admin", "status")["rejects"]
    desk.told(OTHER, "rejects", "agree", number)
    desk.until(
        lambda: desk.told(ONE, "rejects", "redrives", number)["each"][0]["outcome"],
        lambda one: one == "journaled",
    )
    [sent] = desk.bus.rows("select value from derived.journal where event_id = $1", event)
    assert sent["value"] == record.value
    # It is mended: listed with --all only, and not sent once more.
    listed = desk.told(ONE, "rejects", "list", "--reason", "unknown_key")["items"]
    assert event not in [one["id"] for one in listed]
    code, says = desk.refused(ONE, "rejects", "redrive", event, "--why", "once more")
    assert (code, says) == ("nothing_to_redrive", "journaled")


def test_what_is_not_mended_comes_back_and_the_fourth_time_is_refused(desk: Desk) -> None:
    event = desk.ids["not allowed"]
    for times in range(3):
        desk.redriven(desk.ids["place"], "rejected")
        desk.rejected(event, times + 2)
    code, says = desk.refused(ONE, "rejects", "redrive", event, "--why", "again", "--even-so")
    assert (code, says) == ("nothing_to_redrive", "sent_too_often")
    assert len(desk.told(ONE, "rejects", "show", event)["redrives"]) == 4


def test_a_corrected_copy_is_its_sender_s_to_sign(desk: Desk) -> None:
    event, path = desk.ids["not allowed"], desk.folder / "draft.json"
    desk.shown(ONE, "rejects", "draft", event, "--output", str(path))
    drafted = json.loads(path.read_text(encoding="utf-8"))
    assert drafted["type"] == "referral.filed"
    assert not {"id", "keyid", "signature"} & drafted.keys()
    # What nobody may say for it, its own key does.
    corrected = {**drafted, "type": "case.noted", "data": {"note": "已立案"}}
    path.write_text(json.dumps(corrected), encoding="utf-8")
    [sent] = desk.told(AMR, "publish", str(path), "--wait", "30")
    assert sent["status"] == "journaled"
    assert "not_found" in desk.shown(ONE, "rejects", "draft", "0-999999", exit_code=1)


def test_what_a_stranger_wrote_is_harmless_to_a_terminal(desk: Desk) -> None:
    event = f"odd-{MARK}"
    record = desk.bus.event("referral.sent", AMR, to=(PSB,))
    odd = with_headers(
        record, ce_id=f"{event}\x1b[2J[/red]".encode(), ce_source=PSB.encode(), x=b"\xff\x1b[31m"
    )
    desk.bus.send([odd], DOOR)
    desk.until(
        lambda: desk.bus.rows("select 1 from own.rejected where event_id like $1", f"{event}%"),
        bool,
    )
    [row] = [
        one
        for one in desk.told(ONE, "rejects", "list", "--limit", "50")["items"]
        if str(one["id"]).startswith(event)
    ]
    assert (row["door"], row["source"], row["signed"]) == (DOOR, PSB, False)
    for words in (("list", "--limit", "50"), ("show", row["place"])):
        shown = desk.shown(ONE, "rejects", *words)
        assert event in shown
        assert "\x1b" not in shown
    dry = desk.told(ONE, "rejects", "redrive", row["place"], "--dry-run", exit_code=1)
    assert dry["sendable"] == 0
    # Under whose name it came is told how many there are, and no byte.
    assert event not in desk.shown(PSB, "rejects", "list", "--limit", "500")


def test_what_waits_inside_is_listed_with_what_ends_it(desk: Desk) -> None:
    found = desk.told(ONE, "rejects", "suspended")
    assert all(one["ends"] and one["why"] for one in found)
    doctor = {one["name"]: one for one in desk.told("admin", "doctor", exit_code=None)}
    assert "not mended" in doctor["rejects"]["says"]


def test_it_ends_with_a_clean_verify(desk: Desk) -> None:
    found = desk.told("admin", "verify", "--sample", "10")
    assert found["problems"] == []
