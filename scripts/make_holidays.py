"""Renew the dates in policies/law/holidays.yaml, from chinesecalendar and tyme.

Run again each November, when the State Council has published the next year and chinesecalendar
knows it: `python scripts/make_holidays.py [--until 2027]`. Both libraries are of development only.
The part above `moving:` is written by hand and stays. An operator without the libraries may add a
year to the file by hand.
"""

from __future__ import annotations

import argparse
import datetime as dt
from pathlib import Path

import chinese_calendar
import tyme4py
from tyme4py.lunar import LunarDay
from tyme4py.solar import SolarDay, SolarTerm

TARGET = Path(__file__).parent.parent / "policies" / "law" / "holidays.yaml"
FIRST_YEAR = 2004
MOVING_YEARS = range(2000, 2101)
SATURDAY = 5
MOVING = "  # Made by scripts/make_holidays.py from tyme4py {version}.\n  moving:\n"
YEARS = """\
# By the notices. `free`: weekdays that are days off. `worked`: weekends that are worked. Made by
# scripts/make_holidays.py from chinesecalendar {version}. By hand: add the next year at the end.
years:
"""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--until", type=int, default=2026)
    until = parser.parse_args().until
    by_hand = TARGET.read_text(encoding="utf-8").partition("  # Made by")[0]
    lines = [by_hand, MOVING.format(version=tyme4py.__version__), *moving()]
    lines.append(YEARS.format(version=chinese_calendar.__version__))
    for year in range(FIRST_YEAR, until + 1):
        lines.append(f"  {year}:\n")
        lines.extend(days(year))
    TARGET.write_text("".join(lines), encoding="utf-8")


def moving() -> list[str]:
    """The days by the lunar calendar and by the solar term, a list for each holiday."""
    lunar = {"spring_festival": (1, 1), "dragon_boat": (5, 5), "mid_autumn": (8, 15)}
    found = {
        name: [on(LunarDay.from_ymd(year, *day).get_solar_day()) for year in MOVING_YEARS]
        for name, day in lunar.items()
    }
    found["qingming"] = [
        on(SolarTerm.from_name(year, "清明").get_solar_day()) for year in MOVING_YEARS
    ]
    return [f"    {name}:\n{lines_of(listed)}" for name, listed in found.items()]


def lines_of(listed: list[dt.date]) -> str:
    """As one text, which is read much faster than a list of dates."""
    rows = [listed[at : at + 8] for at in range(0, len(listed), 8)]
    return "".join(f"      {' '.join(map(str, row))}\n" for row in rows)


def on(day: SolarDay) -> dt.date:
    return dt.date(day.get_year(), day.get_month(), day.get_day())


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
