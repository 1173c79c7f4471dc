"""The image is built as the Dockerfile says, and its services carry an event."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import time
import tomllib
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import httpx
import pytest

from onebox.options import GATEWAY, WORKERS
from onebox.ports import free_port_base
from onebox.testing import Stack
from tests.base_image import make_base

ROOT = Path(__file__).parents[2]
BUILDAH = shutil.which("buildah")
#: The account of the Dockerfile, to whom its volumes belong.
USER = 10001
#: buildah lays a volume of its own over the `/data` that the image declares.
HOME = "/volume"
WAIT_SECONDS = 120

pytestmark = [
    pytest.mark.connected,
    pytest.mark.long,
    pytest.mark.timeout(1800),
    pytest.mark.skipif(
        BUILDAH is None or os.geteuid() != 0,
        reason="no image is built on this machine: that takes `buildah` and root",
    ),
]


class Image:
    """Built with chroot isolation: no daemon, no namespaces, the network of this machine."""

    def __init__(self, folder: Path) -> None:
        self._store = ["--root", str(folder / "store"), "--runroot", str(folder / "run")]
        self._environment = {**os.environ, "BUILDAH_ISOLATION": "chroot", "STORAGE_DRIVER": "vfs"}
        base = self.do("from", "scratch")
        self.do("add", "-q", base, str(make_base(folder / "base")), "/")
        self.do("commit", "-q", "--rm", base, "base")
        given = ["--pull-never", "--build-arg", "BASE=localhost/base", "-t", "casebus"]
        self.do("bud", "-q", *given, str(ROOT))
        self.container = self.do("from", "--pull-never", "localhost/casebus")

    def do(self, *command: str) -> str:
        done = subprocess.run(
            [str(BUILDAH), *self._store, *command],
            check=False,
            capture_output=True,
            text=True,
            env=self._environment,
        )
        assert done.returncode == 0, f"{command}\n{done.stdout[-4000:]}\n{done.stderr[-4000:]}"
        return done.stdout.strip().splitlines()[-1] if done.stdout.strip() else ""

    def command(self, *command: str, data: Path | None = None, **variables: str) -> list[str]:
        given = [f"--env={name}={text}" for name, text in variables.items()]
        volume = [] if data is None else [f"--volume={data}:{HOME}"]
        options = [*self._store, "run", *volume, *given, self.container, "--"]
        return [str(BUILDAH), *options, *command]

    def run(self, *command: str, data: Path | None = None, **variables: str) -> str:
        done = subprocess.run(
            self.command(*command, data=data, **variables),
            check=False,
            capture_output=True,
            text=True,
            env=self._environment,
        )
        assert done.returncode == 0, done.stderr[-4000:]
        return done.stdout

    @contextmanager
    def running(self, service: str, data: Path, log: Path, **variables: str) -> Iterator[None]:
        command = ("python", "-m", "onebox.run", service)
        with log.open("wb") as output:
            process = subprocess.Popen(
                self.command(*command, data=data, **variables),
                stdout=output,
                stderr=output,
                env=self._environment,
            )
        try:
            yield
            assert process.poll() is None, log.read_text("utf-8", "replace")[-4000:]
        finally:
            process.terminate()
            process.wait(WAIT_SECONDS)


@pytest.fixture(scope="module")
def image(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Image]:
    folder = tmp_path_factory.mktemp("image")
    yield Image(folder)
    shutil.rmtree(folder, ignore_errors=True)


def test_the_image_holds_what_runs_and_no_tool(image: Image) -> None:
    listed = image.run("python", "-m", "pip", "list", "--format=json")
    names = {one["name"].lower().replace("_", "-") for one in json.loads(listed)}
    lock = (ROOT / "requirements-runtime.lock").read_text(encoding="utf-8")
    assert names - {"pip", "setuptools", "casebus"} <= set(
        re.findall(r"^([\w.-]+)==", lock, re.MULTILINE)
    )
    groups = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["dependency-groups"]
    tools = {re.split(r"[=<>]", one)[0] for one in groups["dev"] if isinstance(one, str)}
    assert names & tools <= {"httpx"}, "which the bus runs on too"
    inside = image.run("python", "-c", "import os; print(*os.listdir('/casebus'))").split()
    assert {"services", "gateway", "onebox"} <= set(inside)
    assert not {"tests", "bench", ".git", ".venv"} & set(inside)


def test_the_image_s_services_carry_an_event(image: Image, tmp_path: Path) -> None:
    with Stack(only=("kafka", "postgres")) as stack, ExitStack() as running:
        data = _volume(stack, tmp_path / "data")
        admin = stack.environment("admin")
        image.run("python", "-m", "onebox.run", "provision", data=data, **_for_provision(admin))
        base = free_port_base()
        own = data / "processes" / GATEWAY / "environment.json"
        told = json.loads(own.read_text("utf-8"))
        # Several stacks may run on this machine, and they share its ports.
        told |= {"CASEBUS_PROBE_URL": f"http://127.0.0.1:{base + 5}"}
        own.write_text(json.dumps(told), encoding="utf-8")
        url = f"http://127.0.0.1:{base}"
        for service in (*WORKERS, GATEWAY):
            log = tmp_path / f"{service}.log"
            given = {"CASEBUS_HOME": HOME, "CASEBUS_GATEWAY_URL": url}
            running.enter_context(image.running(service, data, log, **given))
        _carry(url, stack.api_key("cn-330108-amr"))


def _volume(stack: Stack, data: Path) -> Path:
    """What `provision` keeps, as the volume of the image's account."""
    left_out = shutil.ignore_patterns("kafka", "postgres", "logs", "held", "stack.json", "agencies")
    shutil.copytree(stack.options.home, data, ignore=left_out)
    for place in (data, *data.rglob("*")):
        os.chown(place, USER, USER)
    return data


def _for_provision(admin: dict[str, str]) -> dict[str, str]:
    names = ("KAFKA_BOOTSTRAP", "KAFKA_SECURITY_PROTOCOL", "KAFKA_USERNAME", "KAFKA_PASSWORD")
    given = {f"CASEBUS_{name}": admin[f"CASEBUS_{name}"] for name in (*names, "DATABASE_URL")}
    return {**given, "CASEBUS_HOME": HOME}


def _carry(url: str, key: str) -> None:
    event = {
        "specversion": "1.0",
        "type": "casebus.referral.sent.v1",
        "source": "cn-330108-amr",
        "id": "image-1",
        "subject": "0d2f4c5e-3c53-4b7e-9a55-2f6a1b7c8d91",
        "to": "cn-330108-psb",
        "legaltime": "2026-03-04",
        "data": {"title": "涉嫌假冒注册商标"},
    }
    media = "application/cloudevents+json"
    with httpx.Client(base_url=url, headers={"Authorization": f"Bearer {key}"}) as client:
        _until(
            lambda: (
                client.post(
                    "/v1/events", content=json.dumps(event), headers={"Content-Type": media}
                ).status_code
                in {200, 202}
            )
        )
        # Admitted, routed, recorded and received: every service has had it in hand.
        path = "/v1/events/cn-330108-amr/image-1/receipts"
        _until(lambda: '"delivered"' in client.get(path).text)


def _until(holds: Callable[[], bool]) -> None:
    deadline = time.monotonic() + WAIT_SECONDS
    while True:
        try:
            if holds():
                return
        except httpx.TransportError:
            pass
        assert time.monotonic() < deadline
        time.sleep(0.5)
