"""Numbers over time as bars: geometry in pixels, and the same in words. Pure; a template draws it.

A hidden number has an empty box of one height, so that nobody can measure it.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from casebus.statistics.overview import Point

#: The height for a month with a count of zero, so that it is seen.
_LEAST = 1.5
_SMALL, _LARGE = (168, 36), (760, 190)
_HEAD, _FOOT, _WIDEST = 18, 20, 72


class ChartBar(NamedTuple):
    """`said` is the number in words; `label` the month."""

    x: float
    y: float
    width: float
    height: float
    label: str
    said: str
    left_out: bool
    is_last: bool = False

    @property
    def middle(self) -> float:
        return round(self.x + self.width / 2, 1)


class Chart(NamedTuple):
    width: int
    height: int
    #: The places of the bars.
    base: int
    bars: tuple[ChartBar, ...]
    #: With months below and numbers above.
    is_large: bool

    @property
    def words(self) -> str:
        """For readers who cannot see it: each month with its number."""
        return "; ".join(f"{one.label}: {one.said}" for one in self.bars)


def trend(points: Sequence[Point], said: Sequence[str], *, large: bool = False) -> Chart | None:
    """Bars from zero to the greatest number; nothing if there is nothing to draw."""
    if not any(one.value.number or one.value.left_out for one in points):
        return None
    width, height = _LARGE if large else _SMALL
    base = height - _FOOT if large else height - 2
    room = base - (_HEAD if large else 2)
    most = max((one.value.number or 0 for one in points), default=0) or 1
    step = min(width / len(points), _WIDEST if large else width)
    bars = tuple(
        _bar(point, text, at * step, step, (base, room, most))._replace(
            is_last=at == len(points) - 1
        )
        for at, (point, text) in enumerate(zip(points, said, strict=True))
        if point.value.number is not None or point.value.left_out
    )
    return Chart(width, height, base, bars, large)


def _bar(point: Point, said: str, x: float, step: float, scale: tuple[int, int, float]) -> ChartBar:
    base, room, most = scale
    share = 0.5 if point.value.left_out else max(point.value.number or 0, 0) / most
    height = max(round(room * share, 1), _LEAST)
    gap = step * 0.2
    return ChartBar(
        round(x + gap / 2, 1),
        round(base - height, 1),
        round(step - gap, 1),
        height,
        point.month,
        said,
        point.value.left_out,
    )
