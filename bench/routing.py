"""One in, one out, by a header: the router beside the two plain ways."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from bench.broker import Broker
from bench.peers import kafka_streams
from bench.records import INBOX, ROOT
from casebus.events.topics import JOURNAL
from onebox.testing import Stack

#: Plain Faust is measured on as many records as it handles in this time.
LONGEST_SECONDS = 12.0
STOP_SECONDS = 20.0


class Routing:
    """Runs each program on the whole journal and returns its records a second."""

    def __init__(self, stack: Stack, broker: Broker, count: int) -> None:
        self._stack, self._broker, self._count = stack, broker, count

    def router(self) -> float:
        self._broker.rewind("router", JOURNAL)
        return self._measure("services.router", INBOX, user="router")

    def librdkafka(self, run: int) -> float:
        target = f"bench.librdkafka.{run}"
        self._broker.create(target)
        self._broker.rewind("bench-librdkafka", JOURNAL)
        return self._measure("bench.peers.librdkafka_loop", target, JOURNAL, target)

    def faust(self) -> float:
        target = "bench.faust"
        self._broker.create(target)
        return self._measure("bench.peers.faust_agent", target, JOURNAL, target)

    def kafka_streams(self, threads: int) -> float:
        name = target = f"bench.streams.{threads}"
        self._broker.create(target)
        self._broker.rewind(name, JOURNAL)
        settings = self._stack.settings("admin")
        with tempfile.TemporaryDirectory() as folder:
            return self._run(
                kafka_streams.command(
                    settings, name, threads, Path(folder), source=JOURNAL, target=target
                ),
                target,
                dict(os.environ),
            )

    def _measure(self, module: str, target: str, *arguments: str, user: str = "admin") -> float:
        env = {**os.environ, **self._stack.environment(user), "CASEBUS_SESSION_SECONDS": "6"}
        return self._run([sys.executable, "-m", module, *arguments], target, env)

    def _run(self, command: list[str], target: str, env: dict[str, str]) -> float:
        start = self._broker.ends(target)
        wanted = sum(start) + self._count
        with running(command, env):
            if not self._broker.until(lambda: self._broker.size(target) > sum(start)):
                raise TimeoutError(f"nothing came to {target}")
            self._broker.until(lambda: self._broker.size(target) >= wanted, LONGEST_SECONDS)
        return self._broker.rate(target, start)


@contextmanager
def running(command: list[str], env: dict[str, str]) -> Iterator[None]:
    process = subprocess.Popen(
        command, env=env, cwd=ROOT, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    try:
        yield
    finally:
        process.terminate()
        try:
            process.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
