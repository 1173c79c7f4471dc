"""Regions of one fold: procedures that run side by side in one case, each in its own state."""

from __future__ import annotations

from collections.abc import Iterator

from casebus.cases.core import Region as RegionState
from casebus.cases.event import CaseEvent
from casebus.cases.parts import Parts
from casebus.law import Law
from casebus.law.compiled import Procedure

#: State of every region of a case that goes on in another one, and its titles.
ABSORBED = ("absorbed", "已并入其他案件", "Goes on in another case")
#: Role -> its holders.
Roles = dict[str, tuple[str, ...]]


class OpenRegion:
    """A procedure that was opened in the case, during the fold."""

    __slots__ = (
        "_known",
        "absorbed",
        "begun_by",
        "opened_by",
        "procedure",
        "roles",
        "status",
        "unasked",
    )

    def __init__(self, procedure: Procedure, opened_by: CaseEvent, known: Roles) -> None:
        """`known` are the case's known roles, shared by all its regions and still growing."""
        self.procedure = procedure
        self.opened_by = opened_by
        self.status = procedure.initial
        #: The case goes on in another one: nothing moves here any more.
        self.absorbed = False
        #: The agency that opened it, or its present round, and whether that agency had no part in
        #: the case.
        self.begun_by = opened_by.agency
        self.unasked = False
        self.roles: Roles = {role: known[role] for role in procedure.roles if role in known}
        self._known = known

    def begin(self, agency: str) -> None:
        """The agency opens the procedure, or a new round of it."""
        self.begun_by = agency
        self.bind(self.procedure.opener, agency)

    def bind(self, role: str, agency: str) -> None:
        self.roles[role] = (agency,)
        if not self.unasked:
            # An agency that a stranger names is nobody to the other procedures of the case (ADR
            # 40).
            self._known[role] = (agency,)

    def holders(self, role: str) -> tuple[str, ...]:
        """The holders of the role here or, if nobody was named here, in the rest of the case."""
        return self.roles.get(role) or self._known.get(role, ())

    def has_part(self, agency: str) -> bool:
        """True if the agency has some role here."""
        return any(agency in self.holders(role) for role in self.procedure.roles)

    @property
    def runs(self) -> bool:
        """True if something may still happen: its state has a way out."""
        return not self.absorbed and self.status not in self.procedure.final

    def may_open(self, event: CaseEvent) -> bool:
        return event.sector in self.procedure.roles[self.procedure.opener]

    def frozen(self) -> RegionState:
        status, (title, title_en) = self.status, self.procedure.states[self.status]
        if self.absorbed:
            status, title, title_en = ABSORBED
        return RegionState(
            procedure=self.procedure.id,
            status=status,
            title=title,
            title_en=title_en,
            opened_by=self.opened_by.identity,
            roles=dict(self._held()),
        )

    def _held(self) -> Iterator[tuple[str, tuple[str, ...]]]:
        for role in self.procedure.roles:
            holders = self.holders(role)
            if holders:
                yield role, holders


class OpenRegions:
    """All regions of the case: the leading one, and those that are opened beside it."""

    def __init__(self, law: Law, opening: CaseEvent, parts: Parts) -> None:
        self._opening, self._parts = law.opening, parts
        #: The roles of the case, over all its regions.
        self.known: Roles = {}
        #: Open from the first event in fold order on.
        self.leading = OpenRegion(law.opening[opening.name], opening, self.known)
        self.leading.begin(opening.agency)
        self.all = [self.leading]

    def opened_by(self, event: CaseEvent, name: str) -> OpenRegion | None:
        """The region that the event opens beside those that are open; it is not among them yet."""
        procedure = self._opening.get(name)
        if procedure is None or any(one.procedure is procedure for one in self.all):
            return None
        if self.leading.absorbed:
            return None
        region = OpenRegion(procedure, event, self.known)
        return region if region.may_open(event) else None

    def add(self, region: OpenRegion, agency: str) -> None:
        self.all.append(region)
        self._begin(region, agency)

    def open_again(self, region: OpenRegion, event: CaseEvent) -> None:
        """An opening event in a region that is open: the first of them, or that of a new round."""
        if region.status == region.procedure.initial:
            # The first in fold order, whichever was journaled first.
            region.opened_by = event
        elif region.status in region.procedure.final:
            self._begin(region, event.agency)

    def _begin(self, region: OpenRegion, agency: str) -> None:
        region.unasked = agency not in self._parts.now
        region.begin(agency)

    def claim(self, name: str, *, beside: bool) -> bool:
        """Whether events of this name belong to procedures.

        A region has a transition for them, or no rule sets them `beside` the procedures.
        """
        for region in self.all:
            if name in region.procedure.otherwise:
                return True
        return not (beside or any(region.procedure.is_neutral(name) for region in self.all))

    def has_role(self, agency: str) -> bool:
        """Whether the agency has a role in some region."""
        return any(region.has_part(agency) for region in self.all)

    def roles(self) -> Roles:
        """All roles and their holders. For one word those of the leading region come first."""
        shown: Roles = {}
        for region in self.all:
            shown |= region.roles
        return {**shown, **self.known, **self.leading.roles}

    def frozen(self) -> tuple[RegionState, ...]:
        """The leading one first."""
        return tuple([region.frozen() for region in self.all])
