"""Cases as logs: what the standards' own reader makes of them."""

from __future__ import annotations

import json
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx
import pytest
from click.testing import CliRunner

from casebus.cli import connect
from casebus.cli.main import main
from casebus.sdk.gateway import Gateway

with warnings.catch_warnings():
    warnings.simplefilter("ignore")
    import pm4py

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


@pytest.mark.parametrize("name", ["log.xes", "log.xes.gz"])
def test_pm4py_reads_the_xes(name: str, export: Callable[..., Path]) -> None:
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


def test_pm4py_reads_the_ocel(export: Callable[..., Path]) -> None:
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
