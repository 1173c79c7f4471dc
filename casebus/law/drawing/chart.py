"""One procedure as a statechart: boxes of states that list their events, and arrows."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import NamedTuple
from xml.sax.saxutils import escape

from casebus.law import models
from casebus.law.compiled import ALL, SAME
from casebus.law.drawing.layers import Box, Layout, lay_out
from casebus.law.ways import Ways

_HEAD, _ROW, _PAD, _EDGE = 30.0, 31.0, 10.0, 24.0
_LEAST = 150.0
#: Widths of a letter in units of its font size; Chinese characters are square.
_NARROW = 0.56
#: From this code point on begin the characters of East Asia, which are as wide as high.
_LAST_NARROW = "\u2e80"
_FONT = "'Noto Sans CJK SC','Source Han Sans SC','PingFang SC','Microsoft YaHei',sans-serif"
_STYLE = f"""
text{{font-family:{_FONT};font-size:12px;fill:#1b1f24}}
.head{{font-weight:600;font-size:14px}}.small{{font-size:10px;fill:#57606a}}
.box{{fill:#f6f8fa;stroke:#57606a}}.first{{fill:#ddf4ff}}.final{{fill:#e6f4ea}}.any{{fill:#fff8c5}}
.way{{fill:none;stroke:#0969da;stroke-width:1.3}}.back{{stroke:#9a6700;stroke-dasharray:5 3}}
.tip{{fill:#0969da}}.backtip{{fill:#9a6700}}.tag{{font-size:10px;fill:#0550ae;font-weight:600}}
"""
LEGEND = (
    "+ 启动 starts · ⊕ 未启动则启动 ensures · − 停止 stops · × 取消 cancels"
    " · ‖ 中止 pauses · ▷ 恢复 resumes · » 延长 extends"
)
_SIGNS = (
    ("starts", "+"),
    ("ensures", "⊕"),
    ("stops", "−"),
    ("cancels", "×"),
    ("pauses", "‖"),
    ("resumes", "▷"),
    ("extends", "»"),
)


class ChartLine(NamedTuple):
    """One event that may happen in a state."""

    text: str
    below: str
    #: The target state; None if the case stays.
    to: str | None


def draw(file: models.ProcedureFile, titles: Mapping[str, str]) -> str:
    """The procedure as SVG; `titles` are the Chinese titles of events."""
    lines = {state: _lines(file, state, titles) for state in file.states}
    anywhere = [_line(file, row, titles) for row in file.in_use if row.from_ == (ALL,)]
    ordered = [file.initial, *(state for state in file.states if state != file.initial)]
    sizes = {state: _size(_title(file, state), lines[state]) for state in ordered}
    edges = list(
        dict.fromkeys((state, one.to) for state in ordered for one in lines[state] if one.to)
    )
    layout = lay_out(sizes, edges)
    title = f"{file.title.zh} {file.title.en}"
    width_any, height_any = _size(("任何状态", "in any state"), anywhere) if anywhere else (0, 0)
    width = max(layout.width, width_any, _width(title, 18), _width(LEGEND, 10)) + 2 * _EDGE
    top = 56.0 + (height_any + _EDGE if anywhere else 0)
    height = top + layout.height + 2 * _EDGE + 12
    size = f'width="{width:.0f}" height="{height:.0f}"'
    view = f'viewBox="0 0 {width:.0f} {height:.0f}" {size} role="img"'
    large = 'style="font-size:18px;font-weight:600"'
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" {view}>',
        f"<title>{escape(title)}</title><style>{_STYLE}</style>",
        f'<rect {size} fill="#fff"/>',
        f'<text x="{_EDGE:.0f}" y="34" {large}>{escape(title)}</text>',
    ]
    if anywhere:
        box = Box(_EDGE, 56, width_any, height_any)
        parts += _box(box, ("任何状态", "in any state"), anywhere, {}, "any")
    parts.append(f'<g transform="translate({_EDGE:.0f} {top:.0f})">')
    parts += _arrows(layout, lines)
    final = Ways(file).final
    for state, box in layout.boxes.items():
        name = str(state)
        kind = "first" if name == file.initial else "final" if name in final else ""
        parts += _box(box, _title(file, name), lines[name], _tags(lines[name]), kind)
    parts.append("</g>")
    parts.append(f'<text class="small" x="{_EDGE:.0f}" y="{height - 14:.0f}">{LEGEND}</text></svg>')
    return "\n".join(parts) + "\n"


def _title(file: models.ProcedureFile, state: str) -> tuple[str, str]:
    return file.states[state].zh, state


def _lines(file: models.ProcedureFile, state: str, titles: Mapping[str, str]) -> list[ChartLine]:
    found = (
        _line(file, row, titles, state)
        for row in file.in_use
        if row.from_ != (ALL,) and state in row.from_
    )
    return list(dict.fromkeys(found))


def _line(
    file: models.ProcedureFile,
    row: models.Transition,
    titles: Mapping[str, str],
    state: str | None = None,
) -> ChartLine:
    to = None if row.to in (SAME, state) else row.to
    name = f"{row.clock} 届满" if row.clock else titles.get(row.event, row.event)
    target = f" → {file.states[to].zh}" if to else " ↺"
    until = f"（至 {row.effective_to}）" if row.effective_to else ""
    signs = " ".join(_signs(row))
    event = f"{row.event} {row.clock}" if row.clock else row.event
    return ChartLine(f"{name}{target}{until}", f"{event}  {signs}".rstrip(), to)


def _signs(row: models.Transition) -> Iterable[str]:
    for word, sign in _SIGNS:
        for clock in getattr(row, word):
            yield f"{sign}{'全部' if clock == ALL else clock}"


def _tags(lines: list[ChartLine]) -> dict[str, str]:
    """Target -> the numbers of the lines that lead to it."""
    tags: dict[str, list[str]] = {}
    for at, one in enumerate(lines, 1):
        if one.to:
            tags.setdefault(one.to, []).append(str(at))
    return {to: "·".join(numbers) for to, numbers in tags.items()}


def _size(title: tuple[str, str], lines: list[ChartLine]) -> tuple[float, float]:
    texts = [_width(title[0], 14) + 8 + _width(title[1], 10)]
    texts += [16 + max(_width(one.text, 12), _width(one.below, 10)) for one in lines]
    return max(_LEAST, *texts) + 2 * _PAD, _HEAD + _ROW * len(lines) + (4 if lines else 0)


def _width(text: str, size: float) -> float:
    return sum(size if one > _LAST_NARROW else size * _NARROW for one in text)


def _box(
    box: Box, title: tuple[str, str], lines: list[ChartLine], tags: Mapping[str, str], kind: str
) -> Iterable[str]:
    x, y = box.x, box.y
    shape = f'x="{x:.0f}" y="{y:.0f}" width="{box.width:.0f}" height="{box.height:.0f}" rx="6"'
    yield f'<rect class="box {kind}" {shape}/>'
    if kind == "final":
        inner = f'x="{x + 3:.0f}" y="{y + 3:.0f}" rx="4"'
        size = f'width="{box.width - 6:.0f}" height="{box.height - 6:.0f}"'
        yield f'<rect class="box final" {inner} {size}/>'
    zh, word = title
    after = x + _PAD + _width(zh, 14) + 8
    yield f'<text class="head" x="{x + _PAD:.0f}" y="{y + 20:.0f}">{escape(zh)}</text>'
    yield f'<text class="small" x="{after:.0f}" y="{y + 20:.0f}">{escape(word)}</text>'
    for at, one in enumerate(lines):
        line = y + _HEAD + _ROW * at + 12
        if one.to in tags:
            yield f'<text class="tag" x="{x + _PAD:.0f}" y="{line:.0f}">{at + 1}</text>'
        left = x + _PAD + 16
        yield f'<text x="{left:.0f}" y="{line:.0f}">{escape(one.text)}</text>'
        yield f'<text class="small" x="{left:.0f}" y="{line + 12:.0f}">{escape(one.below)}</text>'


def _arrows(layout: Layout, lines: Mapping[str, list[ChartLine]]) -> Iterable[str]:
    """Arrows from the edge of one box to that of another, side by side in the order of the ways."""
    starts, ends = _ports(layout)
    for (source, target), way in layout.bends.items():
        up = (source, target) in layout.upward
        one, other = layout.boxes[source], layout.boxes[target]
        begin = (starts[source, target], one.y if up else one.y + one.height)
        end = (ends[source, target], other.y + other.height if up else other.y)
        tip = 7 if up else -7
        tail = (end[0], end[1] + tip)
        if up:
            points = [begin, *way, (end[0], layout.floors[target] + tip), tail]
        else:
            points = [begin, (begin[0], layout.floors[source]), *way, tail]
        yield f'<path class="way{" back" if up else ""}" d="{_curve(points)}"/>'
        x, y = end
        corners = f"{x:.0f},{y:.0f} {x - 4:.0f},{y + tip:.0f} {x + 4:.0f},{y + tip:.0f}"
        yield f'<polygon class="{"backtip" if up else "tip"}" points="{corners}"/>'
        tag = _tags(lines[str(source)])[str(target)]
        at = begin[1] + (-4 if up else 11)
        yield f'<text class="tag" x="{begin[0] + 3:.0f}" y="{at:.0f}">{tag}</text>'


def _ports(
    layout: Layout,
) -> tuple[dict[tuple[object, object], float], dict[tuple[object, object], float]]:
    sides: dict[tuple[object, bool], list[tuple[float, int, tuple[object, object]]]] = {}
    for edge, way in layout.bends.items():
        source, target = edge
        up = edge in layout.upward
        middle = {node: box.x + box.width / 2 for node, box in layout.boxes.items()}
        towards = way[0][0] if way else middle[target]
        since = way[-1][0] if way else middle[source]
        # The lower side of a box, and its upper side.
        sides.setdefault((source, not up), []).append((towards, 0, edge))
        sides.setdefault((target, up), []).append((since, 1, edge))
    starts: dict[tuple[object, object], float] = {}
    ends: dict[tuple[object, object], float] = {}
    for (node, _), rows in sides.items():
        box = layout.boxes[node]
        ranked = sorted(rows, key=lambda row: row[:2])
        for at, (_, is_end, edge) in enumerate(ranked, 1):
            (ends if is_end else starts)[edge] = box.x + box.width * at / (len(ranked) + 1)
    return starts, ends


def _curve(points: list[tuple[float, float]]) -> str:
    (x, y), *rest = points
    said = [f"M{x:.0f} {y:.0f}"]
    for to_x, to_y in rest:
        if abs(to_x - x) < 1:
            said.append(f"V{to_y:.0f}")
        else:
            half = (y + to_y) / 2
            said.append(f"C{x:.0f} {half:.0f} {to_x:.0f} {half:.0f} {to_x:.0f} {to_y:.0f}")
        x, y = to_x, to_y
    return " ".join(said)
