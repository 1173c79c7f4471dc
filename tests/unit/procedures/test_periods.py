"""The periods of transfer, way back and administrative case, as they are in force today."""

from __future__ import annotations

import datetime as dt

import pytest

from casebus.law.compiled import clock_in_force
from tests.case_events import LAW

TODAY = dt.date(2026, 11, 22)
#: Without an amount: at once. Extensions follow a plus.
PERIODS = {
    "T01": "10 d",
    "T02": "3 d",
    "T03": "24 h",
    "T04": "3 wd",
    "T05": "24 h",
    "T06": "24 h",
    "T07": "3 d",
    "T08": "3 d + 7 d + 20 d + 30 d",
    "T08b": "7 d + 23 d + 30 d",
    "T09": "at once",
    "T10": "3 d",
    "T11": "3 d",
    "T11a": "3 d",
    "T12": "3 d",
    "T13": "7 d",
    "T14": "10 d",
    "T15": "15 d",
    "T16": "15 d",
    "T17": "3 m",
    "T18": "3 d",
    "T19": "7 d",
    "T20": "10 d",
    "T21": "7 d",
    "T22": "3 d",
    "T23": "7 d",
    "T23a": "30 d + 30 d",
    "T23b": "7 d",
    "T23c": "30 d + 30 d",
    "R01": "at once",
    "R02": "at once",
    "R03": "3 wd",
    "R04": "10 wd + 10 wd",
    "R05": "3 d",
    "R05a": "2 m",
    "R06": "at once",
    "R07": "at once",
    "R08": "at once",
    "A01": "15 wd + 15 wd",
    "A02": "at once",
    "A03": "7 wd",
    "A03a": "60 d",
    "A03b": "7 wd",
    "A03c": "7 wd",
    "A04": "90 d + 30 d",
    "A06": "30 d + 30 d",
    "A06a": "7 wd",
    "A06b": "10 wd",
    "A06c": "5 wd",
    "A06d": "7 wd",
    "A07": "20 wd",
    "A07a": "10 wd",
    "A07b": "10 wd",
    "A08": "7 wd",
    "A09": "3 wd",
    "A10": "36 m",
    "A10a": "12 m",
    "A10b": "5 wd",
    "A10c": "15 wd",
    "J01": "1 m + 15 d",
    "J02": "2 m",
    "J03": "3 m + 3 m",
    "J04": "10 d",
    "J05": "2 m + 2 m",
}


@pytest.mark.parametrize(("clock", "said"), PERIODS.items())
def test_a_period_is_the_law_s(clock: str, said: str) -> None:
    body = {"real_name": True, "outcome": "NOT_GUILTY"}
    rule = clock_in_force(LAW.clocks[clock], TODAY, body)
    assert rule is not None
    period = "at once" if rule.amount is None else f"{rule.amount} {rule.unit}"
    assert " + ".join([period, *(f"{one.amount} {one.unit}" for one in rule.extensions)]) == said


@pytest.mark.parametrize("clock", PERIODS)
def test_a_period_cites_its_text_in_each_version(clock: str) -> None:
    for rule in LAW.clocks[clock]:
        assert rule.citation.strip()
        assert rule.title
        assert rule.title_en
        assert rule.confidence


def test_of_the_two_rules_of_complaints_one_is_in_force_on_each_day() -> None:
    for clock in ("A02", "A03", "A03a", "A03b", "A03c"):
        before = clock_in_force(LAW.clocks[clock], dt.date(2026, 4, 14))
        after = clock_in_force(LAW.clocks[clock], dt.date(2026, 4, 15))
        assert before is not None
        assert after is not None
        assert "暂行办法" in before.citation
        assert "第121号" in after.citation
