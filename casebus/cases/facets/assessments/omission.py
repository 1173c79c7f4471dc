"""The region for the clocks of an owed transfer, and the agencies told of their end."""

from __future__ import annotations

from collections.abc import Mapping

from casebus.cases.event import CaseEvent
from casebus.cases.open_regions import OpenRegion, Roles
from casebus.law import Law
from casebus.law.agencies import AGENCY, ROLE, SAME_DIVISION
from casebus.law.compiled import Procedure


def region_of(law: Law, watched: CaseEvent, roles: Roles, clocks: tuple[str, ...]) -> OpenRegion:
    """A region for the clocks of an owed transfer; the agency that owes it is the actor."""
    actors = {rule.actor for clock in clocks for rule in law.clocks[clock]}
    region = OpenRegion(_procedure(tuple(sorted(actors)), clocks), watched, roles)
    # Only here: in the rest of the case another agency may have the role.
    region.roles.update(dict.fromkeys(actors, (watched.agency,)))
    return region


def _procedure(actors: tuple[str, ...], clocks: tuple[str, ...]) -> Procedure:
    roles: Mapping[str, frozenset[str]] = dict.fromkeys(actors, frozenset[str]())
    return Procedure(
        id="omission",
        title="应当移送而未移送",
        title_en="Omitted transfer",
        initial="owed",
        opener=actors[0],
        roles=dict(roles),
        states={"owed": ("应当移送", "Owed")},
        duties={},
        steps={},
        otherwise={},
        ahead={"owed": frozenset()},
        final=frozenset(),
        lapses={},
        # Their end is an event, even if the row tells nobody: the finding is told.
        lapsing=frozenset(clocks),
        opening=frozenset(),
        neutral=frozenset(),
    )


def seen(rule: str, roles: Roles) -> str:
    """The agency that the finding tells: a holder of the role, or the one of that sector here."""
    if not rule.startswith(ROLE):
        return rule.removeprefix(AGENCY)
    role = rule.removeprefix(ROLE)
    holders = roles.get(role)
    return holders[0] if holders else SAME_DIVISION + role
