"""The fold: from the events of one stream and a law to the state of its case.

It is a pure function: any permutation and repetition of the same journaled events gives the same
state. Recording never fails on content; mismatches_of are flagged, not refused.

It puts the events in order and takes them one by one. `standing` says which regions accept an
event, `transitions` what it moves there, `bus_events` what the bus's own events do, and each facet
what the case knows at the end.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from casebus.cases import event_reading, facets
from casebus.cases.bus_events import BusEvents
from casebus.cases.corrections import corrected
from casebus.cases.dating import Ahead, date_all
from casebus.cases.event import CaseEvent, Identity, first_journaled
from casebus.cases.event_reading import EventReading
from casebus.cases.facets.assessments.assessing import Assessing
from casebus.cases.facets.clocks.changes import MOVES, move
from casebus.cases.facets.clocks.of_case import Clocks
from casebus.cases.facets.copies import CopiesOwed
from casebus.cases.facets.findings.collected import Findings
from casebus.cases.facets.links import ABSORBED, FIELDS, MERGED, Links
from casebus.cases.facets.recalls.recalled import Recalls
from casebus.cases.facets.recalls.words import RECALLED, unworded
from casebus.cases.facets.work.items import WorkItems
from casebus.cases.flagged import note_ahead, note_beyond, note_flags
from casebus.cases.keys import StreamKeys
from casebus.cases.open_regions import OpenRegion, OpenRegions
from casebus.cases.openers import leading, openings_of, owners_of
from casebus.cases.order import fold_order
from casebus.cases.parts import Parts
from casebus.cases.reading import numbers_of, read_once
from casebus.cases.receipts import CaseReceipts
from casebus.cases.reporting import CYCLE, NO_STANDING, OUT_OF_PROCEDURE
from casebus.cases.sequences import check_sequences
from casebus.cases.standing import AuthorStanding, Here
from casebus.cases.state import NO_CASE, Case
from casebus.cases.transitions import Transitions
from casebus.cases.unopened import unopened
from casebus.events.doors import BUS
from casebus.events.types import INTAKE_RECEIVED, event_name
from casebus.law import Law

#: Grows with each change of the fold's result for the same events and the same law.
FOLD_VERSION = 5

_RECEIVED = event_name(INTAKE_RECEIVED)


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
        #: Events that count by the day of their admission.
        self.ahead = ahead
        self.keys = StreamKeys(recorded[0].stream)
        self.recalls = Recalls(recorded)
        self.findings = Findings(self.keys, law.waits, self.recalls.events)
        # Their corrected content decides their order, so corrections come first.
        read = corrected(recorded, self.findings)
        self.order = self._in_order(read)
        opening = leading(openings, self.order, law)
        self.opener = opening.source
        self.owners = owners_of(recorded, opening, law)
        self.parts = Parts(self.owners, self.recalls.events)
        self.regions = OpenRegions(law, opening, self.parts)
        self.standing = AuthorStanding(self.regions, self.parts)
        self.secrecy: set[str] = set()
        self.numbers: set[tuple[str, str]] = set()
        self.last: dict[str, CaseEvent] = {}
        self._make_moved(recorded)
        setting = facets.Setting(law, self.findings, recorded, read, self.recalls.events)
        self.facets = [facet(setting) for facet in facets.READ_FACETS]

    def _in_order(self, read: Sequence[CaseEvent]) -> list[CaseEvent]:
        recalled = self.recalls.events
        order, cycles = fold_order(list(unworded(read, recalled)) if recalled else read)
        self.recalls.tell(self.findings)
        for cycle in cycles:
            detail = {"events": " ".join(event.id for event in cycle)[:1000]}
            self.findings.add(CYCLE, cycle[0], detail)
        return order

    def _make_moved(self, recorded: Sequence[CaseEvent]) -> None:
        """The parts of facets that no event speaks of alone: transitions and answers move them.

        They are made by hand, because each leans on those before it.
        """
        law, findings, regions = self.law, self.findings, self.regions
        self.receipts = CaseReceipts(recorded, law.received_within)
        self.clocks = Clocks(law, self.keys, self.receipts)
        self.work = WorkItems(self.keys, findings, law)
        self.copies = CopiesOwed()
        self.links = Links()
        recalled = self.recalls.events
        self.assessing = Assessing(law, findings, self.clocks, regions.known, recalled)
        self.transitions = Transitions(
            regions,
            self.last,
            clocks=self.clocks,
            work=self.work,
            copies=self.copies,
            findings=findings,
        )
        self.bus = BusEvents(
            self.order,
            self.parts,
            regions,
            self.transitions,
            clocks=self.clocks,
            assessing=self.assessing,
        )

    def run(self, beyond: Sequence[CaseEvent]) -> Case:
        note_beyond(beyond, self.findings)
        check_sequences(self.order, self.findings)
        for event in self.order:
            if event.sector == BUS:
                self._take_from_bus(event)
            else:
                self._take_from_agency(event)
        self.assessing.finish()
        return self._frozen()

    def _take_from_bus(self, event: CaseEvent) -> None:
        if event.data.get("numbers"):
            self.numbers.update(read_once(numbers_of, event, self.law))
        self.bus.take(event, event.name)

    def _take_from_agency(self, event: CaseEvent) -> None:
        name, said = event.name, read_once(event_reading.read, event, self.law)
        if said.numbers:
            self.numbers.update(said.numbers)
        procedural = said.is_procedural or self.regions.claim(name, beside=said.is_beside)
        if event.flags or event.conflicting:
            note_flags(event, self.findings, aloud=procedural)
        if self.ahead and event.identity in self.ahead:
            note_ahead(event, self.ahead[event.identity], self.findings, aloud=procedural)
        if name == RECALLED:
            # It takes back only its author's own words, whoever has a part in the case.
            self.last[name] = event
        elif procedural:
            self._fold(event, name, said)
        elif name == _RECEIVED:
            self.work.note_unit(event, self.receipts)
        # What was folded, or stands beside the procedures, by who has a part in the case: figures,
        # secrecy and rights said by others are not the case's (ADR 40).
        if said.says and event.agency in self.parts.now:
            folded = not procedural or self.last.get(name) is event
            if folded:
                self._take(event, said)

    def _take(self, event: CaseEvent, said: EventReading) -> None:
        """Take its content besides transitions: figures, secrecy, the facets."""
        if said.figures:
            self.assessing.take(event, said.figures)
        if said.facets and not self._is_recalled(event):
            for place, part in said.facets:
                self.facets[place].take(event, part)
        if said.secrecy is not None:
            self.secrecy.add(said.secrecy)

    def _is_recalled(self, event: CaseEvent) -> bool:
        recalled = self.recalls.events
        return bool(recalled) and event.identity in recalled

    def _fold(self, event: CaseEvent, name: str, said: EventReading) -> None:
        """Apply the event in each region that accepts it.

        If one region accepts it, no region flags it. If none does, it is flagged once, and each
        region that knows it does what can still be done.
        """
        fresh = self.regions.opened_by(event, name)
        expected, strays, barred = self.standing.where(event, name, fresh)
        if not expected and name in self.law.common:
            self._take_common(event, name, said)
            return
        if barred is not None and not expected and not strays:
            self._note_no_standing(event, barred)
            return
        if not self.work.act(event, must_bear=said.must_bear):
            return
        if fresh is not None:
            self.regions.add(fresh, event.agency)
        if expected or strays:
            if self.parts.names_anew(event):
                self.standing.name(event, [region for region, _ in expected or strays])
            self.last[name] = event
        for region, step in expected:
            if step.opening:
                self.regions.open_again(region, event)
            self.transitions.apply(region, step, event)
        if not expected:
            self._note_out_of_procedure(event, name, strays)

    def _take_common(self, event: CaseEvent, name: str, said: EventReading) -> None:
        """Take an event that any participant may send in any state."""
        agency, standing = event.agency, self.standing
        merges = name in {MERGED, ABSORBED}
        if not (standing.may_merge(agency) if merges else standing.takes_part(agency)):
            self._note_no_standing(event, self.regions.leading)
        elif self.work.act(event, must_bear=said.must_bear):
            if self.parts.names_anew(event):
                standing.name(event, self.work.region_of(event))
            self.last[name] = event
            if name in MOVES:
                move(event, name, self.clocks, self.findings)
            elif name in FIELDS:
                self._link(event, name)

    def _link(self, event: CaseEvent, name: str) -> None:
        """Note the other case. If this case goes on in it, end what runs here."""
        if not self._is_recalled(event):
            self.links.note(event, name)
        if name == ABSORBED:
            self.transitions.absorb(event)

    def _note_no_standing(self, event: CaseEvent, region: OpenRegion) -> None:
        # A stranger hears nothing of how the case stands.
        detail = {"agency": event.agency, "event": event.name}
        if self.standing.takes_part(event.agency):
            detail["state"] = region.status
        self.findings.add(NO_STANDING, event, detail, tell=[event.agency, *event.to])

    def _note_out_of_procedure(self, event: CaseEvent, name: str, strays: list[Here]) -> None:
        state = (strays[0][0] if strays else self.regions.leading).status
        detail = {"state": state, "event": name}
        self.findings.add(OUT_OF_PROCEDURE, event, detail, tell=[event.agency])
        for region, step in strays:
            self.transitions.stray(region, step, event)

    def _frozen(self) -> Case:
        regions, standing = self.regions.frozen(), self.standing
        #: Those who are shown the case.
        shown = self.parts.at_end(self.order, self.regions.has_role)
        leading = regions[0]
        return Case(
            stream=self.keys.stream,
            status=leading.status,
            procedure=leading.procedure,
            title=leading.title,
            title_en=leading.title_en,
            opener=self.opener,
            regions=regions,
            roles=self.regions.roles(),
            participants=tuple(sorted(shown)),
            numbers=tuple(sorted(self.numbers)),
            order=tuple([event.identity for event in self.order]),
            secrecy=tuple(sorted(self.secrecy)),
            hearers=standing.hearers(self.order, shown),
            team=standing.team(self.owners, shown),
            known=self._known(),
            law=self.law.digest,
        )

    def _known(self) -> dict[str, object]:
        """The knowledge of each facet."""
        moved = facets.Moved(
            self.keys.stream,
            (
                self.recalls,
                self.findings,
                self.clocks,
                self.work,
                self.copies,
                self.links,
                self.assessing,
                self.bus.announcements,
                self.bus.renewals,
                *self.facets,
            ),
        )
        return {facet.name: facet.after(moved) for facet in facets.FACETS}
