"""docs/performance.md: ratios first, absolute figures with the machine, and what they mean."""

from __future__ import annotations

import os
import platform
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import psutil

from bench import folding
from bench.flood import Waited
from bench.folding import Kernel

GIB = 2**30
_PAGE = Path(__file__).with_name("page.md")


@dataclass(frozen=True, slots=True)
class Figures:
    """Events a second, and the sizes of the run."""

    router: float
    loop: float
    faust: float
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


def page(figures: Figures, kernel: Kernel, alone: Waited, beside: Waited) -> str:
    shown = {name: getattr(figures, name) for name in Figures.__slots__}
    shown |= {"headers": f"{figures.headers:.0f}", "bytes": f"{figures.bytes:.0f}"}
    return _PAGE.read_text(encoding="utf-8").format(
        **shown,
        over_faust=figures.router / figures.faust,
        over_loop=figures.router / figures.loop,
        over_sql=figures.casework / figures.sql,
        over_reading=figures.verify / figures.reading,
        machine=machine(),
        alone=alone,
        beside=beside,
        longer=beside.p50 / alone.p50,
        **folding.shown(kernel),
        date=f"{datetime.now(UTC):%Y-%m-%d}",
    )


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
