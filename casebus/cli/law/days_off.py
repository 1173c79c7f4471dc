"""The days off in the handbook: the announced years, and the days that the statute fixes."""

from __future__ import annotations

from collections.abc import Iterator

from casebus.law.law import HOLIDAYS
from casebus.law.models import HolidaysFile, StatutoryDay


def section(holidays: HolidaysFile) -> str:
    """The section as Markdown; pure."""
    return "\n".join(_lines(holidays)) + "\n"


def _lines(holidays: HolidaysFile) -> Iterator[str]:
    first, last = min(holidays.years), max(holidays.years)
    yield from ("", "## 休息日 Days off", "")
    yield (
        f"The notices of the State Council for {first} to {last} are in `{HOLIDAYS}`. A due date "
        "in another year is 暂定 (provisional): the best known one, by the days off below. Who "
        "must act is warned by it, but nobody is told that it has passed before it is certain: the "
        f"date with {_window(holidays)} days either side of each holiday counted as off."
    )
    if holidays.statutory is None:
        return
    yield from (
        "",
        "| 节日 | holiday | 日期 | 天数 | 依据 | in force | confidence |",
        "|" + " --- |" * 7,
    )
    for row in holidays.statutory.days:
        until = f" to {row.effective_to}" if row.effective_to else ""
        cells = (
            row.title.zh,
            row.title.en,
            _day(row),
            str(row.amount),
            f"{row.source} {row.article}",
            f"from {row.effective_from}{until}",
            row.confidence,
        )
        yield f"| {' | '.join(cells)} |"
    made_up = holidays.statutory.made_up[-1]
    yield ""
    yield (
        "A day off on a weekend is made up on the next working day "
        f"({made_up.source} {made_up.article})."
    )


def _window(holidays: HolidaysFile) -> int:
    return 0 if holidays.statutory is None else holidays.statutory.window_days


def _day(row: StatutoryDay) -> str:
    before = f"，含前 {row.before} 日" if row.before else ""
    return f"{row.day if row.is_fixed else row.title.zh}{before}"
