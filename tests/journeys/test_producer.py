"""A newcomer who writes a producer for an agency, with the mistakes that people make.

Each function is one afternoon; the last one asks whether anything was lost, doubled or altered.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result
from kafka import KafkaProducer

from casebus.cli.ends import AWAY, PENDING
from casebus.cli.main import main
from casebus.errors import CasebusError
from casebus.events.partition import partition_for
from casebus.kafka import connection
from casebus.kafka.connection import producer_settings
from casebus.sdk.client import Client
from casebus.sdk.event import NewEvent
from onebox.testing import Stack
from tests.commands import assert_clear
from tests.integration.street import Bus
from tests.wire import Wire

pytestmark = [pytest.mark.long, pytest.mark.connected, pytest.mark.timeout(300)]
ROOT = Path(__file__).parents[2]
AMR, PSB = "cn-330106-amr", "cn-330106-psb"
PATIENCE = 60.0
HEADING = "移送书文号,移送单位,受理公安机关,移送日期,数量,统一社会信用代码,案由"
MAPPING = f"""
format: 1
name: producer's sheet
title: 移送台账
agency: {AMR}
agencies: {ROOT / "examples" / "agencies.yaml"}
case:
  number: {{column: 移送书文号, kind: letter_no}}
  source: {{column: 移送单位}}
events:
  - type: referral.sent
    date: {{column: 移送日期}}
    required: true
    to: [{{column: 受理公安机关}}]
    fields:
      goods.0.listed: {{column: 数量, as: integer, optional: true}}
      title: {{column: 案由}}
"""


class Developer:
    """A terminal after `eval "$(casebus env cn-330106-amr)"`, with a folder of its own."""

    def __init__(self, stack: Stack, folder: Path) -> None:
        self.stack, self.folder = stack, folder
        self.env = stack.environment(AMR) | {"CASEBUS_HOME": str(folder)}
        (folder / "sheet.mapping.yaml").write_text(MAPPING, encoding="utf-8")

    def types(self, *words: str, **changed: str) -> Result:
        done = CliRunner().invoke(main, list(words), env={**self.env, **changed})
        assert_clear(done, words)
        return done

    def told(self, *words: str, exit_code: int = 0, **changed: str) -> Any:
        done = self.types(*words, "--json", **changed)
        assert done.exit_code == exit_code, done.output
        return json.loads(done.stdout)

    def refused(self, *words: str, exit_code: int = 1, **changed: str) -> str:
        done = self.types(*words, "--json", **changed)
        return str(assert_clear(done, words, exit_code)["code"])

    def publishes(self, *words: str, exit_code: int = 0, **changed: str) -> Any:
        [one] = self.told("publish", *words, "--wait", "60", exit_code=exit_code, **changed)
        return one

    def imports(
        self,
        rows: Iterable[str],
        heading: str = HEADING,
        encoding: str = "utf-8",
        exit_code: int = 0,
    ) -> tuple[dict[str, Any], list[dict[str, Any]]]:
        """The summary, and every issue of the report."""
        (self.folder / "sheet.csv").write_text("\n".join([heading, *rows]), encoding=encoding)
        report = self.folder / "report.jsonl"
        report.unlink(missing_ok=True)
        words = ("import", str(self.folder / "sheet.csv"), "--report", str(report))
        done = self.told(*words, exit_code=exit_code)
        return done, [json.loads(line) for line in report.read_text("utf-8").splitlines()]

    def titles(self, numbers: Sequence[str]) -> list[str]:
        """What the signed events of these cases say, as the gateway has them."""
        deadline = time.monotonic() + PATIENCE
        with Client(self.settings) as client:
            while True:
                found = [client.gateway.cases_with_number(one) for one in numbers]
                if all(found) or time.monotonic() > deadline:
                    break
                time.sleep(0.2)
            cases = [str(one[0]["case"]) for one in found if one]
            return [str(client.gateway.history(one)[0]["data"]["title"]) for one in cases]

    @property
    def settings(self) -> Any:
        return self.stack.settings(AMR).model_copy(update={"home": self.folder})


@pytest.fixture
def developer(stack: Stack, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Developer:
    monkeypatch.setattr(connection, "_BOOTSTRAP_MS", 1_000)
    return Developer(stack, tmp_path)


def row(number: str, title: str, day: str = "2025-03-05") -> str:
    return f"{number},杭州市西湖区市场监督管理局,杭州市公安局西湖区分局,{day},10,,{title}"


def test_the_first_words_are_typed_wrongly_and_each_is_answered_in_one_sentence(
    developer: Developer,
) -> None:
    done = developer.types("pubish", "--type", "case.noted")
    assert (done.exit_code, "Did you mean publish?" in done.output) == (2, True)
    assert "--type" in developer.types("publish", "--tpye", "case.noted").output
    assert developer.types("publish").exit_code == 2
    home = str(developer.stack.home.path)
    assert developer.refused("env", "cn-330106-arm", "--home", home) == "unknown_user"
    for words, code in {
        ("--type", "referal.sent"): "unknown_type",
        ("--type", "referral.sent", "--set", "titel=x"): "invalid_data",
        ("--type", "referral.sent", "--on", "2099-01-01"): "legal_time_ahead",
        ("--type", "case.noted", "--case", "无此文号〔2026〕9号"): "not_found",
        ("no-such-file.jsonl",): None,
    }.items():
        if code is None:
            assert developer.types("publish", *words).exit_code == 2
        else:
            assert developer.refused("publish", *words) == code
    assert developer.refused("publish", "--type", "case.noted", CASEBUS_AGENCY="") == "no_source"
    stranger: dict[str, Any] = {"CASEBUS_AGENCY": PSB, "CASEBUS_API_KEY": "x"}
    assert developer.refused("publish", "--type", "case.noted", **stranger) == "no_key"
    assert developer.refused("work", "list", CASEBUS_API_KEY="x") == "unauthenticated"
    wrong: dict[str, Any] = {"CASEBUS_KAFKA_PASSWORD": "wrong"}  # pragma: allowlist secret
    note = ("publish", "--type", "case.noted")
    assert developer.refused(*note, **wrong) == "kafka_sign_in_refused"
    # Of all of that nothing was kept.
    assert developer.told("publish", "--resend") == []


def test_success_is_reported_only_where_it_was_one(developer: Developer) -> None:
    sent = developer.publishes("--type", "referral.sent", "--to", PSB, "--id", "p-1")
    assert (sent["status"], sent["sequence"]) == ("journaled", 1)
    # The retry of a program that did not hear the answer, and one with other words.
    again = developer.publishes(
        "--type", "referral.sent", "--to", PSB, "--id", "p-1", "--case", sent["case"]
    )
    assert again["offset"] == sent["offset"]
    other = ("publish", "--type", "referral.sent", "--id", "p-1", "--case", sent["case"])
    assert developer.refused(*other) == "identity_reused"
    # An agency that does not exist; a type that this agency may not say.
    lost = developer.publishes("--type", "referral.sent", "--to", "cn-999999-psb", exit_code=1)
    assert lost["status"] == "journaled"
    assert any("unknown_recipient" in json.dumps(one) for one in lost["findings"])
    bad = developer.publishes("--type", "referral.filed", "--id", "p-2", exit_code=1)
    assert (bad["status"], bad["reason"]) == ("rejected", "type_not_allowed")
    with Client(developer.settings) as client:
        assert "p-2" in {one["id"] for one in client.gateway.rejected()}
        with pytest.raises(CasebusError, match="invalid_data"):
            client.publish(NewEvent(type="referral.sent", data={"titel": "slip"}))
    # Nobody can be asked: not known yet.
    away = developer.types(
        *("publish", "--type", "case.noted", "--wait", "0.5"),
        CASEBUS_GATEWAY_URL="http://127.0.0.1:9",
    )
    assert (away.exit_code, "what became of it is not known" in away.stderr) == (PENDING, True)


def test_a_sheet_with_a_quote_left_open_and_a_last_row_cut_off_loses_its_own_rows_only(
    developer: Developer,
) -> None:
    numbers = [f"杭西市监移〔2025〕{at}号" for at in range(8210, 8216)]
    rows = [row(one, f"涉嫌销售假冒商品{one}") for one in numbers]
    rows[2] = row(numbers[2], '"泊岸牌茶叶被假冒一案')
    rows[4] = row(numbers[4], '"泊岸"牌茶叶')
    done, issues = developer.imports(
        [*rows, f"{numbers[0][:-1]}9号,杭州市西湖区市场监督管理局,,2025-03-1"], exit_code=1
    )
    refused = {one["row"]: one["code"] for one in issues if one["refused"]}
    assert refused == {4: "bad_quote", 6: "bad_quote", 8: "bad_row"}
    assert (done["rows_read"], done["rows_taken"], done["rows_refused"]) == (7, 4, 3)
    taken = [numbers[at] for at in (0, 1, 3, 5)]
    assert developer.titles(taken) == [f"涉嫌销售假冒商品{one}" for one in taken]
    # Mended and given again: only what was missing goes out.
    rows[2], rows[4] = row(numbers[2], "泊岸牌茶叶被假冒一案"), row(numbers[4], '"""泊岸""牌茶叶"')
    done, _ = developer.imports(rows)
    assert (done["rows_taken"], done["rows_unchanged"], done["unsent"]) == (6, 4, 0)
    assert developer.titles([numbers[4]]) == ['"泊岸"牌茶叶']


def test_numbers_that_a_spreadsheet_spoiled_become_no_case_s_identity(developer: Developer) -> None:
    spoiled = ["3.30106E+17", "12月1日", "#N/A", "TRUE"]
    named = [*spoiled, '"=""00771"""']
    done, issues = developer.imports([row(one, "某案") for one in named], exit_code=1)
    refused = [one["code"] for one in issues if one["refused"]]
    assert refused == ["spoiled_number"] * len(spoiled)
    assert (done["rows_taken"], done["rows_refused"]) == (1, len(spoiled))
    assert developer.titles(["00771"]) == ["某案"]


def test_a_sheet_of_another_form_is_read_or_its_cause_is_said(developer: Developer) -> None:
    number = "杭西市监移〔2025〕8301号"
    cells = row(number, "分号表").replace(",", ";")
    done, _ = developer.imports([cells], HEADING.replace(",", ";"), "gb18030")
    assert done["rows_taken"] == 1
    sheet = developer.folder / "sheet.csv"
    for content, code in {
        b"<html><table><tr><td>1</td></tr></table></html>": "not_text",
        b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(600): "not_text",
        b"": "empty_file",
        HEADING.replace("移送日期", "日期").encode(): "missing_columns",
    }.items():
        sheet.write_bytes(content)
        assert developer.refused("import", str(sheet)) == code
    log = developer.folder / "log.xes"
    log.write_bytes(b'<?xml version="1.0" encoding="x-nobody"?><log/>')
    mapping = ROOT / "examples" / "old-system.mapping.yaml"
    assert developer.refused("import", str(log), "--mapping", str(mapping)) == "bad_encoding"


def test_the_shell_of_an_office_with_its_proxies_reaches_what_is_on_this_machine(
    developer: Developer,
) -> None:
    office: dict[str, Any] = {
        "http_proxy": "http://proxy.invalid:3128",
        "ALL_PROXY": "socks5://proxy.invalid:1080",
        "NO_PROXY": "[::1],intranet.invalid",
        "SSL_CERT_FILE": "/nowhere/authorities.pem",
        "PGSSLMODE": "require",
    }
    number = "杭西市监移〔2026〕8401\u200b号"
    said = ("--type", "referral.sent", "--to", PSB, "--set", "title=经代理", "--number")
    assert developer.publishes(*said, f"letter_no={number}", **office)["status"] == "journaled"
    away = developer.types("work", "list", CASEBUS_GATEWAY_URL="http://gateway.invalid", **office)
    assert away.exit_code == 1
    assert "bad_environment" in away.stderr
    assert "ALL_PROXY=socks5://proxy.invalid:1080" in away.stderr
    assert developer.refused("work", "list", CASEBUS_GATEWAY_URL="localhost") == "bad_environment"
    # A terminal that knows neither Chinese nor UTF-8.
    shown = subprocess.run(
        [sys.executable, "-m", "casebus.cli.main", "history", "杭西市监移〔2026〕8401号"],
        env={**os.environ, **developer.env, **office, "LC_ALL": "C", "PYTHONIOENCODING": "ascii"},
        capture_output=True,
        check=False,
        timeout=120,
    )
    assert shown.returncode == 0, shown.stderr
    assert rb"\u676d\u897f\u5e02\u76d1\u79fb" in shown.stdout


def test_kafka_goes_away_and_comes_back_and_what_was_signed_goes_out_once(
    developer: Developer,
) -> None:
    said = ("publish", "--type", "referral.sent", "--to", PSB, "--id", "away-in-the-evening")
    with Wire(0) as nobody:
        kafka = {"CASEBUS_KAFKA_BOOTSTRAP": nobody.address, "CASEBUS_PATIENCE_SECONDS": "0"}
        assert developer.refused(*said, exit_code=AWAY, **kafka) == "kafka_unreachable"
        # Asked whether it is there, then tried again: still away, still kept.
        checks = {one["name"]: one for one in developer.told("doctor", "--agency", AMR)}
        assert "1 records are signed and not sent" in checks["unsent records"]["says"]
        resend = ("publish", "--resend")
        assert developer.refused(*resend, exit_code=AWAY, **kafka) == "kafka_unreachable"
    # The next morning, in another event's wake: what was kept goes first.
    developer.publishes("--type", "case.noted", "--note", "早上好")
    assert developer.told("publish", "--resend") == []
    with Client(developer.settings) as client:
        known = client.gateway.await_event(AMR, "away-in-the-evening", PATIENCE)
    assert known["status"] == "journaled"
    query = "select 1 from derived.journal where event_id = $1"
    assert len(Bus(developer.stack).rows(query, "away-in-the-evening")) == 1


def test_what_another_client_sends_by_hand_is_rejected_and_kept_with_its_reason(
    developer: Developer,
) -> None:
    stream = "0190a1b2-0000-7000-8000-0000000000a1"
    headers = {
        "ce_specversion": "1.0",
        "ce_id": "by-hand-1",
        "ce_type": "casebus.case.noted.v1",
        "ce_source": AMR,
        "ce_subject": stream,
        "ce_time": "2026-03-02T08:00:00Z",
    }
    producer = KafkaProducer(**producer_settings(developer.settings))
    try:
        producer.send(
            f"events.administrative.{AMR}",
            key=stream.encode(),
            value=b"no Avro at all",
            headers=[(name, text.encode()) for name, text in headers.items()],
            partition=partition_for(stream.encode(), 4),
        ).get(timeout=60)
    finally:
        producer.close()
    bus = Bus(developer.stack)
    query = "select reason, detail, value from own.rejected where event_id = $1"
    [kept] = bus.until(query, "by-hand-1")
    assert (kept["reason"], kept["value"]) == ("malformed_headers", b"no Avro at all")
    assert "content-type" in kept["detail"]
    # Nobody has shown that it is the agency's: it is no event of its, and told to it as a number.
    with Client(developer.settings) as client:
        assert "by-hand-1" not in {one["id"] for one in client.gateway.rejected()}


def test_after_all_of_it_nothing_is_lost_doubled_or_altered(developer: Developer) -> None:
    home = str(developer.stack.home.path)
    deadline = time.monotonic() + PATIENCE
    while True:
        done = developer.types("verify", "--home", home, "--json")
        if done.exit_code == 0 or time.monotonic() > deadline:
            break
    assert done.exit_code == 0, done.stdout
    assert not json.loads(done.stdout)["problems"]
