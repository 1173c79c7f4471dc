"""A client in a second thread works; in a forked process it says what to do; neither ever hangs."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from uuid import uuid4

import pytest

from casebus.errors import CasebusError
from casebus.sdk.client import Client
from casebus.sdk.event import NewEvent
from casebus.settings import Settings
from onebox.testing import Stack

pytestmark = [pytest.mark.connected, pytest.mark.timeout(240)]
AMR = "cn-330106-amr"

#: A program of an agency that forks with everything open; both processes end as programs do.
FORKING = """
import json, os, sys, uuid
from casebus.errors import CasebusError
from casebus.sdk.client import Client
from casebus.sdk.event import NewEvent

def noted():
    return NewEvent(type="case.noted", stream=str(uuid.uuid4()), data={"note": "备注"})

def code_of(work):
    try:
        return f"worked: {work()}"
    except CasebusError as error:
        return error.code

with Client() as client, Client() as of_the_child:
    client.publish(noted())
    inbox, gateway = client.inbox(), client.gateway
    reading, writing = os.pipe()
    child = os.fork()
    if child == 0:
        said = [
            code_of(lambda: client.publish(noted())),
            code_of(lambda: client.publisher.send_waiting()),
            code_of(lambda: client.store.waiting_count()),
            code_of(lambda: client.inbox()),
            code_of(lambda: next(inbox.deliveries(idle_seconds=0))),
            code_of(lambda: gateway.case(str(uuid.uuid4()))),
        ]
        with Client() as own:
            said.append(own.publish(noted())[0].sent)
        os.write(writing, json.dumps(said).encode())
        sys.exit(0)
    _, status = os.waitpid(child, 0)
    again = client.publish(noted())[0]
    said = json.loads(os.read(reading, 65536))
    print(json.dumps([status, again.sent, again.sequence, said]))
"""


def noted(stream: str = "") -> NewEvent:
    return NewEvent(type="case.noted", stream=stream or str(uuid4()), data={"note": "备注"})


@pytest.fixture
def settings(brokers: Stack, tmp_path: Path) -> Settings:
    return brokers.settings(AMR).model_copy(update={"home": tmp_path})


def test_a_forked_process_is_told_to_open_its_own_and_the_parent_goes_on(
    brokers: Stack, tmp_path: Path
) -> None:
    environment = os.environ | brokers.environment(AMR) | {"CASEBUS_HOME": str(tmp_path)}
    done = subprocess.run(
        [sys.executable, "-c", FORKING],
        env=environment,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    status, sent, sequence, said = json.loads(done.stdout)
    assert (status, sent, sequence) == (0, True, 1)
    assert said == [*["after_fork"] * 6, True]


def test_threads_publish_by_one_client_each_event_once_and_in_its_turn(settings: Settings) -> None:
    stream = str(uuid4())
    with Client(settings) as client, ThreadPoolExecutor(8) as threads:
        published = list(threads.map(lambda _: client.publish(noted(stream))[0], range(40)))
    assert all(one.sent for one in published)
    places = sorted((one.sequence or 0, one.offset or 0) for one in published)
    assert [sequence for sequence, _ in places] == list(range(1, 41))
    assert [offset for _, offset in places] == sorted(offset for _, offset in places)


def test_an_inbox_is_for_the_thread_that_opened_it(settings: Settings) -> None:
    with Client(settings) as client, ThreadPoolExecutor(1) as threads:
        inbox = client.inbox()
        reading = threads.submit(lambda: list(inbox.deliveries(idle_seconds=0)))
        with pytest.raises(CasebusError, match="other_thread"):
            reading.result(60)
        assert isinstance(list(inbox.deliveries(idle_seconds=0)), list)
