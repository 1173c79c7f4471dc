"""Makes examples/old-system.xes: the event log of a bureau's former case system.

Its days have no time, the police write as a group of the same system, one activity in twenty is
one that nobody listed, and names and notes stand in attributes of its own. All of it is invented;
the seed is fixed.

    python examples/make_log.py [FILE] [--cases N]     FILE may end in .gz
"""

from __future__ import annotations

import argparse
import gzip
import random
from collections.abc import Iterator
from datetime import date, timedelta
from pathlib import Path
from xml.sax.saxutils import quoteattr

SEED = 20250103
CASES = 12
FILE = Path(__file__).parent / "old-system.xes"

HEAD = """<?xml version="1.0" encoding="UTF-8"?>
<log xes.version="1849.2016" xes.features="nested-attributes" xmlns="http://www.xes-standard.org/">
  <extension name="Concept" prefix="concept" uri="http://www.xes-standard.org/concept.xesext"/>
  <extension name="Time" prefix="time" uri="http://www.xes-standard.org/time.xesext"/>
  <extension name="Organizational" prefix="org" uri="http://www.xes-standard.org/org.xesext"/>
  <global scope="event"><string key="concept:name" value="UNKNOWN"/></global>
  <string key="concept:name" value="西湖区旧案件系统"/>
"""
#: Activity, the group that writes it, days since the one before; ties are wanted.
STEPS = (
    ("线索登记", "综合执法队", (0, 0)),
    ("现场检查", "综合执法队", (0, 3)),
    ("移送报告", "综合执法队", (2, 20)),
    ("批准移送", "局领导", (0, 1)),
    ("移送公安", "综合执法队", (0, 1)),
    ("公安受理", "经侦大队", (0, 2)),
    ("立案", "经侦大队", (0, 7)),
    ("归档", "综合执法队", (0, 30)),
)
MATTERS = ("涉嫌假冒注册商标", "涉嫌销售假冒注册商标的商品", "涉嫌侵犯著作权")
#: Shares of the cases that were entered twice a day, and of the steps that nobody listed.
REPEATED, UNLISTED = 0.2, 0.05


def lines(cases: int) -> Iterator[str]:
    """The whole log, line by line, so that it may be as long as one likes."""
    rng = random.Random(SEED)
    yield HEAD
    for number in range(1, cases + 1):
        yield from trace(number, rng)
    yield "</log>\n"


def trace(number: int, rng: random.Random) -> Iterator[str]:
    day = date(2019, 1, 7) + timedelta(days=rng.randrange(2000))
    yield "  <trace>\n"
    yield attribute("concept:name", f"西市监案〔{day.year}〕{number}号", 4)
    yield attribute("案由", rng.choice(MATTERS), 4)
    for activity, group, (least, most) in STEPS[: rng.randint(3, len(STEPS))]:
        day += timedelta(days=rng.randint(least, most))
        yield from event(activity, group, day, rng)
        if activity == "现场检查" and rng.random() < REPEATED:
            yield from event(activity, group, day, rng)
        if rng.random() < UNLISTED:
            yield from event("数据迁移", "系统", day, rng)
    yield "  </trace>\n"


def event(activity: str, group: str, day: date, rng: random.Random) -> Iterator[str]:
    yield "    <event>\n"
    yield attribute("concept:name", activity)
    yield f'      <date key="time:timestamp" value="{day}T00:00:00+08:00"/>\n'
    yield attribute("org:group", group)
    yield attribute("org:resource", f"办案人{rng.randint(1, 40)}")
    yield attribute("页数", str(rng.randint(1, 90)))
    yield "    </event>\n"


def attribute(key: str, value: str, indent: int = 6) -> str:
    return f"{' ' * indent}<string key={quoteattr(key)} value={quoteattr(value)}/>\n"


def write(path: Path, cases: int) -> None:
    if path.suffix == ".gz":
        with gzip.open(path, "wt", encoding="utf-8") as packed:
            packed.writelines(lines(cases))
    else:
        with path.open("w", encoding="utf-8") as plain:
            plain.writelines(lines(cases))


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("file", type=Path, nargs="?", default=FILE)
    parser.add_argument("--cases", type=int, default=CASES)
    asked = parser.parse_args()
    write(asked.file, asked.cases)
