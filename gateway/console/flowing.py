"""A drawing of the flow: senders at the left, recipients at the right, a line for each pair.

Pure geometry in pixels; the table beside it says the same in figures.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from gateway.api.operating import Flow

#: The largest pairs alone are drawn: more lines say less.
MOST = 16
WIDTH = 760
_LEFT, _RIGHT = 250, WIDTH - 250
_TOP, _ROW = 12, 30
_THIN, _THICK = 1.5, 12.0


@dataclass(frozen=True, slots=True)
class FlowEnd:
    """An agency on one side, and the number of drawn events that belong to it."""

    agency: str
    y: int
    events: int


@dataclass(frozen=True, slots=True)
class FlowLine:
    flow: Flow
    path: str
    width: float


@dataclass(frozen=True, slots=True)
class Drawing:
    height: int
    senders: list[FlowEnd]
    recipients: list[FlowEnd]
    lines: list[FlowLine]
    left: int = _LEFT
    right: int = _RIGHT
    width: int = WIDTH


def drawn(items: Sequence[Flow]) -> Drawing:
    """The pairs with the most events."""
    most = sorted(items, key=lambda one: (-one.events, one.author, one.recipient))[:MOST]
    senders = _ends(most, "author")
    recipients = _ends(most, "recipient")
    left = {one.agency: one.y for one in senders}
    right = {one.agency: one.y for one in recipients}
    largest = max((one.events for one in most), default=1)
    return Drawing(
        height=_TOP * 2 + _ROW * max(len(senders), len(recipients), 1),
        senders=senders,
        recipients=recipients,
        lines=[
            FlowLine(
                one,
                _curve(left[one.author], right[one.recipient]),
                round(_THIN + (_THICK - _THIN) * one.events / largest, 1),
            )
            for one in most
        ],
    )


def _ends(most: Sequence[Flow], side: str) -> list[FlowEnd]:
    counted: Counter[str] = Counter()
    for one in most:
        counted[getattr(one, side)] += one.events
    return [
        FlowEnd(agency, _TOP + _ROW * at + _ROW // 2, events)
        for at, (agency, events) in enumerate(counted.most_common())
    ]


def _curve(from_y: int, to_y: int) -> str:
    middle = (_LEFT + _RIGHT) // 2
    return f"M {_LEFT} {from_y} C {middle} {from_y} {middle} {to_y} {_RIGHT} {to_y}"
