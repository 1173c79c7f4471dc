"""What the doctor says of a running stack, sound and with something wrong."""

from __future__ import annotations

import asyncio
import json
import time
from typing import Any

import asyncpg
import pytest
from click.testing import CliRunner

from onebox.commands.doctor import doctor
from onebox.options import SERVICES, WORKERS
from onebox.testing import Stack
from storage.handles import Connection, sole

pytestmark = [pytest.mark.connected, pytest.mark.timeout(240)]


def examined(stack: Stack) -> dict[str, dict[str, Any]]:
    result = CliRunner().invoke(doctor, ["--home", str(stack.options.home), "--json"])
    return {check["name"]: check for check in json.loads(result.stdout)}


def test_everything_that_can_be_wrong_is_looked_at_and_a_sound_stack_is_well(stack: Stack) -> None:
    checks = examined(stack)
    machine = {"java", "kafka", "postgresql", "disk", "memory"}
    running = {"topics", "clock", "migrations", *(f"lag of {name}" for name in WORKERS), *SERVICES}
    assert machine | running | {"left by a rebuild"} <= checks.keys()
    assert wrong_for_long(stack) == []


def wrong_for_long(stack: Stack) -> list[str]:
    """What stays wrong: tests before this one may have left the stack at work on a rebuild."""
    deadline = time.monotonic() + 20
    while True:
        wrong = [name for name, check in examined(stack).items() if check["verdict"] == "wrong"]
        if not wrong or time.monotonic() > deadline:
            return wrong
        time.sleep(1)


def test_a_service_that_does_not_run_is_named_with_its_log(stack: Stack) -> None:
    stack.stop("intake")
    try:
        check = examined(stack)["intake"]
    finally:
        stack.start("intake")
    assert (check["verdict"], check["remedy"]) == ("wrong", "casebus logs intake")


async def test_a_migration_that_was_not_applied_is_named(stack: Stack) -> None:
    connection: Connection = await asyncpg.connect(stack.database_url)
    query = "select * from casebus_migration order by name desc limit 1"
    last = sole(await connection.fetchrow(query))
    await connection.execute("delete from casebus_migration where name = $1", last["name"])
    try:
        check = await _in_thread(stack)
    finally:
        columns = ", ".join(last.keys())
        places = ", ".join(f"${at + 1}" for at in range(len(last)))
        insert = f"insert into casebus_migration ({columns}) values ({places})"
        await connection.execute(insert, *last.values())
        await connection.close()
    assert check["verdict"] == "wrong"
    assert last["name"] in check["says"]


async def _in_thread(stack: Stack) -> dict[str, Any]:
    """The doctor runs a loop of its own."""
    return (await asyncio.to_thread(examined, stack))["migrations"]
