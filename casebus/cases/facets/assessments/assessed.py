"""The fold's result for figures: assessments, punishments and open acts."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from typing import Any

from casebus.cases.event import Identity
from casebus.law.assessment import Assessment
from casebus.law.figures import ActDays, Figures
from casebus.law.items import GoodsItem


@dataclass(frozen=True, slots=True, kw_only=True)
class Assessed:
    """The law's judgement of a case's figures as they stood after one event."""

    event: Identity
    #: The article that the author stated; empty if none.
    stated: str
    on: dt.date
    assessment: Assessment
    #: Acts of the same organisation in other cases were added.
    accumulated: bool = False
    #: The author's own verdict was severer and remains.
    claimed: bool = False
    #: Figures that count were recalled: the verdict stands, and no figure is shown.
    recalled: bool = False

    def to_json(self, *, whole: bool = True) -> dict[str, Any]:
        """The JSON form. `whole`: with the computation in words, which is most of it."""
        assessment = (_unworded(self.assessment) if self.recalled else self.assessment).to_json()
        if not whole:
            del assessment["steps"], assessment["steps_en"]
        return {
            "event": {"source": self.event[0], "id": self.event[1]},
            "stated": "" if self.recalled else self.stated,
            "on": self.on.isoformat(),
            "accumulated": self.accumulated,
            "claimed": self.claimed,
            **assessment,
        }


def _unworded(assessment: Assessment) -> Assessment:
    return Assessment(verdict=assessment.verdict, tier=assessment.tier)


@dataclass(frozen=True, slots=True, kw_only=True)
class Punished:
    """A punishment of an organisation for acts of a family, which its next case asks for."""

    uscc: str
    family: str
    offence: str
    #: `administrative` or `criminal`.
    kind: str
    decided_on: dt.date
    number: str
    event: Identity


@dataclass(frozen=True, slots=True, kw_only=True)
class ActOf:
    """The acts of an organisation as one case states them."""

    uscc: str
    family: str
    #: The offence that its author named; empty if open.
    offence: str
    #: The agency that stated it, and that is told what other cases say.
    agency: str
    figures: Figures
    items: tuple[GoodsItem, ...]
    acts: ActDays
    #: The last event that stated it.
    event: Identity
    #: Not punished and not closed: may be added to others.
    unpunished: bool
    #: A transfer may still be owed, so the statements of other cases matter here.
    asking: bool
    #: Nobody is told of it.
    imported: bool
