"""Bars over time: as high as their numbers, the same in words, and nothing of what is left out."""

from __future__ import annotations

from casebus.statistics.overview import Point, Value
from gateway.console import charts


def _points(*numbers: float | None) -> list[Point]:
    return [Point(f"2026-{at:02}", Value(one)) for at, one in enumerate(numbers, 1)]


def _drawn(points: list[Point], *, large: bool = False) -> charts.Chart:
    said = ["left out" if one.value.left_out else str(one.value.number) for one in points]
    found = charts.trend(points, said, large=large)
    assert found is not None
    return found


def test_a_bar_is_as_high_as_its_number_and_stands_on_the_base_line() -> None:
    for large in (False, True):
        chart = _drawn(_points(5, 10, 20), large=large)
        heights = [one.height for one in chart.bars]
        assert abs(heights[2] - 2 * heights[1]) <= 0.2
        assert abs(heights[1] - 2 * heights[0]) <= 0.2
        assert all(abs(one.y + one.height - chart.base) < 0.2 for one in chart.bars)
        assert all(one.x >= 0 and one.x + one.width <= chart.width for one in chart.bars)
        assert all(one.y >= 0 for one in chart.bars)


def test_what_is_left_out_looks_the_same_whatever_it_was() -> None:
    boxes = set()
    for others in ((1.0, 9.0), (100.0, 3.0)):
        points = [*_points(*others), Point("2026-03", Value(None, left_out=True))]
        bar = _drawn(points).bars[-1]
        assert bar.left_out
        assert bar.said == "left out"
        boxes.add((bar.y, bar.height))
    assert len(boxes) == 1


def test_the_words_name_every_month_that_is_drawn() -> None:
    chart = _drawn(_points(1, None, 0, 3))
    assert chart.words == "2026-01: 1; 2026-03: 0; 2026-04: 3"
    assert [one.is_last for one in chart.bars] == [False, False, True]


def test_nothing_is_drawn_of_nothing() -> None:
    assert charts.trend(_points(0, None, 0), ["0", "—", "0"]) is None
    assert charts.trend([], []) is None
