"""Where a matter arrives, an officer can act on what the triage rules propose."""

from __future__ import annotations

import pytest

from casebus.cases import CaseEvent
from casebus.cases.facets import ProposalsFacet
from tests.case_events import AMR, COURT, event, folded

CENTRE = "cn-330100-cen"
ARRIVALS = [
    (event(AMR, "complaint.received", "2026-05-06"), "decide_acceptance"),
    (event(COURT, "civil_suit.received", "2026-05-06"), "decide_filing"),
    (event(CENTRE, "centre.intake", "2026-05-06"), "route"),
    (event(AMR, "lead.reported", "2026-05-06"), "verify"),
    (event(AMR, "patent_ruling.requested", "2026-05-06"), "decide_filing"),
]
WORDS = {"triage": "case.triaged", "recommend": "arbitration_mediation.recommended"}


@pytest.mark.parametrize(("arrival", "duty"), ARRIVALS, ids=lambda one: getattr(one, "type", one))
@pytest.mark.parametrize("word", WORDS)
def test_an_officer_takes_up_a_proposal_from_the_work_item_which_stays_open(
    arrival: CaseEvent, duty: str, word: str
) -> None:
    before = folded([arrival])
    assert before.of(ProposalsFacet)
    [item] = [one for one in before.work if one.duty == duty]
    assert item.actions[word] == f"casebus.{WORDS[word]}.v1"
    act = event(
        arrival.source,
        WORDS[word],
        "2026-05-07",
        work_item=item.key,
        work_version=item.version,
        causation=(arrival.id,),
    )
    after = folded([arrival, act])
    [now] = [one for one in after.work if one.key == item.key]
    assert now.is_open
    assert now.version > item.version
    assert (after.status, after.findings) == (before.status, ())
