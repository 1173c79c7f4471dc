from __future__ import annotations

import pytest

from casebus.sdk.importing.cells import parse_date, parse_integer, parse_yuan, uscc_fits
from casebus.sdk.importing.issues import CellError


@pytest.mark.parametrize(
    "typed",
    [
        "2026-03-02",
        "2026/3/2",
        "2026.3.2",
        "2026年3月2日",
        "2026年 3 月 2 日",
        "20260302",
        "46083",
        "２０２６－０３－０２",
        "２０２６／３／２",
        " 2026-03-02\u200b ",
    ],
)
def test_every_way_to_write_a_date_is_the_same_day(typed: str) -> None:
    assert str(parse_date(typed)) == "2026-03-02"


@pytest.mark.parametrize(
    "typed", ["2026-03-02 10:30", "2026-03-02T10:30:00", "2026年3月2日10时30分", "46083.4375"]
)
def test_a_time_of_day_is_kept(typed: str) -> None:
    assert str(parse_date(typed)) == "2026-03-02T10:30:00+08:00"


@pytest.mark.parametrize(
    "typed",
    ["2025-02-30", "2025-13-01", "3/2/2026", "12/1/25", "26-3-2", "三月二日", "1", "123456"],
)
def test_impossible_and_ambiguous_dates_are_refused(typed: str) -> None:
    with pytest.raises(CellError, match="bad_date"):
        parse_date(typed)


@pytest.mark.parametrize(
    ("typed", "fen"),
    [
        ("21000", 2_100_000),
        ("21,000.50", 2_100_050),
        ("¥21000", 2_100_000),
        ("２１０００元", 2_100_000),
        ("2.1万元", 2_100_000),
        ("1.5亿", 15_000_000_000),
        (".5", 50),
        ("0", 0),
    ],
)
def test_amounts_in_yuan_become_fen(typed: str, fen: int) -> None:
    assert parse_yuan(typed) == fen


@pytest.mark.parametrize("typed", ["约三万", "-5", "1.005", "1e5", "99999999999亿", "", "12 34"])
def test_what_is_no_amount_is_refused(typed: str) -> None:
    with pytest.raises(CellError, match="bad_amount"):
        parse_yuan(typed)


def test_counts_may_have_separators_and_units() -> None:
    assert [parse_integer(one) for one in ("1,200", "１２００", "1200 件")] == [1200] * 3
    with pytest.raises(CellError, match="bad_integer"):
        parse_integer("一批")


def test_the_check_digit_of_a_credit_code_is_gb_32100_s() -> None:
    assert uscc_fits("91110000600037341L")
    assert not uscc_fits("91110000600037341A")
    assert not uscc_fits("9111000060003734")
    assert not uscc_fits("9111000060003734IL")
