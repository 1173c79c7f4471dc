from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from casebus.events.identifiers import CHECK_DIGIT, FORM, RANGE, identify


@pytest.mark.slow
@pytest.mark.parametrize(
    ("kind", "raw", "canonical"),
    [
        ("uscc", "91110000600037341L", "91110000600037341L"),
        ("uscc", "９１１１００００６０００３７３４１l ", "91110000600037341L"),
        ("resident_id", "11010519491231002x", "11010519491231002X"),
        ("patent", "ZL 2017 1 0601862.3", "201710601862.3"),
        ("patent", "CN95115608.x", "95115608.X"),
        ("patent", "97101765.4", "97101765.4"),
        ("patent", "201710601862", "201710601862"),
        ("trademark", "第12345678号", "12345678"),
        ("trademark", "g1234567a", "G1234567A"),
        ("division", "330106000000", "330106"),
        ("nice_class", "03", "3"),
        ("case_no", "〔2025〕浙0106刑初12号", "(2025)浙0106刑初12号"),
        ("case_no", "（２０２１）川0104民诉前调801号", "(2021)川0104民诉前调801号"),
        ("case_no", "（2024）最高法知民终12号", "(2024)最高法知民终12号"),
        ("penalty_no", "杭西市监处罚〔2026〕21号", "杭西市监处罚(2026)21号"),
        ("copyright_no", "国作登字-2020-F-00123456", "国作登字-2020-F-00123456"),
        ("software_no", "2020SR0123456", "2020SR0123456"),
        ("customs_no", "T2020-12345", "T2020-12345"),
        ("letter_no", "杭西市监移〔2026〕3号", "杭西市监移(2026)3号"),
    ],
)
def test_an_identifier_has_one_canonical_text(kind: str, raw: str, canonical: str) -> None:
    assert identify(kind, raw) == (raw, canonical, "")


@pytest.mark.parametrize(
    ("kind", "raw", "problem"),
    [
        ("uscc", "91110000600037341X", CHECK_DIGIT),
        ("uscc", "9111000060003734", FORM),
        ("resident_id", "110105194912310021", CHECK_DIGIT),
        ("patent", "97101765.5", CHECK_DIGIT),
        ("patent", "专利号不详", FORM),
        ("trademark", "翠屿", FORM),
        ("nice_class", "46", RANGE),
        ("case_no", "2025年第12号", FORM),
        ("division", "9901", FORM),
    ],
)
def test_what_is_wrong_with_an_identifier_is_told_beside_it(
    kind: str, raw: str, problem: str
) -> None:
    found = identify(kind, raw)
    assert found.problem == problem
    assert found.raw == raw
    assert found.canonical


def test_an_empty_identifier_has_no_problem() -> None:
    assert identify("uscc", "") == ("", "", "")


@pytest.mark.slow
@given(
    kind=st.sampled_from(["uscc", "patent", "case_no", "trademark", "resident_id"]),
    raw=st.text(max_size=30),
)
def test_no_text_stops_the_check_and_the_canonical_text_is_stable(kind: str, raw: str) -> None:
    once = identify(kind, raw)
    assert identify(kind, once.canonical).canonical == once.canonical
