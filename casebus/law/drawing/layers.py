"""A layered layout (Sugiyama): boxes from top to bottom along the edges, with few crossings.

Cycles are cut by turning edges round. Long edges get a bend in each layer that they pass. The order
within a layer follows the neighbours, and places follow them as far as boxes do not overlap.
"""

from __future__ import annotations

import itertools
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

#: A box as given, or a bend; hashable.
Node = Any
_SWEEPS = 24
_GAP_X, _GAP_Y = 28.0, 56.0
#: The room that an edge keeps in a layer that it passes.
_LANE = 14.0
#: How much straighter a long edge is drawn than a short one.
_STRAIGHT = 4.0


class Bend(NamedTuple):
    """A place where an edge passes a layer."""

    source: Node
    target: Node
    layer: int


class Box(NamedTuple):
    x: float
    y: float
    width: float
    height: float


@dataclass(slots=True)
class Layout:
    boxes: dict[Node, Box] = field(default_factory=dict)
    #: Edge -> the middles of its bends, from its source to its target.
    bends: dict[tuple[Node, Node], list[tuple[float, float]]] = field(default_factory=dict)
    #: Edges that lead upwards.
    upward: set[tuple[Node, Node]] = field(default_factory=set)
    #: Box -> the end of its layer: an edge goes straight down to it, past taller neighbours.
    floors: dict[Node, float] = field(default_factory=dict)
    width: float = 0.0
    height: float = 0.0


def lay_out(
    sizes: Mapping[Node, tuple[float, float]], edges: Sequence[tuple[Node, Node]]
) -> Layout:
    """The places of boxes of these sizes. The first boxes are tried as the top.

    Edges are distinct.
    """
    upward = _turned(list(sizes), edges)
    down = {(b, a) if (a, b) in upward else (a, b) for a, b in edges}
    layer_of = _layers(list(sizes), sorted(down, key=_ranker(sizes)))
    rows, links = _rows(layer_of, sorted(down, key=_ranker(sizes)))
    rows = _ordered(rows, links)
    widths = {node: sizes[node][0] if node in sizes else _LANE for row in rows for node in row}
    xs = _places(rows, links, widths)
    return _measured(rows, xs, sizes, edges, upward)


def _ranker(sizes: Mapping[Node, tuple[float, float]]) -> _Ranker:
    return _Ranker({node: at for at, node in enumerate(sizes)})


class _Ranker:
    """Assigns layers; keeps edges in the order in which their boxes were given."""

    def __init__(self, rank: Mapping[Node, int]) -> None:
        self._rank = rank

    def __call__(self, edge: tuple[Node, Node]) -> tuple[int, int]:
        return self._rank[edge[0]], self._rank[edge[1]]


def _turned(nodes: Sequence[Node], edges: Sequence[tuple[Node, Node]]) -> set[tuple[Node, Node]]:
    """The edges that close a cycle on a walk from the first box."""
    following: dict[Node, list[Node]] = {node: [] for node in nodes}
    for source, target in edges:
        following[source].append(target)
    done: set[Node] = set()
    under_way: set[Node] = set()
    turned: set[tuple[Node, Node]] = set()

    def walk(node: Node) -> None:
        under_way.add(node)
        for target in following[node]:
            if target in under_way:
                turned.add((node, target))
            elif target not in done:
                walk(target)
        under_way.remove(node)
        done.add(node)

    for node in nodes:
        if node not in done:
            walk(node)
    return turned


def _layers(nodes: Sequence[Node], edges: Sequence[tuple[Node, Node]]) -> dict[Node, int]:
    """Layer of each box, below all boxes that lead to it.

    A box without such is right above its targets.
    """
    above: dict[Node, list[Node]] = {node: [] for node in nodes}
    for source, target in edges:
        above[target].append(source)
    layer: dict[Node, int] = {}

    def depth(node: Node) -> int:
        if node not in layer:
            layer[node] = 1 + max((depth(one) for one in above[node]), default=-1)
        return layer[node]

    for node in nodes:
        depth(node)
    for node in nodes[1:]:
        below = [layer[target] for source, target in edges if source == node]
        if not above[node] and below:
            layer[node] = min(below) - 1
    return layer


def _rows(
    layer_of: Mapping[Node, int], edges: Sequence[tuple[Node, Node]]
) -> tuple[list[list[Node]], list[tuple[Node, Node]]]:
    """The boxes layer by layer, a bend for each layer that an edge passes, and the single steps."""
    rows: list[list[Node]] = [[] for _ in range(max(layer_of.values(), default=0) + 1)]
    for node, layer in layer_of.items():
        rows[layer].append(node)
    links: list[tuple[Node, Node]] = []
    for source, target in edges:
        way: list[Node] = [source]
        for layer in range(layer_of[source] + 1, layer_of[target]):
            bend = Bend(source, target, layer)
            rows[layer].append(bend)
            way.append(bend)
        links += itertools.pairwise([*way, target])
    return rows, links


def _ordered(rows: list[list[Node]], links: Sequence[tuple[Node, Node]]) -> list[list[Node]]:
    """Each layer in the order of its neighbours' middles, swept down and up; the best is kept."""
    above, below = _neighbours(links)
    best, least = [list(row) for row in rows], _crossings(rows, below)
    now = [list(row) for row in rows]
    for sweep in range(_SWEEPS):
        downwards = sweep % 2 == 0
        order = range(1, len(now)) if downwards else range(len(now) - 2, -1, -1)
        for at in order:
            fixed = now[at - 1] if downwards else now[at + 1]
            rank = {node: place for place, node in enumerate(fixed)}
            now[at] = _by_middle(now[at], above if downwards else below, rank)
        count = _crossings(now, below)
        if count < least:
            best, least = [list(row) for row in now], count
    return best


def _by_middle(
    row: list[Node], neighbours: Mapping[Node, list[Node]], rank: Mapping[Node, int]
) -> list[Node]:
    middles: dict[Node, float] = {}
    for at, node in enumerate(row):
        ranks = [rank[one] for one in neighbours.get(node, ()) if one in rank]
        middles[node] = sum(ranks) / len(ranks) if ranks else float(at)
    return sorted(row, key=lambda node: middles[node])


def _neighbours(
    links: Sequence[tuple[Node, Node]],
) -> tuple[dict[Node, list[Node]], dict[Node, list[Node]]]:
    above: dict[Node, list[Node]] = {}
    below: dict[Node, list[Node]] = {}
    for source, target in links:
        above.setdefault(target, []).append(source)
        below.setdefault(source, []).append(target)
    return above, below


def _crossings(rows: Sequence[Sequence[Node]], below: Mapping[Node, list[Node]]) -> int:
    total = 0
    for upper, lower in itertools.pairwise(rows):
        rank = {node: at for at, node in enumerate(lower)}
        ends = [sorted(rank[one] for one in below.get(node, ())) for node in upper]
        for left, right in itertools.combinations(ends, 2):
            total += sum(1 for one in left for other in right if one > other)
    return total


def _places(
    rows: Sequence[Sequence[Node]], links: Sequence[tuple[Node, Node]], widths: Mapping[Node, float]
) -> dict[Node, float]:
    """The middle of each box, as near to its neighbours as the order and the widths allow."""
    above, below = _neighbours(links)
    xs: dict[Node, float] = {}
    for row in rows:
        _spread(row, [0.0] * len(row), [1.0] * len(row), widths, xs)
    for sweep in range(_SWEEPS):
        downwards = sweep % 2 == 0
        for row in rows if downwards else reversed(rows):
            wanted, weights = [], []
            for node in row:
                near = (above if downwards else below).get(node, [])
                wanted.append(sum(xs[one] for one in near) / len(near) if near else xs[node])
                straight = isinstance(node, Bend) or any(isinstance(one, Bend) for one in near)
                weights.append((_STRAIGHT if straight else 1.0) if near else 0.1)
            _spread(row, wanted, weights, widths, xs)
    left = min((xs[node] - widths[node] / 2 for row in rows for node in row), default=0.0)
    return {node: x - left for node, x in xs.items()}


def _spread(
    row: Sequence[Node],
    wanted: Sequence[float],
    weights: Sequence[float],
    widths: Mapping[Node, float],
    xs: dict[Node, float],
) -> None:
    """Places by least squares from the wanted ones, in order and apart.

    The method is that of pooled adjacent violators.
    """
    offset, offsets = 0.0, [0.0]
    for one, other in itertools.pairwise(row):
        offset += (widths[one] + widths[other]) / 2 + _GAP_X
        offsets.append(offset)
    # Blocks of (weight, mean, number of boxes) that move together.
    blocks: list[tuple[float, float, int]] = []
    for want, weight, off in zip(wanted, weights, offsets, strict=False):
        blocks.append((weight, want - off, 1))
        while len(blocks) > 1 and blocks[-2][1] >= blocks[-1][1]:
            (w1, m1, n1), (w2, m2, n2) = blocks[-2:]
            blocks[-2:] = [(w1 + w2, (w1 * m1 + w2 * m2) / (w1 + w2), n1 + n2)]
    means = [mean for _, mean, count in blocks for _ in range(count)]
    for node, mean, off in zip(row, means, offsets, strict=False):
        xs[node] = mean + off


def _measured(
    rows: Sequence[Sequence[Node]],
    xs: Mapping[Node, float],
    sizes: Mapping[Node, tuple[float, float]],
    edges: Sequence[tuple[Node, Node]],
    upward: set[tuple[Node, Node]],
) -> Layout:
    made, tops, y = Layout(upward=upward), [], 0.0
    for row in rows:
        height = max((sizes[node][1] for node in row if node in sizes), default=0.0)
        tops.append((y, height))
        for node in row:
            if node in sizes:
                width = sizes[node][0]
                made.boxes[node] = Box(xs[node] - width / 2, y, *sizes[node])
                made.floors[node] = y + height
                made.width = max(made.width, xs[node] + width / 2)
            else:
                made.width = max(made.width, xs[node] + _LANE)
        y += height + _GAP_Y
    made.height = max(y - _GAP_Y, 0.0)
    bends: dict[tuple[Node, Node], list[tuple[float, float]]] = {}
    for layer, row in enumerate(rows):
        for node in row:
            if isinstance(node, Bend):
                top, height = tops[layer]
                way = bends.setdefault((node.source, node.target), [])
                # Straight along the boxes of the layer, so that no curve cuts a box.
                way += [(xs[node], top), (xs[node], top + height)]
    for edge in edges:
        turned = edge in upward
        way = bends.get((edge[1], edge[0]) if turned else edge, [])
        made.bends[edge] = way[::-1] if turned else way
    return made
