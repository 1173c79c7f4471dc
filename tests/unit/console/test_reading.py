"""What an event says, in the words of its reader."""

from __future__ import annotations

from typing import Any

import pytest

from gateway.console.languages import Language
from gateway.console.reading import label_at, lines
from tests.world import SCHEMAS

SENT = SCHEMAS.latest("casebus.referral.sent.v1")
NUMBERS = {"numbers": [{"kind": "letter_no", "value": "杭西市监移〔2026〕1号"}]}


def said(language: Language) -> list[str]:
    """Everything that stands at some label."""
    [numbers] = lines(SENT, NUMBERS, language)
    return [str(one.value) for number in numbers.value for one in number]


def test_a_word_that_the_schema_suggests_is_said_in_the_readers_language() -> None:
    assert said("zh") == ["移送书文号", "杭西市监移〔2026〕1号"]
    assert said("en") == ["letter no", "杭西市监移〔2026〕1号"]


def test_another_word_stands_as_it_is() -> None:
    other = {"numbers": [{"kind": "own_no", "value": "1"}]}
    [numbers] = lines(SENT, other, "zh")
    assert "own_no" in [one.value for one in numbers.value[0]]


SEIZED = SCHEMAS.latest("casebus.goods.seized.v1")


@pytest.mark.parametrize(
    ("path", "chinese", "english"),
    [
        ("place_kept", "存放地点", "Where the goods are kept"),
        ("parties.organisation.name", "当事人 › 单位 › 名称", ""),
        ("parties.nothing.deeper", "当事人 › nothing › deeper", ""),
    ],
)
def test_a_field_is_called_by_its_labels_from_the_outside_in(
    path: str, chinese: str, english: str
) -> None:
    assert label_at(SEIZED, path, "zh") == chinese
    if english:
        assert label_at(SEIZED, path, "en") == english


def of_money(language: Language, **money: Any) -> Any:
    [line] = lines(SEIZED, {"goods_value": money}, language)
    return line.value


@pytest.mark.parametrize(
    ("money", "chinese", "english"),
    [
        ({"fen": 2_100_000, "currency": "CNY"}, "21,000.00 元", "CNY 21,000.00"),
        ({"fen": -5}, "-0.05 元", "CNY -0.05"),
        ({"fen": 100, "currency": "USD"}, "USD 1.00", "USD 1.00"),
    ],
)
def test_an_amount_is_said_in_units_of_its_currency(
    money: dict[str, Any], chinese: str, english: str
) -> None:
    assert (of_money("zh", **money), of_money("en", **money)) == (chinese, english)


def test_of_an_amount_that_is_hidden_nothing_is_said() -> None:
    assert lines(SEIZED, {"goods_value": {"currency": "USD"}}, "zh") == []


@pytest.mark.parametrize(
    ("division", "chinese"),
    [
        ({"code": "330106", "name": "杭州市西湖区"}, "杭州市西湖区（330106）"),
        ({"code": "330106", "name": ""}, "330106"),
        ({"name": "杭州市西湖区"}, "杭州市西湖区"),
    ],
)
def test_a_division_is_said_by_name_and_code(division: dict[str, str], chinese: str) -> None:
    [line] = lines(SENT, {"place": division}, "zh")
    assert line.value == chinese
