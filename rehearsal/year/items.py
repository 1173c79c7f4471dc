"""Acts against a right, item by item: clear crimes, and acts that are clearly none.

None leaves a question open: a walk takes no act in which the fold finds a fault.
"""

from __future__ import annotations

import random
from typing import Any, NamedTuple

JSON = dict[str, Any]
_FEN = 100
#: Share of it that was sold already.
_SOLD = (0.65, 0.9)


class InfringementWay(NamedTuple):
    """A way of infringing a right."""

    act: str
    #: The elements of a crime, and their values here.
    elements: tuple[tuple[str, bool], ...] = ()
    #: Its offence, whatever the figures.
    offence: str = ""
    unit: str = "pieces"
    #: It is no crime only because the amount is so small.
    small: bool = False


_MARK = (("same_mark", True), ("same_goods", True), ("knowing", True), ("permitted", False))
_COPY = (("for_profit", True), ("permitted", False))
_SELLS = InfringementWay("sells", _MARK, "214")
_MAKES = InfringementWay("makes", _MARK, "213")
_COPIES = InfringementWay("copies", _COPY, "217", "copies")
_SIMILAR = InfringementWay("sells", (("same_mark", False), *_MARK[1:]))
_FREE = InfringementWay("copies", (("for_profit", False), ("permitted", False)), unit="copies")
_USES = InfringementWay("uses", (("permitted", False),))
_PASSES_OFF = InfringementWay("passes_off", (("permitted", False),), "216", small=True)
_PATENT = ((_USES, 8), (_PASSES_OFF, 1))
_COPYRIGHT = ((_COPIES._replace(small=True), 3), (_FREE, 1))
_CRIMES = {
    "TRADEMARK": ((_SELLS, 3), (_MAKES, 1)),
    "COPYRIGHT": ((_COPIES, 1),),
    "SOFTWARE": ((_COPIES, 1),),
}
_OTHERS = {
    "TRADEMARK": (
        (_SELLS._replace(small=True), 5),
        (_MAKES._replace(small=True), 1),
        (_SIMILAR, 4),
    ),
    "COPYRIGHT": _COPYRIGHT,
    "SOFTWARE": _COPYRIGHT,
    **dict.fromkeys(("INVENTION", "UTILITY_MODEL", "DESIGN"), _PATENT),
}
#: Kinds of right whose infringement can be a crime.
CRIMINAL = frozenset(_CRIMES)


def way_of(kind: str, rng: random.Random, *, crime: bool) -> InfringementWay:
    """A way that, done much against this kind of right, is a crime; or one that is none."""
    ways = (_CRIMES if crime else _OTHERS)[kind]
    return rng.choices([way for way, _ in ways], [weight for _, weight in ways])[0]


def items_of(
    way: InfringementWay, right: JSON, name: str, whole: tuple[int, int], rng: random.Random
) -> list[JSON]:
    """The sold and the unsold part; `whole` is quantity and value in fen."""
    share = rng.uniform(*_SOLD)
    sold = [int(whole[0] * share), int(whole[1] * share) // _FEN * _FEN]
    rest = [whole[0] - sold[0], whole[1] - sold[1]]
    return [
        {
            "name": name,
            "right": right["kind"],
            "right_number": right["number"],
            "holder": right["holder"],
            "act": way.act,
            "sold": is_sold,
            "quantity": quantity,
            "unit": way.unit,
            "amount": {"fen": value, "currency": "CNY"},
            "amount_basis": "actual_price" if is_sold else "marked_price",
            **dict(way.elements),
        }
        for is_sold, (quantity, value) in ((True, sold), (False, rest))
    ]


def total(items: list[JSON], *, sold: tuple[bool, ...] = (True, False)) -> int:
    """In fen, of the sold items or of the unsold ones."""
    return sum(int(one["amount"]["fen"]) for one in items if one["sold"] in sold)
