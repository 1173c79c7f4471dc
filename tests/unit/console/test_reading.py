"""What an event says, in the words of its reader."""

from __future__ import annotations

from gateway.console.languages import Language
from gateway.console.reading import lines
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
