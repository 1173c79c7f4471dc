"""`casebus status` and `/readyz` say how it is: not how it was when everything had started."""

from __future__ import annotations

import asyncio
import json
import subprocess
import sys
import time
from collections.abc import Callable
from typing import Any
from uuid import uuid4

import asyncpg
import httpx
import pytest

from onebox.testing import Stack
from storage.handles import Connection

pytestmark = [pytest.mark.connected, pytest.mark.timeout(240)]
AMR = "cn-330108-amr"


def said(stack: Stack) -> tuple[int, dict[str, Any]]:
    command = [sys.executable, "-m", "casebus.cli.main", "status", "--json"]
    done = subprocess.run(
        [*command, "--home", str(stack.home.path)], capture_output=True, text=True, check=False
    )
    return done.returncode, json.loads(done.stdout)


def checks(stack: Stack) -> tuple[int, dict[str, str]]:
    answer = httpx.get(f"{stack.probe_url}/readyz", timeout=30)
    return answer.status_code, answer.json()["checks"]


def until(holds: Callable[[], bool], otherwise: Callable[[], object]) -> None:
    deadline = time.monotonic() + 90
    while not holds():
        if time.monotonic() > deadline:
            raise AssertionError(otherwise())
        time.sleep(0.2)


def well(stack: Stack) -> bool:
    return said(stack)[0] == 0 and checks(stack)[0] == 200


def test_a_service_that_is_not_ready_and_a_scheduler_that_says_nothing_are_told(
    stack: Stack,
) -> None:
    until(lambda: well(stack), lambda: said(stack))
    assert said(stack)[1]["phase"] == "ready"
    stack.stop("scheduler")
    try:
        code, told = said(stack)
        assert (code, told["phase"], told["ready"]) == (1, "degraded", False)
        _age_the_heartbeat(stack)
        status, failing = checks(stack)
        assert (status, failing["watched"], failing["database"]) == (503, "failing", "ok")
        assert any("the scheduler says nothing" in line for line in said(stack)[1]["failing"])
    finally:
        stack.start("scheduler")
    until(lambda: well(stack), lambda: (said(stack), checks(stack)))


@pytest.mark.long
def test_a_partition_that_nobody_takes_from_is_named_until_it_moves(stack: Stack) -> None:
    stack.stop("casework")
    try:
        _hand_in(stack)
        until(lambda: checks(stack)[1]["moving"] == "failing", lambda: checks(stack))
        code, told = said(stack)
        assert (code, told["phase"]) == (1, "degraded")
        [line] = [line for line in told["failing"] if line.startswith("records wait")]
        assert "casework case.journal/" in line
        assert "tables case.journal/" in line
    finally:
        stack.start("casework")
    until(lambda: well(stack), lambda: (said(stack), checks(stack)))


def _hand_in(stack: Stack) -> None:
    event = {
        "specversion": "1.0",
        "id": str(uuid4()),
        "type": "casebus.case.noted.v1",
        "source": AMR,
        "subject": str(uuid4()),
        "data": {"note": "备注"},
    }
    headers = {
        "Authorization": f"Bearer {stack.api_key(AMR)}",
        "Content-Type": "application/cloudevents+json",
    }
    answer = httpx.post(
        f"{stack.gateway_url}/v1/events", headers=headers, content=json.dumps(event), timeout=30
    )
    assert answer.status_code == 202, answer.text


def _age_the_heartbeat(stack: Stack) -> None:
    """As if the scheduler had been away for so long."""

    async def age() -> None:
        connection: Connection = await asyncpg.connect(stack.database_url)
        await connection.execute("update own.heartbeat set at = now() - interval '1 minute'")
        await connection.close()

    asyncio.run(age())
