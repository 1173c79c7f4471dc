"""Whatever data of an act: shown as a form and posted by a browser it is the same data."""

from __future__ import annotations

from datetime import UTC
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gateway.console.forms import read, values_of
from gateway.console.forms.fields import (
    Amount,
    AnyField,
    ChoiceField,
    ListField,
    Number,
    Pairs,
    RecordField,
    RecordList,
    TextField,
    Ticks,
)
from tests.console_forms import Page, events, form, rendered, stored
from tests.examples import examples

#: NUL and the breaks that browsers fold are no text of a form; blanks around it are stripped.
_PLAIN = st.text(
    st.characters(exclude_categories=("Cs", "Cc", "Zl", "Zp")) | st.just("\n"), max_size=12
).map(str.strip)
_LINE = _PLAIN.map(lambda text: text.replace("\n", " ").strip()).filter(bool)
_SHAPES = {
    "day": st.dates().map(str),
    "moment": st.datetimes(timezones=st.just(UTC)).map(lambda at: at.isoformat()),
    "digest": st.binary(min_size=32, max_size=32).map(bytes.hex),
    "text": _PLAIN,
}
_MONEY = st.fixed_dictionaries(
    {"fen": st.integers(-(2**63), 2**63 - 1), "currency": st.sampled_from(["CNY", "USD", "日元"])}
)


@settings(max_examples=examples(40), deadline=None)
@given(st.sampled_from(events()).flatmap(lambda event: st.tuples(st.just(event), _body(event))))
def test_the_data_of_some_act_survives_the_form(drawn: tuple[str, dict[str, Any]]) -> None:
    _assert_survives(*drawn)


@pytest.mark.slow
@pytest.mark.long
@pytest.mark.parametrize("event", events())
def test_the_data_of_every_act_survives_the_form(event: str) -> None:
    @settings(max_examples=examples(10), deadline=None, database=None)
    @given(_body(event))
    def survives(data: dict[str, Any]) -> None:
        _assert_survives(event, data)

    survives()


def _body(event: str) -> st.SearchStrategy[dict[str, Any]]:
    return _record(form(event, "en").fields)


def _assert_survives(event: str, data: dict[str, Any]) -> None:
    one = form(event, "en")
    posted = values_of(one, data)
    for typed in (posted, Page(rendered(one, posted)).posted):
        found, wrongs = read(one, typed)
        assert wrongs == []
        assert stored(one, found) == stored(one, data)


def _record(fields: tuple[AnyField, ...]) -> st.SearchStrategy[dict[str, Any]]:
    return st.fixed_dictionaries({}, optional={one.name: _value(one) for one in fields})


def _row(fields: tuple[AnyField, ...]) -> st.SearchStrategy[dict[str, Any]]:
    """A row that says something; what says nothing is no row."""
    said = next(one for one in fields if isinstance(one, TextField) and one.shape == "text")
    return st.tuples(_record(fields), _LINE).map(lambda pair: {**pair[0], said.name: pair[1]})


def _value(one: AnyField) -> st.SearchStrategy[Any]:
    match one:
        case RecordField():
            return _row(one.fields) if one.is_optional else _record(one.fields)
        case RecordList():
            return st.lists(_row(one.fields), max_size=2)
        case Pairs():
            return st.dictionaries(_LINE, _value(one.fields[1]), max_size=3)
        case ListField():
            item = _LINE if one.number is None else _number(one.number)
            return st.lists(item, max_size=3)
        case Ticks():
            symbols = [option.value for option in one.options]
            # A browser posts what is ticked in the order of the page.
            ticked = st.lists(st.sampled_from(symbols), max_size=3, unique=True)
            return ticked.map(lambda found: sorted(found, key=symbols.index))
    return _single(one)


def _single(one: AnyField) -> st.SearchStrategy[Any]:
    match one:
        case TextField():
            return _SHAPES[one.shape].filter(lambda text: text or not one.default)
        case ChoiceField():
            return st.sampled_from([option.value for option in one.options])
        case Number():
            return _number(one)
        case Amount():
            return _MONEY
    return st.booleans()


def _number(one: Number) -> st.SearchStrategy[Any]:
    if one.is_whole:
        return st.integers(one.least, one.most)
    return st.floats(allow_nan=False, allow_infinity=False)
