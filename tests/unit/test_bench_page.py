from __future__ import annotations

import re

from bench.flood import Waited
from bench.folding import Kernel
from bench.report import Figures, page


def test_the_page_shows_each_figure_that_was_measured() -> None:
    names = Figures.__slots__
    measured = {name: float(1_000 + at) for at, name in enumerate(names)}
    kernel = Kernel(17e-6, 19e-6, 25e-6, 0.18, 48, 128)
    text = page(Figures(**measured), kernel, Waited(0.02, 0.3), Waited(0.03, 0.6))  # type: ignore[arg-type]
    assert not re.search(r"\{\w+", text)
    shown = re.sub(r"(?<=\d),(?=\d)", "", text)
    assert {name for name, value in measured.items() if f"{value:.0f}" not in shown} <= {"load"}
    assert "p50 30 ms, p99 600 ms" in text
