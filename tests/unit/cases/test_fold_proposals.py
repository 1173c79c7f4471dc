from __future__ import annotations

from casebus.cases import fold
from casebus.cases.facets import ProposalsFacet
from tests.case_events import AMR, LAW, event


def test_the_fold_shows_the_track_that_the_rules_propose_and_their_sources() -> None:
    complaint = event(AMR, "complaint.received", "2026-05-06", claim_amount={"fen": 100_000})
    (found,) = fold([complaint], LAW).of(ProposalsFacet)
    shown = found.to_json()
    assert (shown["track"], shown["rule"]) == ("fast", "small_dispute")
    assert shown["first"] == [{"way": "mediation", "rule": "mediation_out_of_court"}]
    assert shown["event"] == {"source": AMR, "id": "complaint.received"}
    assert any("（九）" in citation for citation in shown["citations"])
