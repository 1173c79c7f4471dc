"""What the triage rules propose for a matter, seen from the event that brought it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from casebus.cases.event import CaseEvent, Identity
from casebus.law import Law
from casebus.law.triage import Proposal


@dataclass(frozen=True, slots=True, kw_only=True)
class Proposed:
    """A track and ways to offer first; an officer decides."""

    event: Identity
    proposal: Proposal

    def to_json(self) -> dict[str, Any]:
        proposal = self.proposal
        return {
            "event": {"source": self.event[0], "id": self.event[1]},
            "track": proposal.track,
            "rule": proposal.track_rule,
            "first": [{"way": way, "rule": rule} for way, rule in proposal.first],
            "citations": list(proposal.citations),
        }


def proposed(event: CaseEvent, law: Law) -> Proposed | None:
    found = law.triage.propose(event.type, event.data, event.legal.date)
    return None if found is None else Proposed(event=event.identity, proposal=found)
