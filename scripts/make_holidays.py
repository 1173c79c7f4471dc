"""Write policies/law/holidays.yaml from chinesecalendar (a development dependency).

Run again each November, when the State Council has published the next year and chinesecalendar
knows it: `python scripts/make_holidays.py [--until 2027]`. An operator without the library may
add a year to the file by hand.
"""

from __future__ import annotations

import argparse
import datetime as dt
from pathlib import Path

import chinese_calendar

TARGET = Path(__file__).parent.parent / "policies" / "law" / "holidays.yaml"
FIRST_YEAR = 2019
SATURDAY = 5
HEADER = """\
# Days off and make-up workdays (调休上班) of mainland China by the State Council's yearly notices.
# `free`: weekdays that are days off. `worked`: Saturdays and Sundays that are worked.
# Made by scripts/make_holidays.py from chinesecalendar {version}. To extend it by hand, add the
# next year below; a period that ends outside these years is marked provisional.
years:
"""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--until", type=int, default=2026)
    until = parser.parse_args().until
    lines = [HEADER.format(version=chinese_calendar.__version__)]
    for year in range(FIRST_YEAR, until + 1):
        lines.append(f"  {year}:\n")
        lines.extend(days(year))
    TARGET.write_text("".join(lines), encoding="utf-8")


def days(year: int) -> list[str]:
    whole = [dt.date(year, 1, 1) + dt.timedelta(at) for at in range(366)]
    inside = [day for day in whole if day.year == year]
    free = [day for day in inside if day.weekday() < SATURDAY and not is_workday(day)]
    worked = [day for day in inside if day.weekday() >= SATURDAY and is_workday(day)]
    return [block("free", free), block("worked", worked)]


def is_workday(day: dt.date) -> bool:
    return bool(chinese_calendar.is_workday(day))


def block(name: str, listed: list[dt.date]) -> str:
    rows = [listed[at : at + 7] for at in range(0, len(listed), 7)]
    text = ",\n      ".join(", ".join(str(day) for day in row) for row in rows)
    return f"    {name}:\n      [{text}]\n" if len(rows) > 1 else f"    {name}: [{text}]\n"


if __name__ == "__main__":
    main()
