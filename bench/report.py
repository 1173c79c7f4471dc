"""The page of a run: ratios first, absolute figures with the machine, and their meaning."""

from __future__ import annotations

import json
import os
import platform
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import psutil

from bench import folding
from bench.console import Console
from bench.flood import Waited
from bench.folding import Kernel
from bench.interactive import EVENTS, Handed
from bench.reads import Read
from bench.searching import Searched
from bench.street import Walked

GIB = 2**30
_PAGE = Path(__file__).with_name("page.md")


@dataclass(frozen=True, slots=True)
class Figures:
    """Events a second, and the sizes of the run."""

    router: float
    loop: float
    faust: float
    #: Kafka Streams by threads.
    streams: dict[int, float]
    #: The figures that this machine cannot measure, and the reason.
    missing: dict[str, str]
    casework: float
    sql: float
    reading: float
    verify: float
    verify_alone: float
    rederived: float
    count: int
    recorded: int
    cases: int
    headers: float
    bytes: float
    load: float


@dataclass(frozen=True, slots=True)
class People:
    """Where people wait: their looks, their submissions, and the whole street."""

    reads: dict[str, Read]
    handed: Handed
    #: By events a second.
    visible: dict[int, Waited]
    walked: Walked
    console: Console
    searched: list[Searched]

    def shown(self) -> dict[str, float | str]:
        """The form on the page and in the results."""
        reads = {f"{name}_a_second": one.a_second for name, one in self.reads.items()}
        spent = {f"{name}_spent": one.gateway + one.database for name, one in self.reads.items()}
        visible = {f"visible_{rate}": str(waited) for rate, waited in self.visible.items()}
        return {
            **reads,
            **spent,
            **visible,
            "handed_a_second": self.handed.a_second,
            "handed_spent": self.handed.spent.of_one(EVENTS),
            "handed_waited": str(self.handed.waited),
            "walked_events": self.walked.events,
            "walked_a_second": self.walked.events / self.walked.seconds,
            "walked_spent": self.walked.spent.of_one(self.walked.events),
            **{f"search_most_ms_{one.cases}": one.most for one in self.searched},
            "console_open_pages": self.console.open,
            "console_seen": str(self.console.seen),
        }


def results(figures: Figures, people: People) -> str:
    """`bench/results/latest.json`: the same figures for a program, and the figures not measured."""
    plain = {name: getattr(figures, name) for name in Figures.__slots__ if name != "streams"}
    plain |= {f"kafka_streams_{threads}": rate for threads, rate in figures.streams.items()}
    said = {"machine": machine(), "date": f"{datetime.now(UTC):%Y-%m-%d}"}
    rounded = {
        name: round(one, 3) if isinstance(one, float) else one
        for name, one in (plain | people.shown()).items()
    }
    return json.dumps(said | rounded, indent=2, sort_keys=True) + "\n"


def page(figures: Figures, kernel: Kernel, alone: Waited, beside: Waited, people: People) -> str:
    shown = {name: getattr(figures, name) for name in Figures.__slots__}
    shown |= {"headers": f"{figures.headers:.0f}", "bytes": f"{figures.bytes:.0f}"}
    return _PAGE.read_text(encoding="utf-8").format(
        **shown,
        streams_ratio=_ratio(figures),
        streams_rates=_rates(figures),
        over_faust=figures.router / figures.faust,
        over_loop=figures.router / figures.loop,
        over_sql=figures.casework / figures.sql,
        over_reading=figures.verify / figures.reading,
        machine=machine(),
        alone=alone,
        beside=beside,
        longer=beside.p50 / alone.p50,
        **folding.shown(kernel),
        **people.shown(),
        console="\n".join(people.console.lines()),
        searches="\n".join(f"- {one}" for one in people.searched),
        date=f"{datetime.now(UTC):%Y-%m-%d}",
    )


def _ratio(figures: Figures) -> str:
    """The router over Kafka Streams by one thread, and by two."""
    ratios = [f"{figures.router / rate:.2f} ×" for rate in figures.streams.values()]
    return " and ".join(ratios) or figures.missing["kafka_streams"]


def _rates(figures: Figures) -> str:
    rates = [f"{rate:,.0f}" for rate in figures.streams.values()]
    return " and ".join(rates) or "not measured"


def machine() -> str:
    """Processor, cores, memory and software; no name and no path."""
    memory = psutil.virtual_memory().total / GIB
    return (
        f"{_processor()}, {os.cpu_count()} cores, {memory:.0f} GiB, {platform.system()} "
        f"{platform.release().split('-')[0]}, Python {platform.python_version()}"
    )


def _processor() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    except OSError:
        return platform.machine()
    named = (line.partition(":")[2].strip() for line in lines if line.startswith("model name"))
    return next(named, platform.machine())
