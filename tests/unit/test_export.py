"""Cases as logs: what the standards' own reader makes of them."""

from __future__ import annotations

import io
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx
import pytest
from click.testing import CliRunner
from rich.console import Console

from casebus.cli import connect, history
from casebus.cli.main import main
from casebus.cli.wording import EventTitles
from casebus.events.legaltime import LegalTime
from casebus.events.schemas import Schemas
from casebus.sdk.gateway import Gateway
from casebus.sdk.importing.minting import MintedEvent
from casebus.sdk.importing.recorded import slots_from_history
from casebus.settings import Settings

CASE, OTHER = "01985f2e-7c1a-7b3e-9a55-1f0c6d2b4e01", "01985f2e-7c1a-7b3e-9a55-1f0c6d2b4e02"
AMR, PSB = "cn-330106-amr", "cn-330106-psb"
CODE = "91330106MA2TEX7081"


def item(name: str, source: str, on: str, to: tuple[str, ...] = (), **data: Any) -> dict[str, Any]:
    return {
        "type": f"casebus.{name}.v1",
        "source": source,
        "id": f"{name}-{on}",
        "legal_time": on,
        "recorded_at": "2026-03-05T01:00:00Z",
        "recipients": list(to),
        "folded": True,
        "findings": [],
        "data": data,
    }


SENT = item(
    "referral.sent",
    AMR,
    "2026-03-02",
    (PSB,),
    offence="214",
    rights=[{"kind": "TRADEMARK", "number": "12345678"}],
    suspects=[
        {"role": "SUSPECT", "name": "张三", "organisation": None},
        {"role": "SUSPECT", "name": "x", "organisation": {"name": "西溪茗汇", "uscc": CODE}},
    ],
    facts="A < B & \x0b「茗」",
)
HISTORY = {
    CASE: [
        SENT,
        # Of the same day, after it: the order is the case's.
        item("referral.receipted", PSB, "2026-03-02", work_item="w-1"),
        item("intake.opened", PSB, "2026-03-02"),
        item("referral.filed", PSB, "2026-03-10T09:30:00+08:00", (AMR,)),
    ],
    OTHER: [SENT],
}
STEP = "proceeding.step_recorded"
#: A case of another system: whose it is, then what happened there.
LOADED = [
    item("case.noted", AMR, "2020-03-02", topic="import", numbers=[{"kind": "x", "value": "1"}]),
    item(STEP, PSB, "2020-03-02", step="线索登记", resource="张警官", raw={"费用": "3"}),
    item(STEP, AMR, "2020-03-03", step="现场检查", raw={"lifecycle:transition": "start"}),
    item("case.noted", AMR, "2020-03-04", topic="note", note="a person's own"),
]
#: A note of a secret case, as a stranger to it is told: its type and its month.
WITHHELD = item("case.noted", "", "2026-03") | {
    "id": "2026-03-1",
    "recorded_at": "2026-02-28T16:00:00Z",
    "folded": False,
    "withheld": ["*"],
}


def summary(case: str) -> dict[str, Any]:
    return {"id": case, "status": "filed", "procedure": "referral", "title": "案", "opener": AMR}


@pytest.fixture
def export(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Path]:
    def handler(request: httpx.Request) -> httpx.Response:
        _, _, kind, *rest = request.url.path.split("/")
        if kind == "cases" and not rest:
            # The second page has a case again that changed meanwhile.
            second = request.url.params.get("cursor")
            items = [summary(CASE), summary(OTHER)] if second else [summary(CASE)]
            return httpx.Response(200, json={"items": items, "next": None if second else "2"})
        return httpx.Response(200, json={"items": HISTORY[rest[0]], "next": None})

    monkeypatch.setattr(connect, "Gateway", lambda one: Gateway(one, httpx.MockTransport(handler)))

    def run(option: str, name: str) -> Path:
        done = CliRunner().invoke(main, ["export", option, str(tmp_path / name)])
        assert done.exit_code == 0, done.output
        assert [path.name for path in tmp_path.iterdir()] == [name]
        return tmp_path / name

    return run


@pytest.mark.slow
@pytest.mark.parametrize("name", ["log.xes", "log.xes.gz"])
def test_pm4py_reads_the_xes(pm4py: Any, name: str, export: Callable[..., Path]) -> None:
    log = pm4py.read_xes(str(export("--xes", name)))
    traces = {case: list(rows["concept:name"]) for case, rows in log.groupby("case:concept:name")}
    assert traces == {
        CASE: ["referral.sent", "referral.receipted", "referral.filed"],
        OTHER: ["referral.sent"],
    }
    filed = log[log["concept:name"] == "referral.filed"].iloc[0]
    assert filed["time:timestamp"].isoformat() == "2026-03-10T01:30:00+00:00"
    assert filed["org:resource"] == PSB
    assert filed["casebus.type"] == "casebus.referral.filed.v1"
    assert filed["casebus.recipients"] == AMR
    graph, starts, ends = pm4py.discover_dfg(log)
    assert starts == {"referral.sent": 2}
    assert ends == {"referral.filed": 1, "referral.sent": 1}
    assert graph["referral.sent", "referral.receipted"] == 1


@pytest.mark.slow
def test_pm4py_reads_the_ocel(pm4py: Any, export: Callable[..., Path]) -> None:
    path = export("--ocel", "log.json")
    log = pm4py.read_ocel2_json(str(path))
    assert len(log.events) == 4
    kinds = log.objects.groupby("ocel:type").size().to_dict()
    assert kinds == {"agency": 2, "case": 2, "organisation": 1, "right": 1, "work_item": 1}
    relations = log.relations
    sent = relations[relations["ocel:activity"] == "referral.sent"]
    said = set(zip(sent["ocel:oid"], sent["ocel:qualifier"], strict=True))
    assert ("organisation:" + CODE, "suspect") in said
    assert ("right:TRADEMARK:12345678", "right") in said
    assert (f"agency:{PSB}", "recipient") in said
    flat = pm4py.ocel_flattening(log, "organisation")
    assert set(flat["case:concept:name"]) == {"organisation:" + CODE}


def test_a_log_names_no_person(export: Callable[..., Path]) -> None:
    text = export("--ocel", "log.json").read_text(encoding="utf-8")
    assert "张三" not in text
    json.loads(text)


def test_without_a_file_it_says_what_it_needs() -> None:
    assert CliRunner().invoke(main, ["export"]).exit_code == 2


def test_a_step_of_another_system_keeps_its_name_and_who_did_it(
    pm4py: Any, export: Callable[..., Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(HISTORY, OTHER, LOADED)
    log = pm4py.read_xes(str(export("--xes", "log.xes")))
    rows = log[log["case:concept:name"] == OTHER]
    assert list(rows["concept:name"]) == ["线索登记", "现场检查", "case.noted"]
    assert list(rows["org:resource"]) == ["张警官", AMR, AMR]
    assert list(rows["org:group"]) == [PSB, AMR, AMR]
    assert list(rows["lifecycle:transition"]) == ["complete", "start", "complete"]
    assert set(rows["casebus.type"]) == {f"casebus.{STEP}.v1", "casebus.case.noted.v1"}


def test_a_step_of_another_system_keeps_its_name_in_ocel(
    pm4py: Any, export: Callable[..., Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(HISTORY, OTHER, LOADED)
    log = pm4py.read_ocel2_json(str(export("--ocel", "log.json")))
    assert {"线索登记", "现场检查"} <= set(log.events["ocel:activity"])
    assert f"casebus.{STEP}" not in set(log.events["ocel:activity"])
    assert "张警官" in set(log.events["org:resource"])


def test_a_withheld_event_of_a_secret_case_is_exported_with_its_month(
    pm4py: Any, export: Callable[..., Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(HISTORY, OTHER, [WITHHELD])
    log = pm4py.read_xes(str(export("--xes", "log.xes")))
    (told,) = log[log["case:concept:name"] == OTHER].to_dict("records")
    assert told["concept:name"] == "case.noted"
    assert told["time:timestamp"].isoformat() == "2026-02-28T16:00:00+00:00"
    assert told["casebus.legal_time"] == "2026-03"
    assert told["casebus.withheld"]
    assert len(log) == 4


def test_a_withheld_event_has_no_author_in_ocel(
    pm4py: Any, export: Callable[..., Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(HISTORY, OTHER, [WITHHELD])
    path = export("--ocel", "log.json")
    said = json.loads(path.read_text(encoding="utf-8"))
    assert "agency:" not in {one["id"] for one in said["objects"]}
    assert len(pm4py.read_ocel2_json(str(path)).events) == 4


def test_an_import_reads_a_history_of_which_all_is_withheld() -> None:
    event = MintedEvent(
        slot="a",
        type="casebus.case.noted.v1",
        stream=OTHER,
        source=AMR,
        to=(),
        legal=LegalTime.parse("2026-03-02"),
        data={},
    )
    assert slots_from_history([event], [WITHHELD]) == {}
    bare = {"type": WITHHELD["type"], "id": WITHHELD["id"]}
    assert slots_from_history([event], [bare]) == {}


def test_the_history_shows_a_step_by_its_own_name_and_what_is_withheld() -> None:
    titles = EventTitles(Schemas.load(Settings().schemas_dir))
    console = Console(width=200, record=True, file=io.StringIO())
    console.print(history._events([*LOADED, WITHHELD], titles))
    text = console.export_text()
    assert "线索登记" in text
    assert "2026-03 " in text
