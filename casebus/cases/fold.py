"""The fold: from the events of one stream and a law to the state of its case.

It is a pure function: any permutation and repetition of the same journaled events gives the same
state. Recording never fails on content; misfits are flagged, not refused.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from functools import cached_property

from casebus.cases import body, event_reading, facets
from casebus.cases.announcements import Announcements, standing
from casebus.cases.assessing import ANSWER, Assessing
from casebus.cases.clock_changes import MOVES, move
from casebus.cases.clocks import Clocks, ClockSetting
from casebus.cases.corrections import corrected
from casebus.cases.dating import AHEAD, Ahead, date_all
from casebus.cases.derived import Told
from casebus.cases.event import CaseEvent, Identity, first_journaled
from casebus.cases.event_reading import EventReading
from casebus.cases.facets.assessments import AssessmentsFacet
from casebus.cases.facets.clocks import ClocksFacet, KnownClocks
from casebus.cases.facets.copies import CopiesFacet
from casebus.cases.facets.findings import DeviationsFacet, FindingsFacet, KnownFindings
from casebus.cases.facets.links import LinksFacet
from casebus.cases.facets.organisations import KnownOrganisations, OrganisationsFacet
from casebus.cases.facets.recalls import RecallsFacet
from casebus.cases.facets.work import WorkFacet
from casebus.cases.findings import (
    CYCLE,
    DATA_QUALITY,
    ID_CONFLICT,
    NO_STANDING,
    OUT_OF_PROCEDURE,
    UNDELIVERABLE,
    Findings,
)
from casebus.cases.keys import StreamKeys
from casebus.cases.links import ABSORBED, FIELDS, MERGED, Links
from casebus.cases.openers import leading, openings_of, owners_of
from casebus.cases.order import fold_order
from casebus.cases.parts import Parts
from casebus.cases.reading import numbers_of, read_once
from casebus.cases.recalls import RECALLED, Recalls, unworded
from casebus.cases.receipts import CaseReceipts
from casebus.cases.regions import OpenRegion, Roles
from casebus.cases.renewals import Renewals
from casebus.cases.sequences import check_sequences
from casebus.cases.state import NO_CASE, Case
from casebus.cases.transitions import Transitions
from casebus.cases.unopened import unopened
from casebus.cases.work import WorkItems
from casebus.errors import Flag
from casebus.events.doors import BUS
from casebus.events.types import (
    CASE_REINTERPRETED,
    CLOCK_LAPSE_WITHDRAWN,
    CLOCK_LAPSED,
    INTAKE_RECEIVED,
    event_name,
)
from casebus.law import Law
from casebus.law.compiled import ALL, ANY_ROLE, Step, in_force

#: Grows with each change of the fold's result for the same events and the same law.
FOLD_VERSION = 5

_RECEIVED = event_name(INTAKE_RECEIVED)
_FINDING = "finding."
#: Its author's room in the case was used up (casebus.cases.room).
NO_ROOM = "no_room"
_CLOCK = "clock."
_LAPSED = event_name(CLOCK_LAPSED)
#: A step where it applies.
_Here = tuple[OpenRegion, Step]


def fold(events: Iterable[CaseEvent], law: Law) -> Case:
    """The case that the events make; copies of one identity count as the first journaled one.

    All events are of one stream. Raises nothing that their content could cause.
    """
    kept = first_journaled(list(events))
    recorded = [event for event in kept if not event.beyond]
    if not recorded:
        return Case(stream="", status=NO_CASE, law=law.digest)
    beyond = [event for event in kept if event.beyond] if len(recorded) < len(kept) else []
    ahead = date_all(recorded)
    openings = openings_of(recorded, law)
    if not openings:
        return unopened(recorded, law)
    return _Folding(recorded, openings, law, ahead).run(beyond)


class _Folding:
    """The state of one fold while it runs."""

    def __init__(
        self,
        recorded: list[CaseEvent],
        openings: list[CaseEvent],
        law: Law,
        ahead: dict[Identity, Ahead],
    ) -> None:
        self.law = law
        self.stream = recorded[0].stream
        self.keys = StreamKeys(self.stream)
        self.recalls = Recalls(recorded)
        self.recalled = recalled = self.recalls.events
        self.findings = Findings(self.keys, law.waits, recalled)
        # Their corrected content decides their order, so corrections come first.
        read = corrected(recorded, self.findings)
        self.order, cycles = fold_order(list(unworded(read, recalled)) if recalled else read)
        self.recalls.tell(self.findings)
        #: Events that count by the day of their admission.
        self.ahead = ahead
        for cycle in cycles:
            detail = {"events": " ".join(event.id for event in cycle)[:1000]}
            self.findings.add(CYCLE, cycle[0], detail)
        opening = leading(openings, self.order, law)
        self.opener = opening.source
        #: The roles of the case, over all its regions.
        self.known_roles: Roles = {}
        #: Open from the first event in fold order on.
        self.leading = OpenRegion(law.opening[opening.name], opening, self.known_roles)
        self.leading.begin(opening.agency)
        self.regions = [self.leading]
        self.owners = owners_of(recorded, opening, law)
        self.parts = Parts(self.owners, recalled)
        self.participants = self.parts.now
        self.receipts = CaseReceipts(recorded, law.received_within)
        self.clocks = Clocks(law.calendar, self.receipts)
        self.work = WorkItems(self.keys, self.findings, law)
        self.marks = Announcements()
        self.renewals = Renewals(opening.stream)
        self.assessing = Assessing(law, self.findings, self.clocks, self.known_roles, recalled)
        self.links = Links()
        setting = facets.Setting(law, self.findings, recorded, read, recalled)
        self.facets = [facet(setting) for facet in facets.READ_FACETS]
        self.secrecy: set[str] = set()
        self.numbers: set[tuple[str, str]] = set()
        self.last: dict[str, CaseEvent] = {}
        self.transitions = Transitions(
            self.regions,
            self.known_roles,
            self.last,
            clocks=self.clocks,
            work=self.work,
            findings=self.findings,
        )
        self.units: dict[tuple[str, str, str], str] = {}
        #: Lapses that do not hold and that the bus has not taken back yet.
        self.unfounded: list[CaseEvent] = []

    def run(self, beyond: Sequence[CaseEvent]) -> Case:
        order, law = self.order, self.law
        self._note_beyond(beyond)
        check_sequences(order, self.findings)
        for event in order:
            name = event.name
            if event.sector == BUS:
                self._note_bus(event, name)
                continue
            said = read_once(event_reading.read, event, law)
            if said.numbers:
                self.numbers.update(said.numbers)
            procedural = said.is_procedural or self._is_procedural(name, said)
            if event.flags or event.conflicting:
                self._note_flags(event, aloud=procedural)
            if self.ahead and event.identity in self.ahead:
                self._note_ahead(event, aloud=procedural)
            if name == RECALLED:
                # An author takes back only its own words, even if it has a part in the case.
                self.last[name] = event
            elif procedural:
                self._fold(event, name, said)
            else:
                self._note_arrival(event, name)
            # Folded events, and events beside the procedures, by authors with a part in the case:
            # figures, secrecy and rights stated by others are not the case's (ADR 40).
            if said.says and event.agency in self.participants:
                folded = not procedural or self.last.get(name) is event
                if folded:
                    self._take(event, said)
        self.assessing.finish()
        #: The agencies that may see the case.
        self.shown = self.parts.at_end(order, self._has_role)
        return self._frozen(order)

    def _note_beyond(self, beyond: Sequence[CaseEvent]) -> None:
        for event in beyond:
            detail = {"reason": NO_ROOM}
            self.findings.add(DATA_QUALITY, event, detail, tell=[event.agency], about=NO_ROOM)

    def _take(self, event: CaseEvent, said: EventReading) -> None:
        """Take its content besides transitions: figures, secrecy, the facets."""
        if said.figures:
            self.assessing.take(event, said.figures)
        if said.facets and not (self.recalled and event.identity in self.recalled):
            for place, part in said.facets:
                self.facets[place].take(event, part)
        if said.secrecy is not None:
            self.secrecy.add(said.secrecy)

    def _is_recalled(self, event: CaseEvent) -> bool:
        return event.identity in self.recalled

    def _note_bus(self, event: CaseEvent, name: str) -> None:
        if event.data.get("numbers"):
            self.numbers.update(read_once(numbers_of, event, self.law))
        self.marks.note(event)
        if event.type == CASE_REINTERPRETED:
            # An agency that is only told of it gets no part in the case.
            if event.source == BUS:
                self.renewals.note(event)
            return
        # An agency that is only told of a finding or a recall gets no part in the case: strangers
        # are told of their own. The same holds for the clock of an agency that opened a region
        # without being asked.
        actor = body.text(event.data, "actor") if name.startswith(_CLOCK) else ""
        gives = not name.startswith(_FINDING) and name != RECALLED
        if gives and (actor in self.participants or not actor):
            self.parts.give(event)
        if name == _LAPSED and event.source == BUS:
            self._lapse(event)
        elif name == ANSWER:
            self.assessing.hear(event)
        else:
            self._hear(event, name)

    def _hear(self, event: CaseEvent, name: str) -> None:
        """Let the bus's outside knowledge move each procedure that has a transition for it."""
        for region in self.regions:
            step = in_force(region.procedure.steps.get((region.status, name)), event.legal.date)
            if step is not None and BUS in step.by:
                self.transitions.apply(region, step, event)

    def _is_procedural(self, name: str, said: EventReading) -> bool:
        """True if the event belongs to procedures: a region knows it, or no rule sets it beside."""
        for region in self.regions:
            if name in region.procedure.otherwise:
                return True
        return not (
            said.is_beside or any(region.procedure.is_neutral(name) for region in self.regions)
        )

    def _note_flags(self, event: CaseEvent, *, aloud: bool) -> None:
        """Tell the author what admission and the journal noticed.

        The bus's own events are left out, and arrivals are only shown (`aloud` is false). Each
        telling causes an arrival: with a clock that is years off the two would answer each other
        for ever.
        """
        author = [event.agency] if aloud else []
        for flag in event.flags:
            if event.imported and flag == Flag.ABSURD_TIME:
                # Minted by its legal time, however long ago that was.
                continue
            kind = UNDELIVERABLE if flag == Flag.UNKNOWN_RECIPIENT else DATA_QUALITY
            self.findings.add(kind, event, {"flag": flag}, tell=author, about=flag)
        if event.conflicting:
            tell = [*author, *event.to]
            self.findings.add(ID_CONFLICT, event, {"kept": "first journaled"}, tell=tell)

    def _note_ahead(self, event: CaseEvent, *, aloud: bool) -> None:
        """Tell the author, unless corrected, that the event claims to happen after its record."""
        stated, by = self.ahead[event.identity]
        if event.legal is by:
            detail = {"reason": AHEAD, "stated": str(stated), "counted": str(by)}
            tell = [event.agency] if aloud else []
            self.findings.add(DATA_QUALITY, event, detail, tell=tell, about=AHEAD)

    def _fold(self, event: CaseEvent, name: str, said: EventReading) -> None:
        """Apply the event in each region that accepts it.

        If one region accepts it, no region flags it. If none does, it is flagged once, and each
        region that knows it does what can still be done.
        """
        fresh = self._fresh(event, name)
        expected, strays, barred = self._where(event, name, fresh)
        if not expected and name in self.law.common:
            self._generic(event, name, said)
            return
        if barred is not None and not expected and not strays:
            self._without_standing(event, barred)
            return
        if not self.work.act(event, must_bear=said.must_bear):
            return
        if fresh is not None:
            self.regions.append(fresh)
            self._begin(fresh, event.agency)
        if expected or strays:
            if self.parts.names_anew(event):
                self._name(event, [region for region, _ in expected or strays])
            self.last[name] = event
        for region, step in expected:
            if step.opening:
                self._opened(region, event)
            self.transitions.apply(region, step, event)
        if not expected:
            self._out_of_procedure(event, name, strays)

    def _where(
        self, event: CaseEvent, name: str, fresh: OpenRegion | None
    ) -> tuple[list[_Here], list[_Here], OpenRegion | None]:
        """Return regions that accept it, that only know it, and one that bars its author."""
        expected: list[_Here] = []
        strays: list[_Here] = []
        barred: OpenRegion | None = None
        day = event.legal.date
        for region in self.regions if fresh is None else [*self.regions, fresh]:
            procedure = region.procedure
            versions = procedure.otherwise.get(name)
            if versions is None or region.absorbed:
                continue
            step = in_force(procedure.steps.get((region.status, name)), day)
            found = expected
            if step is None:
                step, found = in_force(versions, day) or versions[0], strays
            if region is fresh or self._has_standing(region, step, event):
                found.append((region, step))
            elif fresh is not None and ANY_ROLE in step.by:
                # An agency that opens a procedure in the case takes part in it, and so has standing
                # beside it too.
                found.append((region, step))
            elif barred is None:
                barred = region
        return expected, strays, barred

    def _fresh(self, event: CaseEvent, name: str) -> OpenRegion | None:
        """The region that the event opens beside those that are open."""
        procedure = self.law.opening.get(name)
        if procedure is None or any(one.procedure is procedure for one in self.regions):
            return None
        if self.leading.absorbed:
            return None
        region = OpenRegion(procedure, event, self.known_roles)
        return region if region.may_open(event) else None

    def _opened(self, region: OpenRegion, event: CaseEvent) -> None:
        if region.status == region.procedure.initial:
            # The first in fold order, whichever was journaled first.
            region.opened_by = event
        elif region.status in region.procedure.final:
            self._begin(region, event.agency)

    def _begin(self, region: OpenRegion, agency: str) -> None:
        region.unasked = agency not in self.participants
        region.begin(agency)

    def _name(self, event: CaseEvent, where: Sequence[OpenRegion]) -> None:
        """Give a part to the agencies that it names.

        A region that was opened without being asked for gives none, and neither does an answer in
        it: its opener asked for that answer.
        """
        if not where or any(map(self._is_asked, where)):
            self.parts.give(event)

    def _is_asked(self, region: OpenRegion) -> bool:
        return not region.unasked or region.begun_by in self.participants

    def _takes_part(self, agency: str) -> bool:
        """Whether the agency is heard: it has a part in the case, or a role in one of its regions.

        An agency may have a role only in a region that nobody asked for. It is heard, and sees the
        case when somebody with a part in the case names it (ADR 0017).
        """
        return agency in self.participants or self._has_role(agency)

    def _has_standing(self, region: OpenRegion, step: Step, event: CaseEvent) -> bool:
        if ANY_ROLE in step.by:
            return self._takes_part(event.agency)
        for role in step.by:
            if event.agency in region.holders(role):
                return True
        # A new round has an opener of its own.
        is_round = step.opening and region.status in region.procedure.final
        return is_round and region.may_open(event)

    def _without_standing(self, event: CaseEvent, region: OpenRegion) -> None:
        name = event.name
        # A stranger is told nothing about the state of the case.
        detail = {"agency": event.agency, "event": name}
        if self._takes_part(event.agency):
            detail["state"] = region.status
        self.findings.add(NO_STANDING, event, detail, tell=[event.agency, *event.to])

    def _generic(self, event: CaseEvent, name: str, said: EventReading) -> None:
        """Take an event that any participant may send in any state."""
        if not self._may_say(event, name):
            self._without_standing(event, self.leading)
        elif self.work.act(event, must_bear=said.must_bear):
            if self.parts.names_anew(event):
                self._name(event, self.work.region_of(event))
            self.last[name] = event
            if name in MOVES:
                move(event, name, self.clocks, self.findings)
            elif name in FIELDS and (name == ABSORBED or not self._is_recalled(event)):
                self._link(event, name)

    def _may_say(self, event: CaseEvent, name: str) -> bool:
        """True if the agency may send it; a merger needs a part in the case and a role in it."""
        if name not in {MERGED, ABSORBED}:
            return self._takes_part(event.agency)
        return event.agency in self.participants and any(
            region.has_part(event.agency) for region in self.regions
        )

    def _link(self, event: CaseEvent, name: str) -> None:
        """Note the other case. If this case goes on in it, end what runs here."""
        if not self._is_recalled(event):
            self.links.note(event, name)
        if name != ABSORBED:
            return
        everything = frozenset({ALL})
        for region in self.regions:
            self.clocks.cancel(everything, event, region)
            self.work.close(everything, event, region)
            region.absorbed = True

    def _out_of_procedure(self, event: CaseEvent, name: str, strays: list[_Here]) -> None:
        state = (strays[0][0] if strays else self.leading).status
        detail = {"state": state, "event": name}
        self.findings.add(OUT_OF_PROCEDURE, event, detail, tell=[event.agency])
        for region, step in strays:
            self.transitions.stray(region, step, event)

    @cached_property
    def _taken_back(self) -> set[str]:
        """Ids of lapses that the bus took back, at any place in the fold order."""
        return {
            lapse
            for event in self.order
            if event.type == CLOCK_LAPSE_WITHDRAWN and event.source == BUS
            for lapse in event.causation
        }

    def _lapse(self, event: CaseEvent) -> None:
        """Take the bus's statement that a clock ran out: it holds if the clock runs here."""
        data = event.data
        clock = body.text(data, "clock")
        which = (clock, body.text(data, "trigger_source"), body.text(data, "trigger_id"))
        if event.id in self._taken_back:
            self.clocks.take_back(which)
        elif (ended := self.clocks.lapse(which, event)) is None:
            self.unfounded.append(event)
        else:
            self.assessing.lapsed(ended)
            for region in self.regions:
                versions = region.procedure.lapses.get((region.status, clock))
                step = in_force(versions, event.legal.date)
                if step is not None:
                    self.transitions.apply(region, step, event)

    def _note_arrival(self, event: CaseEvent, name: str) -> None:
        if name == _RECEIVED and (unit := body.text(event.data, "unit")):
            source = body.text(event.data, "event_source")
            about = (source, body.text(event.data, "event_id"))
            if self.receipts.was_sent(about, event.agency):
                self.units[event.agency, *about] = unit

    def _has_role(self, agency: str) -> bool:
        return any(region.has_part(agency) for region in self.regions)

    def _hearers(self, order: list[CaseEvent]) -> tuple[str, ...]:
        """The agencies to tell what other cases mean for this one; none if all is history."""
        if all(event.imported or event.sector == BUS for event in order):
            return ()
        held = {
            agency
            for region in self.regions
            if region.runs
            for role in region.procedure.roles
            for agency in region.holders(role)
        }
        return tuple(sorted(held & self.shown))

    def _team(self) -> tuple[str, ...]:
        """The owners, and the holders of roles in regions that somebody asked for."""
        held = self.owners.union(
            *(
                region.holders(role)
                for region in self.regions
                if self._is_asked(region)
                for role in region.procedure.roles
            )
        )
        return tuple(sorted(held & self.shown))

    def _shown_roles(self) -> Roles:
        shown: Roles = {}
        for region in self.regions:
            shown |= region.roles
        return {**shown, **self.known_roles, **self.leading.roles}

    def _frozen(self, order: list[CaseEvent]) -> Case:
        leading = self.leading.frozen()
        return Case(
            stream=self.stream,
            status=leading.status,
            procedure=leading.procedure,
            title=leading.title,
            title_en=leading.title_en,
            opener=self.opener,
            regions=(leading, *(region.frozen() for region in self.regions[1:])),
            roles=self._shown_roles(),
            participants=tuple(sorted(self.shown)),
            numbers=tuple(sorted(self.numbers)),
            order=tuple([event.identity for event in order]),
            secrecy=tuple(sorted(self.secrecy)),
            hearers=self._hearers(order),
            team=self._team(),
            known={
                **self._known(),
                **{facet.name: facet.known() for facet in self.facets},
            },
            law=self.law.digest,
        )

    def _known(self) -> dict[str, object]:
        """The knowledge of the facets that the fold itself moves."""
        marks, renewals, assessing = self.marks, self.renewals, self.assessing
        setting = ClockSetting(
            self.stream, self.keys, self.law.digest, marks.breaches, marks.warnings
        )
        clocks = renewals.clocks(self.clocks.frozen(setting), marks.breaches)
        unfounded = tuple(map(_told, self.unfounded))
        found = (*renewals.findings(self.findings.all(marks.findings)), *marks.asked())
        return {
            ClocksFacet.name: KnownClocks(clocks, standing(marks.breaches), unfounded),
            FindingsFacet.name: KnownFindings(found, standing(marks.findings)),
            DeviationsFacet.name: self.findings.of_history(),
            WorkFacet.name: self.work.frozen(self.units),
            CopiesFacet.name: renewals.copies(self.transitions.copies()),
            RecallsFacet.name: self.recalls.all(),
            AssessmentsFacet.name: assessing.all(),
            OrganisationsFacet.name: KnownOrganisations(assessing.punished(), assessing.acts()),
            LinksFacet.name: self.links.known(),
        }


def _told(event: CaseEvent) -> Told:
    key = body.text(event.data, "clock_key")
    return Told(key=key, event=event.identity, data=event.data, revision=0)
