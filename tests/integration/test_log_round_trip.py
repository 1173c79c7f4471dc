"""What another system's log says goes through the bus and comes out again, as pm4py reads it."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest

from casebus.sdk.gateway import Gateway
from onebox.testing import Stack

pytestmark = [pytest.mark.connected]
DISTRICT, POLICE = "cn-330106-amr", "cn-330106-psb"
PATIENCE = 60.0
MAPPING = f"""
format: 1
name: round-trip
agency: {DISTRICT}
agencies: {Path(__file__).parents[2] / "examples/agencies.yaml"}
log: {{form: xes}}
case: {{kind: docket_no, source: {{value: {DISTRICT}}}}}
event: {{source: {{attribute: "org:group", agencies: {{经侦: {POLICE}}}, otherwise: {DISTRICT}}}}}
other: step
step: {{procedure: {{value: 旧系统}}}}
"""
#: (activity, resource, group) of each case; the first of two is not who gave the number.
CASES = {
    "往返〔2021〕1号": [("登记", "王", "市监"), ("检查", "李", "市监"), ("归档", "王", "市监")],
    "往返〔2021〕2号": [("通报", "赵警官", "经侦"), ("登记", "王", "市监"), ("检查", "李", "市监")],
    "往返〔2021〕3号": [("登记", "王", "市监"), ("检查", "李", "市监"), ("归档", "王", "市监")],
    "往返〔2021〕4号": [("通报", "赵警官", "经侦"), ("通报", "赵警官", "经侦")],
}


def write(path: Path) -> None:
    traces = []
    for number, steps in CASES.items():
        events = "".join(
            f'<event><string key="concept:name" value="{name}"/>'
            f'<string key="org:resource" value="{who}"/><string key="org:group" value="{group}"/>'
            f'<date key="time:timestamp" value="2021-03-0{at}T09:00:00+08:00"/></event>'
            for at, (name, who, group) in enumerate(steps, 1)
        )
        traces.append(f'<trace><string key="concept:name" value="{number}"/>{events}</trace>')
    text = '<?xml version="1.0" encoding="GBK"?><log xmlns="http://www.xes-standard.org/">'
    path.write_text(text + "".join(traces) + "</log>", encoding="gbk")


def run(stack: Stack, folder: Path, *arguments: str) -> None:
    environment = {**os.environ, **stack.environment("admin")} | {
        "CASEBUS_HOME": str(folder / "home"),
        "CASEBUS_API_KEY": stack.api_key(DISTRICT),
    }
    command = [sys.executable, "-m", "casebus.cli.main", *arguments]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr + done.stdout


def arrived(gateway: Gateway) -> bool:
    """Whether each number names one case that has all its steps."""
    for number, steps in CASES.items():
        found = gateway.cases_with_number(number)
        if len(found) != 1:
            return False
        history = gateway.history(str(found[0]["case"]))
        if sum("step" in one["data"] for one in history) != len(steps):
            return False
    return True


@pytest.mark.timeout(300)
def test_a_log_comes_out_with_its_activities_variants_and_resources(
    pm4py: Any, stack: Stack, tmp_path: Path
) -> None:
    write(tmp_path / "in.xes")
    (tmp_path / "in.mapping.yaml").write_text(MAPPING, encoding="utf-8")
    run(stack, tmp_path, "import", str(tmp_path / "in.xes"))
    deadline = time.monotonic() + PATIENCE
    with Gateway(stack.settings(DISTRICT)) as gateway:
        while not arrived(gateway):
            assert time.monotonic() < deadline, "a case lost its number or its steps"
            time.sleep(0.5)
    run(stack, tmp_path, "export", "--xes", str(tmp_path / "out.xes"), "--agency", DISTRICT)
    log = pm4py.read_xes(str(tmp_path / "out.xes"))
    log = log[log["case:casebus.numbers"].isin(CASES)]
    traces = {
        number: list(zip(rows["concept:name"], rows["org:resource"], strict=True))
        for number, rows in log.groupby("case:casebus.numbers")
    }
    assert traces == {
        number: [(name, who) for name, who, _ in steps] for number, steps in CASES.items()
    }
    assert pm4py.get_variants(log) == {
        ("登记", "检查", "归档"): 2,
        ("通报", "登记", "检查"): 1,
        ("通报", "通报"): 1,
    }
