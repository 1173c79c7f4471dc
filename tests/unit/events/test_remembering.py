"""Nobody makes a process grow by long texts, whatever is remembered of short ones."""

from __future__ import annotations

import itertools
import tracemalloc
from collections.abc import Callable

import pytest

from casebus.cases import matching
from casebus.events.identifiers import identify
from casebus.events.minted import stream_id
from casebus.events.partition import partition_for
from casebus.events.remembering import remembered


def test_an_answer_about_a_short_text_is_given_again() -> None:
    count = itertools.count()
    answer = remembered(8)(lambda text: f"{text}{next(count)}")
    assert [answer("a"), answer("a"), answer("b")] == ["a0", "a0", "b1"]


@pytest.mark.slow
@pytest.mark.parametrize(
    "ask",
    [
        lambda text: partition_for(text.encode(), 4),
        lambda text: identify("trademark", text),
        lambda text: identify(text, "1"),
        lambda text: stream_id("cn-330106-amr", "letter_no", text),
        matching._plain,
        matching.plain_name,
    ],
    ids=["a key", "a number", "a kind", "a case's number", "an address", "a name"],
)
def test_long_texts_are_not_remembered(ask: Callable[[str], object]) -> None:
    ask("x")
    tracemalloc.start()
    try:
        for one in range(40):
            ask(f"{one:05}" * 1000)
        assert tracemalloc.get_traced_memory()[0] < 50_000
    finally:
        tracemalloc.stop()
