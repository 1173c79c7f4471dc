from __future__ import annotations

import datetime as dt
from typing import Any

import pytest

from tests.laws import LAW

DAY = dt.date(2026, 5, 6)


@pytest.mark.parametrize(
    ("body", "track", "first"),
    [
        ({"claim_amount": {"fen": 4_999_999}}, "fast", {"mediation"}),
        ({"claim_amount": {"fen": 5_000_001}}, "simple", {"mediation"}),
        ({"rights": [{"kind": "DESIGN"}], "patent_report": True}, "fast", {"mediation"}),
        ({"rights": [{"kind": "INVENTION"}]}, "ordinary", {"mediation"}),
        ({"secrecy": "TRADE_SECRET", "claim_amount": {"fen": 1}}, "complex", {"mediation"}),
        ({"foreign_related": True}, "ordinary", set()),
        ({"arbitration_clause": True}, "simple", {"arbitration", "mediation"}),
        ({}, "simple", {"mediation"}),
    ],
)
def test_the_first_rule_that_holds_gives_the_track_and_each_gives_its_way(
    body: dict[str, Any], track: str, first: set[str]
) -> None:
    found = LAW.triage.propose("casebus.civil_suit.received.v1", body, DAY)
    assert found is not None
    assert (found.track, {way for way, _ in found.first}) == (track, first)
    assert found.citations


def test_an_event_that_no_rule_speaks_of_gets_no_proposal() -> None:
    assert LAW.triage.propose("casebus.referral.sent.v1", {}, DAY) is None


@pytest.mark.parametrize(
    "event", ["complaint.received", "patent_ruling.requested", "centre.intake"]
)
def test_the_procedure_of_the_courts_is_cited_to_courts_alone(event: str) -> None:
    body = {"claim_amount": {"fen": 1}}
    found = LAW.triage.propose(f"casebus.{event}.v1", body, DAY)
    assert found is not None
    assert (found.track, [way for way, _ in found.first]) == ("fast", ["mediation"])
    assert not any("民事诉讼法" in citation for citation in found.citations)
