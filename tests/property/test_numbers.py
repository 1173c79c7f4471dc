from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from casebus.events.numbers import canonical_number


@given(st.text())
def test_canonicalising_a_number_twice_changes_nothing(text: str) -> None:
    once = canonical_number(text)
    assert canonical_number(once) == once


@given(st.sampled_from("()（）[]［］〔〕【】"), st.sampled_from(["", " ", "　", "\u200b"]))
def test_brackets_widths_and_spaces_do_not_make_another_number(bracket: str, space: str) -> None:
    opening, closing = (bracket, ")") if bracket in "(（[［〔【" else ("(", bracket)
    typed = f"{opening}２０２５{closing}{space}浙0106刑初12号"
    assert canonical_number(typed) == "(2025)浙0106刑初12号"
