from __future__ import annotations

import json
import time
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from casebus.cli.main import main
from casebus.sdk.gateway import Gateway
from onebox.testing import Stack

pytestmark = [pytest.mark.connected, pytest.mark.slow]
EXAMPLES = Path(__file__).parents[2] / "examples"
CITY, DISTRICT = "cn-330100-amr", "cn-330106-amr"
HEADER = (EXAMPLES / "referrals-2025.csv").read_text("utf-8-sig").splitlines()[0]
PATIENCE = 120.0


class Office:
    """A terminal with the installation's account, and one agency's key to the gateway."""

    def __init__(self, stack: Stack, folder: Path) -> None:
        self._environment = stack.environment("admin") | {
            "CASEBUS_HOME": str(folder),
            "CASEBUS_API_KEY": stack.api_key(DISTRICT),
        }
        self._settings = stack.settings(DISTRICT)

    def run(self, *arguments: str, exit_code: int = 0) -> Any:
        done = CliRunner().invoke(main, [*arguments, "--json"], env=self._environment)
        assert done.exit_code == exit_code, done.output
        return json.loads(done.stdout)

    def history(self, number: str, events: int) -> list[dict[str, Any]]:
        """The case's events once there are so many of its own, deliveries left out."""
        deadline = time.monotonic() + PATIENCE
        with Gateway(self._settings) as gateway:
            while True:
                found = [one["case"] for one in gateway.cases_with_number(number)]
                history = gateway.history(found[0]) if found else []
                own = [one for one in history if not one["type"].startswith("casebus.intake.")]
                if len(own) >= events or time.monotonic() > deadline:
                    return own
                time.sleep(0.2)


@pytest.fixture
def office(stack: Stack, tmp_path: Path) -> Office:
    return Office(stack, tmp_path)


def row(number: str, value: str = "50000", filed: str = "") -> str:
    """One referral of the district as the example's spreadsheet has it."""
    cells = dict.fromkeys(HEADER.split(","), "")
    cells |= {"移送书文号": number, "移送单位": "杭州市西湖区市场监督管理局"}
    cells |= {"受理公安机关": "杭州市公安局西湖区分局", "抄送检察院": "杭州市西湖区人民检察院"}
    cells |= {"案由": "涉嫌假冒注册商标", "涉嫌罪名": "假冒注册商标罪", "移送标准": "合理嫌疑"}
    cells |= {"报告日期": "2025-03-03", "批准日期": "2025-03-04", "移送日期": "2025-03-05"}
    cells |= {"未销售货值（元）": value, "数量": "10", "处理结果": "立案" if filed else "审查中"}
    cells |= {"决定日期": filed, "接受日期": "2025-03-05", "回执日期": "2025-03-05"}
    return ",".join(cells.values())


def spreadsheet(folder: Path, *rows: str) -> str:
    path = folder / "sheet.csv"
    path.write_text("\n".join([HEADER, *rows]), encoding="utf-8-sig")
    return str(path)


def importing(office: Office, file: str) -> Any:
    mapping = str(EXAMPLES / "referrals-2025.mapping.yaml")
    return office.run("import", file, "--mapping", mapping, "--agency", CITY, "--no-ask")


def asking(office: Office, file: str) -> Any:
    """Import as the district, whose key this office has: the gateway is asked first."""
    mapping = str(EXAMPLES / "referrals-2025.mapping.yaml")
    return office.run("import", file, "--mapping", mapping, "--agency", DISTRICT)


def test_history_is_imported_once_and_a_changed_row_corrects_it(
    office: Office, tmp_path: Path
) -> None:
    number = "杭西市监移〔2025〕901号"
    first = importing(office, spreadsheet(tmp_path, row(number)))
    assert (first["rows_taken"], first["events"], first["corrections"]) == (1, 5, 0)
    assert len(office.history(number, 5)) == 5
    again = importing(office, spreadsheet(tmp_path, row(number)))
    assert (again["events"], again["corrections"], again["rows_unchanged"]) == (0, 0, 1)
    changed = importing(office, spreadsheet(tmp_path, row(number, "60000", "2025-03-07")))
    assert (changed["events"], changed["corrections"]) == (1, 2)
    types = [one["type"].split(".")[2] for one in office.history(number, 8)]
    assert sorted(types) == sorted(
        ["proposed", "approved", "sent", "receipted", "accepted", "filed", "corrected", "corrected"]
    )


def test_a_machine_that_lost_its_store_asks_the_bus_and_sends_nothing_twice(
    stack: Stack, tmp_path: Path
) -> None:
    number = "杭西市监移〔2025〕902号"
    file = spreadsheet(tmp_path, row(number))
    before, after = Office(stack, tmp_path / "a"), Office(stack, tmp_path / "b")
    asking(before, file)
    assert len(before.history(number, 5)) == 5
    again = asking(after, file)
    assert (again["events"], again["corrections"], again["rows_unchanged"]) == (0, 0, 1)


def test_a_number_of_a_case_on_the_bus_is_not_imported_beside_it(
    office: Office, tmp_path: Path
) -> None:
    number = "杭西市监移〔2025〕903号"
    office.run(
        "publish",
        *("--type", "referral.proposed", "--agency", DISTRICT),
        *("--number", f"letter_no={number}"),
    )
    assert len(office.history(number, 1)) == 1
    report = tmp_path / "report.jsonl"
    mapping = str(EXAMPLES / "referrals-2025.mapping.yaml")
    file = spreadsheet(tmp_path, row("杭西市监移［２０２５］903号"))
    words = ["import", file, "--mapping", mapping, "--agency", DISTRICT, "--report", str(report)]
    done = office.run(*words, exit_code=1)
    assert (done["rows_taken"], done["rows_refused"]) == (0, 1)
    (issue,) = [json.loads(line) for line in report.read_text("utf-8").splitlines()][-1:]
    assert (issue["column"], issue["code"]) == ("移送书文号", "number_in_use")


PUBLISH = ("publish", "--type", "referral.proposed", "--agency", DISTRICT, "--wait", "30")


def test_publishing_ends_well_only_where_nothing_was_found_about_what_was_journaled(
    office: Office,
) -> None:
    (taken,) = office.run(*PUBLISH)
    assert (taken["status"], taken.get("findings", [])) == ("journaled", [])
    (sent,) = office.run(*PUBLISH, "--to", "cn-000000-none", exit_code=1)
    assert sent["status"] == "journaled"
    assert [one["kind"] for one in sent["findings"]] == ["undeliverable"]


def test_publishing_to_nobody_ends_badly_also_where_no_case_is_open(office: Office) -> None:
    note = ("publish", "--type", "case.noted", "--agency", DISTRICT, "--wait", "30")
    (sent,) = office.run(*note, "--to", "cn-000000-none", exit_code=1)
    assert (sent["status"], sent["flags"]) == ("journaled", ["unknown_recipient"])


def test_publishing_what_is_rejected_ends_with_its_reason(office: Office) -> None:
    given = ("publish", "--type", "referral.filed", "--agency", DISTRICT, "--wait", "30")
    (refused,) = office.run(*given, exit_code=1)
    assert (refused["status"], refused["reason"]) == ("rejected", "type_not_allowed")


def test_publishing_that_waits_for_nothing_says_that_it_does_not_know(office: Office) -> None:
    (sent,) = office.run(*PUBLISH[:-1], "0", exit_code=3)
    assert sent["status"] == "sent"


def test_what_is_imported_is_historic_and_breaches_nothing(office: Office, tmp_path: Path) -> None:
    number = "杭西市监移〔2025〕904号"
    importing(office, spreadsheet(tmp_path, row(number)))
    office.history(number, 5)
    told = office.run("history", number, "--agency", DISTRICT)
    assert told["clocks"]
    assert all(one["historic"] for one in told["clocks"])
    assert not [one for one in told["events"] if one["type"].startswith("casebus.clock.")]
