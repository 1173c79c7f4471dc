"""The proposals of the triage rules for a matter, from each event that the rules name."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from casebus.cases import jsonforms
from casebus.cases.core import Core
from casebus.cases.event import CaseEvent, Identity
from casebus.cases.facets.facet import JSON, ReadFacet, Setting
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
            "event": jsonforms.identity(self.event),
            "track": proposal.track,
            "rule": proposal.track_rule,
            "first": [{"way": way, "rule": rule} for way, rule in proposal.first],
            "citations": list(proposal.citations),
        }


class ProposalsFacet(ReadFacet[tuple[Proposed, ...]]):
    name = "proposals"
    lists = ("proposals",)

    def __init__(self, setting: Setting) -> None:
        super().__init__(setting)
        self._found: list[Proposed] = []

    @classmethod
    def read(cls, event: CaseEvent, law: Law) -> Proposed | None:
        found = law.triage.propose(event.type, event.data, event.legal.date)
        return None if found is None else Proposed(event=event.identity, proposal=found)

    def take(self, event: CaseEvent, said: Proposed) -> None:
        self._found.append(said)

    def known(self) -> tuple[Proposed, ...]:
        return tuple(self._found)

    @classmethod
    def shows(cls, known: tuple[Proposed, ...], case: Core) -> JSON:
        return {cls.name: [one.to_json() for one in known]}
