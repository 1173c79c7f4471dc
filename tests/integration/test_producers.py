"""The programs of docs/how-to/producer.md, compiled and run as they stand on the page."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from casebus.sdk.gateway import Gateway
from onebox import jars
from onebox.testing import Stack

pytestmark = [pytest.mark.connected, pytest.mark.slow, pytest.mark.timeout(600)]

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs/how-to/producer.md").read_text(encoding="utf-8")
FENCE = re.compile(r"^```(\w+)\n(.*?)^```", re.MULTILINE | re.DOTALL)
#: What the page leaves to the reader's own build.
AVRO = ROOT / "tests/data/avro.lock"
OLDEST_GO = (1, 26)
UNREACHED = re.compile("dial tcp|no such host|i/o timeout|connection refused|TLS handshake")
AGENCY = "cn-330106-amr"


def blocks(section: str) -> list[tuple[str, str]]:
    """Language and text of each block of a section, in order; the shell of all comes first."""
    head, *sections = re.split(r"^## ", PAGE, flags=re.MULTILINE)
    (text,) = [one for one in sections if one.startswith(f"{section}\n")]
    return FENCE.findall(head) + FENCE.findall(text)


def run_as_its_reader(stack: Stack, folder: Path, section: str, file: str, **more: str) -> str:
    """Save the program, run the commands; returns the last line they printed."""
    found = blocks(section)
    (program,) = [text for language, text in found if language != "sh"]
    (folder / file).write_text(program, encoding="utf-8")
    commands = "".join(text for language, text in found if language == "sh")
    outside = {name: os.environ[name] for name in os.environ if name[:8] != "CASEBUS_"}
    environment = {
        **outside,
        "LC_ALL": "C.UTF-8",
        "PATH": f"{ROOT / '.venv/bin'}:{os.environ['PATH']}",
        "CASEBUS_HOME": str(stack.options.home),
        **more,
    }
    done = subprocess.run(
        ["bash", "-euc", commands],
        check=False,
        capture_output=True,
        text=True,
        cwd=folder,
        env=environment,
        timeout=500,
    )
    if done.returncode and UNREACHED.search(done.stderr):
        pytest.skip(f"the packages of the {section} program cannot be fetched from here")
    assert done.returncode == 0, done.stderr
    return done.stdout.splitlines()[-1]


def assert_taken(stack: Stack, printed: str, number: str) -> None:
    """Journaled, nothing found, and decoded to what the program said."""
    stream, event = printed.split()
    with Gateway(stack.settings(AGENCY)) as gateway:
        told = gateway.await_event(AGENCY, event, seconds=60)
        assert (told["status"], told["findings"]) == ("journaled", [])
        # It was journaled: what is left is that casework comes to it.
        until(lambda: bool(gateway.cases_with_number(number)), "the case is not there")
        assert gateway.resolve(number) == stream
        (sent,) = [one for one in gateway.history(stream) if one["id"] == event]
    assert sent["type"] == "casebus.referral.sent.v1"
    assert sent["data"]["title"] == "涉嫌销售假冒注册商标的商品"
    assert (sent["data"]["offence"], sent["data"]["secrecy"]) == ("214", "NONE")


def until(holds: Callable[[], bool], otherwise: str, seconds: float = 60) -> None:
    deadline = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < deadline, otherwise
        time.sleep(0.2)


def number_of(section: str) -> str:
    (number,) = re.findall(r"杭西市监移〔\d+〕\d+号", blocks(section)[-1][1])
    return str(number)


def go_here() -> str:
    """Why the Go program cannot be built here, or nothing."""
    if shutil.which("go") is None:
        return "no Go on this machine: `go` is not on the path"
    told = subprocess.run(["go", "env", "GOVERSION"], check=True, capture_output=True, text=True)
    version = tuple(int(one) for one in re.findall(r"\d+", told.stdout)[:2])
    return "" if version >= OLDEST_GO else f"Go here is {told.stdout.strip()}, older than 1.26"


@pytest.mark.skipif(bool(go_here()), reason=go_here())
def test_a_producer_in_go_opens_a_case(stack: Stack, tmp_path: Path) -> None:
    last = run_as_its_reader(stack, tmp_path, "Go", "producer.go", GOTOOLCHAIN="local")
    assert_taken(stack, last, number_of("Go"))


@pytest.mark.skipif(
    shutil.which("javac") is None, reason="no JDK on this machine: `javac` is not on the path"
)
def test_a_producer_in_java_opens_a_case(stack: Stack, tmp_path: Path) -> None:
    path = ":".join(str(one) for one in jars.class_path() + jars.class_path(lock=AVRO))
    last = run_as_its_reader(stack, tmp_path, "Java", "Producer.java", CLASS_PATH=path)
    assert_taken(stack, last, number_of("Java"))
