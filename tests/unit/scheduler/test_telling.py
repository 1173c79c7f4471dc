"""What cases tell each other of one organisation is said by the law and by policies/access."""

from __future__ import annotations

from datetime import date

import pytest

from casebus.settings import Settings
from services.scheduler.disclosure import Disclosure
from tests.laws import LAW

POLICIES = Settings().policies_dir
TELLING = Disclosure.load(POLICIES)


def test_how_far_back_is_asked_stands_in_the_law() -> None:
    """法释〔2025〕5号: again within two years; 刑法 87: after five years at the earliest."""
    assert (TELLING.repeat_years, TELLING.acts_years) == (2, 5)


def test_each_family_that_is_withheld_is_one_of_the_law() -> None:
    assert {one.family for one in TELLING.withheld} <= set(LAW.thresholds.standards.families)


@pytest.mark.parametrize(
    ("day", "told"),
    [
        (date(2012, 12, 31), True),
        (date(2013, 1, 1), False),
        (date(2025, 10, 14), False),
        (date(2026, 3, 2), False),
    ],
)
def test_acts_against_trade_secrets_are_told_only_where_no_row_was_in_force(
    day: date, told: bool
) -> None:
    assert TELLING.acts("trade_secret", day) is told
    assert TELLING.acts("trademark", day)


def test_a_row_ends_with_its_last_day() -> None:
    [ended] = [one for one in TELLING.withheld if one.effective_to]
    alone = TELLING._replace(withheld=(ended,))
    assert not alone.acts("trade_secret", date(2025, 10, 14))
    assert alone.acts("trade_secret", date(2025, 10, 15))
