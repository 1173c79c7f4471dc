from __future__ import annotations

import datetime as dt
from pathlib import Path

import pytest

from casebus.law.divisions import Divisions
from casebus.law.loader import LawError

DIVISIONS = Divisions("divisions.csv", Path("policies/law/divisions.csv").read_bytes())
HEAD = "code,name,level,superior,from,to,successor\n"


def test_a_division_has_those_above_it_up_to_the_country() -> None:
    assert DIVISIONS.chain("330106") == ("330106", "330100", "330000", "000000")
    assert DIVISIONS.chain("310101") == ("310101", "310000", "000000")
    assert DIVISIONS.chain("429004") == ("429004", "420000", "000000")


def test_a_statistical_code_of_twelve_digits_names_its_county() -> None:
    found = DIVISIONS.get("330106000000")
    assert found is not None
    assert (found.code, found.name, found.level) == ("330106", "西湖区", "county")


@pytest.mark.parametrize(
    ("codes", "common"),
    [
        (("330106", "330108"), "330100"),
        (("330106", "330200"), "330000"),
        (("330106", "440106"), "000000"),
        (("330106", "330100"), "330000"),
        (("330106", "999999"), None),
    ],
)
def test_the_common_superior_is_the_lowest_division_above_all(
    codes: tuple[str, ...], common: str | None
) -> None:
    assert DIVISIONS.common_superior(codes) == common


@pytest.mark.parametrize(
    ("code", "day", "in_use"),
    [
        ("330103", dt.date(2021, 4, 8), "330103"),
        ("330103", dt.date(2021, 4, 9), "330105"),
        ("330113", dt.date(2021, 4, 8), None),
        ("330113", dt.date(2021, 4, 9), "330113"),
        ("000001", dt.date(2026, 1, 1), None),
    ],
)
def test_a_code_holds_in_its_time_and_leads_to_its_successor(
    code: str, day: dt.date, in_use: str | None
) -> None:
    assert DIVISIONS.today(code, day) == in_use


def test_the_table_has_the_divisions_of_today_at_each_level() -> None:
    day = dt.date(2025, 12, 31)
    rows = [row for row in DIVISIONS if row.holds(day)]
    counts = {level: sum(row.level == level for row in rows) for level in ("province", "city")}
    assert counts == {"province": 34, "city": 334}
    assert all(DIVISIONS.chain(row.code)[-1] == "000000" for row in DIVISIONS)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (b"code,name\n", "line 1: columns"),
        (f"{HEAD}330106,西湖区,village,,,,\n".encode(), "line 2: 330106: village"),
        (f"{HEAD}330000,浙江省,province,000000,2021-02-29,,\n".encode(), "line 2"),
        (f"{HEAD}330106,西湖区,county,330100,,,\n".encode(), "330106: unknown 330100"),
        ("浙江".encode("gb18030"), "not UTF-8"),
        (
            f"{HEAD}330000,浙江省,province,340000,,,\n340000,安徽省,province,330000,,,\n".encode(),
            "330000 is its own superior",
        ),
        (
            f"{HEAD}330000,浙江省,province,000000,,2020-01-01,330000\n".encode(),
            "330000 is its own successor",
        ),
    ],
)
def test_a_table_that_does_not_hold_together_is_refused_with_its_line(
    text: bytes, said: str
) -> None:
    with pytest.raises(LawError, match=said):
        Divisions("divisions.csv", text)
