"""What events say of the validity of a right, by `policies/law/rights.yaml`."""

from __future__ import annotations

import datetime as dt

import pytest

from casebus.law.reading import LawError
from casebus.law.rights import FILE, RightRules
from tests.case_events import LAW

DAY = dt.date(2026, 3, 4)
ROW = (
    "rules: [{event: validity.decided, source: 法, article: 一, effective_from: 2020-01-01, "
    "confidence: M"
)


def says(event: str, sector: str, **body: str) -> str | None:
    found = LAW.rights.verdict(event, sector, body, DAY)
    return None if found is None else found.says


@pytest.mark.parametrize(
    ("event", "sector", "outcome", "word"),
    [
        ("validity.proceeding_opened", "examination", "", "in_question"),
        ("validity.decided", "examination", "PARTLY", "invalid"),
        ("validity.decided", "examination", "REVOKED", "invalid"),
        ("validity.decided", "court", "REVOKED", "in_question"),
        ("validity.decided", "court", "VALID", "stands"),
        ("validity.decided", "court", "OTHER", None),
        ("validity.decided", "administrative", "INVALID", None),
        ("validity.withdrawn", "court", "", "back"),
        ("patent_ruling.ruled", "administrative", "INVALID", "invalid"),
        ("patent_ruling.ruled", "administrative", "INFRINGEMENT", "stands"),
        ("referral.sent", "administrative", "", None),
    ],
)
def test_what_an_event_says_depends_on_who_says_it_and_on_one_field(
    event: str, sector: str, outcome: str, word: str | None
) -> None:
    assert says(event, sector, outcome=outcome) == word


def test_a_rule_before_its_time_says_nothing() -> None:
    body = {"outcome": "INVALID"}
    early = dt.date(2000, 1, 1)
    assert LAW.rights.verdict("validity.decided", "examination", body, early) is None


def test_a_law_of_before_there_was_the_file_says_nothing() -> None:
    assert RightRules.of({}).events == frozenset()


@pytest.mark.parametrize("rest", ["}]", ", says: invalid, field: outcome}]", ", field: outcome}]"])
def test_a_rule_that_decides_nothing_or_twice_is_refused(rest: str) -> None:
    with pytest.raises(LawError):
        RightRules.of({FILE: (ROW + rest).encode()})
