from __future__ import annotations

import json
import re

from bench.asking import answered
from bench.console import Console, Measured
from bench.flood import Waited
from bench.folding import Kernel
from bench.interactive import EVENTS, Handed
from bench.reads import Read
from bench.report import Figures, People, page, results
from bench.searching import Searched
from bench.spending import Spent, less
from bench.street import Walked

WAITED = Waited(0.1, 0.2)
KERNEL = Kernel(17e-6, 19e-6, 25e-6, 0.18, 48, 128)
PEOPLE = People(
    reads={
        "case": Read(811.0, 1.0, 0.25, WAITED),
        "livez": Read(3_333.0, 0.25, 0.0, WAITED),
    },
    handed=Handed(121.0, WAITED, Spent(10.0, {"gateway": EVENTS * 0.015}), 3.9),
    visible={10: Waited(0.08, 0.12), 30: Waited(0.09, 0.13)},
    walked=Walked(20_000, 50.0, Spent(50.0, {"kafka": 60.0, "casework": 30.0})),
    console=Console({"front": Measured(25_000, 1_500, 0.1, 0.02)}, 0.011, 0.018, WAITED),
    searched=[Searched(10_000, 132, 12.0, 151.0, "a word")],
)


def figures(streams: dict[int, float], **missing: str) -> tuple[Figures, dict[str, float]]:
    """Figures that differ from each other, and those of them that are numbers."""
    names = [one for one in Figures.__slots__ if one not in {"streams", "missing"}]
    measured = {name: float(1_000 + at) for at, name in enumerate(names)}
    return Figures(**measured, streams=streams, missing=missing), measured  # type: ignore[arg-type]


def test_the_page_shows_each_figure_that_was_measured() -> None:
    made, measured = figures({1: 500.0, 2: 1_000.0})
    text = page(made, KERNEL, Waited(0.02, 0.3), Waited(0.03, 0.6), PEOPLE)
    assert not re.search(r"\{\w+", text)
    shown = re.sub(r"(?<=\d),(?=\d)", "", text)
    assert {name for name, value in measured.items() if f"{value:.0f}" not in shown} <= {"load"}
    assert "| **2.00 × and 1.00 ×** |" in text
    assert "p50 30 ms, p99 600 ms" in text
    assert "| 811 | 1.25 ms |" in text
    assert "| 121 | 15.0 ms |" in text
    assert "| 400 | 4.50 ms |" in text
    assert "| front | 25.0 | 1.5 | 0.100 | 0.020 |" in text
    assert "1.8% with 50 open pages" in text
    assert "10,000 cases, 132 searches: p50 12 ms, at most 151 ms (a word)" in text
    assert "at 30 p50 90 ms, p99 130 ms" in text


def test_the_results_say_what_was_not_measured() -> None:
    made, measured = figures({}, kafka_streams="no JDK")
    found = json.loads(results(made, PEOPLE))
    assert (found["router"], found["walked_spent"]) == (measured["router"], 4.5)
    assert found["missing"] == {"kafka_streams": "no JDK"}
    assert "no JDK" in page(made, KERNEL, WAITED, WAITED, PEOPLE)
    measured_too = json.loads(results(figures({1: 500.0})[0], PEOPLE))
    assert (measured_too["kafka_streams_1"], measured_too["missing"]) == (500.0, {})


def test_what_was_spent_is_what_came_to_it_the_most_first() -> None:
    spent = Spent(1.0, less({"gateway": 3.0, "kafka": 9.0}, {"gateway": 1.0, "kafka": 4.0}))
    assert list(spent.each(1_000).items()) == [("kafka", 5.0), ("gateway", 2.0)]
    assert spent.of_one(1_000) == 7.0


def test_an_answer_s_head_says_how_much_follows() -> None:
    assert answered(b"HTTP/1.1 202 Accepted\r\nContent-Length: 17\r\n\r\n") == (202, 17)
    assert answered(b"HTTP/1.1 204 No Content\r\n\r\n") == (204, 0)
