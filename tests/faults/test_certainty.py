"""An answer in time that the bus has stored is sent by the bus, and nobody is accused meanwhile."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import Callable, Iterator
from datetime import datetime
from functools import partial
from typing import Any
from uuid import uuid4

import asyncpg
import httpx
import pytest

from casebus.now import set_scenario_time
from onebox.doctor.running import examine_stack
from onebox.testing import Stack

pytestmark = [pytest.mark.connected, pytest.mark.timeout(400)]

AMR, PSB = "cn-330108-amr", "cn-330108-psb"
TRANSFERRED = datetime.fromisoformat("2026-03-02T10:00:00+08:00")
#: The clock stands: of one day's acts only the hours say which came first.
ANSWERED = "2026-03-02T09:30:00+08:00"
#: T08 was due on Thursday 2026-03-05, and its grace is over.
OVERDUE = datetime.fromisoformat("2026-03-09T10:00:00+08:00")
PATIENCE_SECONDS = 90


class Case:
    def __init__(self, stack: Stack) -> None:
        self.stack, self.stream = stack, str(uuid4())

    def post(self, agency: str, name: str, on: str, to: str, **data: Any) -> httpx.Response:
        event = {
            "specversion": "1.0",
            "id": str(uuid4()),
            "type": f"casebus.{name}.v1",
            "source": agency,
            "subject": self.stream,
            "to": to,
            "legaltime": on,
            "data": data,
        }
        return httpx.post(
            f"{self.stack.gateway_url}/v1/events",
            headers={
                "Authorization": f"Bearer {self.stack.api_key(agency)}",
                "Content-Type": "application/cloudevents+json",
            },
            content=json.dumps(event),
            timeout=60,
        )

    def act(self, word: str, on: str) -> httpx.Response:
        """The officer of the police acts on the case's work item."""
        key = {"Authorization": f"Bearer {self.stack.api_key(PSB)}"}
        listed = httpx.get(f"{self.stack.gateway_url}/v1/work", headers=key, timeout=30).json()
        item = next(
            one for one in listed["items"] if one["case"] == self.stream and word in one["actions"]
        )
        body = {
            "version": item["version"],
            "actor": "officer-1",
            "legal_time": on,
            "data": {"offence": "214"},
        }
        url = f"{self.stack.gateway_url}/v1/work/{item['key']}/{word}"
        return httpx.post(url, headers=key, json=body, timeout=60)

    def rows(self, query: str, *values: Any) -> list[Any]:
        async def fetch() -> list[Any]:
            connection = await asyncpg.connect(self.stack.database_url)
            try:
                return list(await connection.fetch(query, *values))
            finally:
                await connection.close()

        return asyncio.run(fetch())

    def clock(self, clock: str) -> str:
        query = "select status from derived.clock where stream = $1 and clock = $2"
        rows = self.rows(query, self.stream, clock)
        return str(rows[0]["status"]) if rows else ""

    def breaches(self) -> int:
        query = "select count(*) from own.outbox where aggregateid = $1 and type like '%breached%'"
        [(count,)] = self.rows(query, self.stream)
        return int(count)

    def is_journaled(self, name: str) -> bool:
        query = "select 1 from derived.event where stream = $1 and type = $2"
        return bool(self.rows(query, self.stream, f"casebus.{name}.v1"))

    def transferred(self) -> None:
        """Sent, signed for and accepted: the police have three days to decide."""
        for agency, name, at, to in (
            (AMR, "referral.sent", "09:00", PSB),
            (PSB, "referral.receipted", "09:10", AMR),
            (PSB, "referral.accepted", "09:20", AMR),
        ):
            assert self.post(agency, name, f"2026-03-02T{at}:00+08:00", to).status_code == 202
            # Each agency has its own door: what the next one answers must be journaled.
            until(partial(self.is_journaled, name))
        # The period runs from the signature on: it does not show that the acceptance is folded.
        accepted = "select 1 from derived.case_state where stream = $1 and status = 'accepted'"
        until(lambda: bool(self.rows(accepted, self.stream)))
        assert self.clock("T08") == "running"


def until(holds: Callable[[], bool]) -> None:
    deadline = time.monotonic() + PATIENCE_SECONDS
    while not holds():
        assert time.monotonic() < deadline
        time.sleep(0.2)


@pytest.fixture
def case() -> Iterator[Case]:
    with Stack() as stack:
        set_scenario_time(stack.home.scenario_time, TRANSFERRED)
        yield Case(stack)


def by_event(case: Case) -> httpx.Response:
    return case.post(PSB, "referral.filed", ANSWERED, AMR)


def by_officer(case: Case) -> httpx.Response:
    return case.act("file", ANSWERED)


@pytest.mark.parametrize("answer", [by_event, pytest.param(by_officer, marks=pytest.mark.long)])
def test_what_was_handed_in_before_the_gateway_died_is_sent_and_nobody_is_accused(
    case: Case, answer: Callable[[Case], httpx.Response]
) -> None:
    stack = case.stack
    case.transferred()
    stack.stop("kafka")
    assert answer(case).status_code == 503
    stack.kill("gateway")
    stack.stop("gateway")
    set_scenario_time(stack.home.scenario_time, OVERDUE)
    assert [row["sent_at"] for row in unsent(case)] == [None]
    case.rows("update own.submission set created_at = now() - interval '1 minute' where true")
    assert verdict(stack) == "wrong"

    stack.start("kafka", seconds=120)
    stack.start("gateway", seconds=120)
    until(lambda: unsent(case) == [])
    until(lambda: case.clock("T08") == "met")
    # Behind the barrier there is nothing to say of it, however long one waits.
    time.sleep(3)
    assert case.breaches() == 0
    assert verdict(stack) == "ok"
    health = httpx.get(f"{stack.probe_url}/healthz", timeout=30).json()
    assert health["checks"]["sent"] == "ok"


def unsent(case: Case) -> list[Any]:
    return case.rows("select * from own.submission where sent_at is null")


def verdict(stack: Stack) -> str:
    return next(one.verdict for one in examine_stack(stack.options) if "unsent" in one.name)
