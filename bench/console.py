"""`python -m bench.console`: the console's pages, the cost of open ones, and the delay of news.

Bytes are those over the wire, compressed; for the first load, with everything that a page loads.
"""

from __future__ import annotations

import re
import statistics
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from typing import NamedTuple

import httpx
import psutil

from bench.flood import Waited
from onebox.testing import Stack
from tests.integration.person import Person
from tests.integration.street import PSB, Bus, opened

_ROUNDS, _OPEN, _IDLE_SECONDS, _PUBLISHED = 20, 50, 20.0, 50
_HEARD_SECONDS, _LONG_SECONDS = 10.0, 60.0
_ASSET = re.compile(r"(?:href|src)=\"(/console/static/[^\"]+)\"")


class Measured(NamedTuple):
    """For one page: bytes of the first load and of the page alone; seconds cold and warm."""

    first: int
    alone: int
    cold: float
    warm: float


def _get(person: Person, path: str) -> tuple[str, int]:
    with person.http.stream("GET", path) as answer:
        answer.read()
        answer.raise_for_status()
        return answer.text, answer.num_bytes_downloaded


def page(person: Person, path: str) -> Measured:
    began = time.perf_counter()
    text, alone = _get(person, path)
    cold = time.perf_counter() - began
    loaded = sum(_get(person, one)[1] for one in set(_ASSET.findall(text)))
    warm = statistics.median(_seconds(lambda: _get(person, path)) for _ in range(_ROUNDS))
    return Measured(alone + loaded, alone, cold, warm)


def _seconds(work: Callable[[], object]) -> float:
    began = time.perf_counter()
    work()
    return time.perf_counter() - began


@contextmanager
def live(person: Person, of: str) -> Iterator[threading.Semaphore]:
    """An open page's stream; the semaphore is released at each `changed`."""
    heard = threading.Semaphore(0)
    cookies = dict(person.http.cookies)
    client = httpx.Client(base_url=person.origin, cookies=cookies, timeout=_LONG_SECONDS)
    begun = threading.Event()

    def listen() -> None:
        try:
            with client.stream("GET", f"/console/live?of={of}") as answer:
                for line in answer.iter_lines():
                    begun.set()
                    if line == "event: changed":
                        heard.release()
        except httpx.HTTPError:
            return

    threading.Thread(target=listen, daemon=True).start()
    begun.wait(_HEARD_SECONDS)
    try:
        yield heard
    finally:
        client.close()


def idle(stack: Stack, person: Person) -> tuple[float, float]:
    """The gateway's share of a core: without an open page, and with all of them."""
    gateway = psutil.Process(stack.pid("gateway"))
    alone = _load(gateway)
    with ExitStack() as pages:
        for _ in range(_OPEN):
            pages.enter_context(live(person, "work"))
        time.sleep(2)
        return alone, _load(gateway)


def _load(process: psutil.Process) -> float:
    def spent() -> float:
        times = process.cpu_times()
        return float(times.user + times.system)

    before = spent()
    time.sleep(_IDLE_SECONDS)
    return (spent() - before) / _IDLE_SECONDS


def visible(bus: Bus, person: Person) -> list[float]:
    """Seconds from the sending of an event to the open page that shows it."""
    found = []
    for number in range(_PUBLISHED):
        title = f"测时-{number}-{time.time_ns()}"
        with live(person, "work") as heard:
            thread = threading.Thread(target=opened, args=(bus,), kwargs={"data": {"title": title}})
            began = time.perf_counter()
            thread.start()
            while heard.acquire(timeout=_HEARD_SECONDS):
                if title in person.gets("/console/todo?sort=received").text:
                    found.append(time.perf_counter() - began)
                    break
            thread.join()
    return found


class Console(NamedTuple):
    """Pages by name; the share of a core with no page and with fifty open; the delay of news."""

    pages: dict[str, Measured]
    alone: float
    open: float
    seen: Waited

    def lines(self) -> list[str]:
        """Rows of a table, and a sentence."""
        rows = [
            f"| {name} | {one.first / 1000:.1f} | {one.alone / 1000:.1f} | {one.cold:.3f} |"
            f" {one.warm:.3f} |"
            for name, one in self.pages.items()
        ]
        return [
            "| page | first load, kB | alone, kB | cold, s | warm, s |",
            "| --- | --- | --- | --- | --- |",
            *rows,
            "",
            f"The gateway takes {self.alone:.1%} of a core,",
            f"{self.open:.1%} with {_OPEN} open pages;",
            f"an event stands in an open page after {self.seen}.",
        ]


def measure(stack: Stack) -> Console:
    bus, person = Bus(stack), Person(stack)
    stream, _ = opened(bus, data={"title": "涉嫌假冒注册商标案"})
    person.signs_in("officer", PSB)
    pages = {name: page(person, path) for name, path in _paths(stream).items()}
    alone, all_open = idle(stack, person)
    seen = Waited.of(visible(bus, person))
    bus.producer.close()
    return Console(pages, alone, all_open, seen)


def _paths(stream: str) -> dict[str, str]:
    return {
        "front": "/",
        "待办": "/console/todo",
        "查询": "/console/search",
        "统计": "/console/figures",
        "a case": f"/console/cases/{stream}",
    }


def main() -> None:
    with Stack() as stack:
        sys.stdout.write("\n".join(measure(stack).lines()) + "\n")


if __name__ == "__main__":
    main()
