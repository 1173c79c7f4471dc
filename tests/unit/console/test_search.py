"""查询: what the one box is taken for, and what fields and addresses become."""

from __future__ import annotations

import re
from types import SimpleNamespace
from typing import Any
from urllib.parse import parse_qsl

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.api.searching import Filters
from gateway.console.languages import texts
from gateway.console.search.box import Guess, guesses, named
from gateway.console.search.columns import COLUMNS, DEFAULT, chosen
from gateway.console.search.conditions import CONDITIONS, Conditions, address, cleaned

AMR, PSB = "cn-330106-amr", "cn-330106-psb"
CASE = "01985f2e-7c1a-7b3e-9a55-1f0c6d2b4e91"
TRACE = "4bf92f3577b34da6a3ce929d0e0e4736"
AGENCIES: list[Any] = [
    SimpleNamespace(id=AMR, name="杭州市西湖区市场监督管理局"),
    SimpleNamespace(id="cn-330108-amr", name="杭州市滨江区市场监督管理局"),
    SimpleNamespace(id=PSB, name="西湖区公安分局"),
]


def kinds(typed: str) -> list[str]:
    return [one.kind for one in guesses(typed, AGENCIES)]


def first(typed: str) -> Guess:
    return next(guesses(typed, AGENCIES))


def test_an_id_is_an_event_a_trace_or_unknown_and_never_words() -> None:
    assert kinds(CASE) == ["event", "id"]
    # As a trace id and as a UUID without its dashes.
    assert kinds(TRACE) == ["event", "event", "trace", "id"]
    assert kinds(f"00-{TRACE}-00f067aa0ba902b7-01") == ["trace", "id"]


@pytest.mark.parametrize("text", [TRACE.upper(), f"00-{TRACE}-00f067aa0ba902b7-01", f" {TRACE} "])
def test_a_trace_is_found_however_it_was_copied(text: str) -> None:
    assert {"trace": TRACE} in [one.condition for one in guesses(text, AGENCIES)]


@pytest.mark.parametrize("text", ["0" * 32, TRACE[:-1], f"00-{TRACE}-0-01"])
def test_what_is_no_trace_is_none(text: str) -> None:
    assert "trace" not in kinds(text)


@pytest.mark.parametrize(
    "text", [AMR, "杭州市西湖区市场监督管理局", "西湖区市场监督", "西湖区 市场监督"]
)
def test_an_agency_is_known_by_its_id_its_name_or_a_telling_part(text: str) -> None:
    assert first(text) == Guess("agency", {"agency": AMR}, certain=True)


def test_a_part_that_several_agencies_share_is_no_agency_and_may_be_words() -> None:
    assert "agency" not in kinds("市场监督管理局")
    assert [one.id for one in named("市场监督管理局", AGENCIES)] == [AMR, "cn-330108-amr"]
    # Too short to be meant for the one that has it.
    assert "agency" not in kinds("公安")
    assert named("", AGENCIES) == named("  ", AGENCIES) == []


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("91330100000000042X", ["organisation", "number", "event", "title"]),
        ("杭西市监移〔2026〕7号", ["number", "title"]),
        ("茶叶 专利", ["number", "title"]),
        ("import-2026-0007", ["number", "event", "title"]),
    ],
)
def test_a_code_comes_before_a_number_and_words_come_last(text: str, expected: list[str]) -> None:
    assert kinds(text) == expected


@given(st.text(max_size=40))
def test_whatever_is_typed_the_last_guess_is_certain_and_fits_the_search(typed: str) -> None:
    *_, last = guesses(typed, AGENCIES)
    assert last.certain
    assert set(last.condition) <= set(CONDITIONS)


def read(**given: str) -> Conditions:
    return Conditions.read(given, AGENCIES)


def test_what_nobody_filled_in_is_not_asked_for() -> None:
    found = read(status="", title="  ", number=" 7号 ", text="x", other="y")
    assert found.given == found.meant == {"number": "7号"}
    assert found.filters({}) == Filters(number="7号")


def test_an_agency_s_name_is_meant_for_its_id_and_stays_as_it_was_typed() -> None:
    found = read(agency="西湖区公安分局")
    assert (found.given, found.meant) == ({"agency": "西湖区公安分局"}, {"agency": PSB})


@pytest.mark.parametrize(
    ("field", "value", "word"),
    [
        ("agency", "无此机构", "search.wrong.agency"),
        ("agency", "市场监督管理局", "search.wrong.agencies"),
        ("opened_from", "2026-13-01", "search.wrong.opened_from"),
        ("due_within_days", "many", "search.wrong.due_within_days"),
        ("due_within_days", "-1", "search.wrong.due_within_days"),
        ("clock_state", "never", "search.wrong.clock_state"),
        ("title", "x" * 201, "search.wrong.title"),
    ],
)
def test_a_wrong_value_is_explained_at_its_field(field: str, value: str, word: str) -> None:
    found = read(**{field: value})
    assert found.filters({}) is None
    assert found.wrong == {field: word}


def test_every_condition_has_words_for_what_is_wrong_and_every_column_a_head() -> None:
    assert {f"search.wrong.{name}" for name in CONDITIONS} <= texts().keys()
    assert set(COLUMNS.values()) <= texts().keys()
    assert set(DEFAULT) <= set(COLUMNS)
    assert {f"search.by.{one}" for one in ("event", "trace", "id", "agency")} <= texts().keys()


def test_columns_keep_their_own_order_and_unknown_ones_are_passed_over() -> None:
    assert chosen(["due", "state", "nothing", "due"]) == ("state", "due")
    assert chosen([]) == chosen(["nothing"]) == DEFAULT


def test_an_address_holds_the_search_and_nothing_else() -> None:
    pairs = [
        *(("text", "茶 叶"), ("status", "filed"), ("title", ""), ("cursor", "abc"), ("csrf", "x")),
        *(("columns", "due"), ("columns", "state"), ("sort", "due")),
    ]
    kept = [*pairs[:2], *pairs[5:]]
    assert parse_qsl(address(pairs)) == kept
    assert cleaned(f"{address(pairs)}&next=//example.org") == address(pairs)
    assert not re.search(r"[^\w%=&+.~-]", address(pairs))
