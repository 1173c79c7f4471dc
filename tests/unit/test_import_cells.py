from __future__ import annotations

import pytest

from casebus.sdk.importing.cells import parse_date, parse_integer, parse_yuan, uscc_fits
from casebus.sdk.importing.issues import CellError
from casebus.sdk.importing.logs.mapping import LogPart
from casebus.sdk.importing.logs.times import read_time
from casebus.sdk.importing.mapping import Mapping
from casebus.sdk.importing.rows import read_row
from casebus.trust.agency_names import AgencyNames, NamedAgency


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
        "2026–3–2",
        "2026年3月2号",
        "2026-03-02（星期一）",
        "2026年3月2日 周一",
    ],
)
def test_every_way_to_write_a_date_is_the_same_day(typed: str) -> None:
    assert str(parse_date(typed)) == "2026-03-02"


@pytest.mark.parametrize(
    "typed",
    [
        "2026-03-02 10:30",
        "2026-03-02T10:30:00",
        "2026年3月2日10时30分",
        "46083.4375",
        "2026-03-02 10:30:00.000",
        "2026-03-02T10:30:00+08:00",
        "2026-03-02T02:30:00Z",
        "2026-03-01T21:30:00.5-0500",
        "2026-3-2 上午10:30",
    ],
)
def test_a_time_of_day_is_kept(typed: str) -> None:
    assert str(parse_date(typed)) == "2026-03-02T10:30:00+08:00"


@pytest.mark.parametrize(
    "typed",
    [
        "2025-02-30",
        "2025-13-01",
        "3/2/2026",
        "12/1/25",
        "26-3-2",
        "三月二日",
        "1",
        "123456",
        "0025-03-01",
        "1900-01-01",
        "0000-00-00",
        "2205-03-01",
        "1900-02-29",
        "2026-3-2 上午13:00",
        "2026-3-2 上午12:30",
        "2026-03-02 09:00-10:30",
        "2026-3-2 9:00–10:30",
        "2026-03-02T09:00-1030",
        "2026-03-02T10:30:00+99:00",
        "2026-03-02 24:00",
    ],
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
        ("1,0000.50", 1_000_050),
        ("1000元整", 100_000),
        ("0", 0),
    ],
)
def test_amounts_in_yuan_become_fen(typed: str, fen: int) -> None:
    assert parse_yuan(typed) == fen


@pytest.mark.parametrize(
    "typed",
    ["约三万", "-5", "1.005", "1e5", "99999999999亿", "", "12 34", "1,23", "1,2,3", ",5", "12%"],
)
def test_what_is_no_amount_is_refused(typed: str) -> None:
    with pytest.raises(CellError, match="bad_amount"):
        parse_yuan(typed)


def test_counts_may_have_separators_and_units() -> None:
    assert [parse_integer(one) for one in ("1,200", "１２００", "1200 件")] == [1200] * 3
    assert parse_integer("5.0") == parse_integer("5.00 件") == 5
    for typed in ("一批", "1,2", "5.5", "5,"):
        with pytest.raises(CellError, match="bad_integer"):
            parse_integer(typed)


def test_an_amount_that_a_spreadsheet_shortened_is_refused_for_that() -> None:
    with pytest.raises(CellError, match="shortened"):
        parse_yuan("1.2E+05")


def test_an_afternoon_is_one() -> None:
    assert str(parse_date("2026-3-2 下午3:05")) == "2026-03-02T15:05:00+08:00"
    assert str(parse_date("2026-3-2 下午12:05")) == "2026-03-02T12:05:00+08:00"


def test_the_check_digit_of_a_credit_code_is_gb_32100_s() -> None:
    assert uscc_fits("91110000600037341L")
    assert not uscc_fits("91110000600037341A")
    assert not uscc_fits("9111000060003734")
    assert not uscc_fits("9111000060003734IL")


def test_a_day_that_no_event_may_bear_refuses_its_row() -> None:
    from_1930 = {"文号": "1号", "移送": "1930-03-01"}
    mapping = Mapping.model_validate(
        {
            "name": "m",
            "case": {"number": {"column": "文号", "kind": "x"}, "source": {"value": "a"}},
            "events": [{"type": "referral.sent", "date": {"column": "移送"}}],
        }
    )
    agencies = AgencyNames([NamedAgency("a", "administrative", ())])
    row = read_row(2, from_1930, mapping, agencies)
    assert [(one.column, one.code) for one in row.issues] == [("移送", "bad_date")]


def test_a_zone_that_a_cell_names_goes_before_the_log_s_own() -> None:
    log = LogPart.model_validate({"form": "table", "zone": "+00:00"})
    assert str(read_time("2026/3/2 02:30", log)) == "2026-03-02T10:30:00+08:00"
    assert str(read_time("2026/3/2 10:30+0800", log)) == "2026-03-02T10:30:00+08:00"
