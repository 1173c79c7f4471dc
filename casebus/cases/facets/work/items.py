"""Work items of one fold: transitions open and close them, and acts that name them change them."""

from __future__ import annotations

from collections.abc import Mapping

from casebus.cases import body
from casebus.cases.event import CaseEvent
from casebus.cases.facets.clocks.clock import PAUSED
from casebus.cases.facets.clocks.of_case import Clocks
from casebus.cases.facets.clocks.running import RunningClock as ClockDraft
from casebus.cases.facets.findings.collected import Findings
from casebus.cases.facets.work.item import WorkItem
from casebus.cases.facets.work.lacking import note_lacking
from casebus.cases.keys import StreamKeys
from casebus.cases.open_regions import OpenRegion
from casebus.cases.receipts import CaseReceipts
from casebus.cases.reporting import DATA_QUALITY, SUPERSEDED
from casebus.events.types import WORK_TAKEN, event_name
from casebus.law import Law
from casebus.law.compiled import ALL, DutyRule

TAKEN = event_name(WORK_TAKEN)


class OpenItem:
    """A work item during the fold."""

    __slots__ = (
        "agency",
        "changed_by",
        "clock",
        "closed_by",
        "key",
        "opened_by",
        "region",
        "rule",
        "taken_by",
        "version",
    )

    def __init__(
        self, key: str, rule: DutyRule, agency: str, event: CaseEvent, region: OpenRegion
    ) -> None:
        self.key = key
        self.rule = rule
        self.agency = agency
        self.opened_by = event
        self.region = region
        self.clock: ClockDraft | None = None
        self.version = 1
        self.changed_by = event
        self.closed_by: CaseEvent | None = None
        self.taken_by: str | None = None

    def change(self, event: CaseEvent) -> None:
        """Count a change. One event counts once, whether it names the item, closes it or both."""
        if self.changed_by is not event:
            self.changed_by = event
            self.version += 1


class WorkItems:
    def __init__(self, keys: StreamKeys, findings: Findings, law: Law) -> None:
        self._keys = keys
        self._findings = findings
        self._law = law
        self._items: dict[str, OpenItem] = {}
        self._open: list[OpenItem] = []
        #: The units that intakes named, by (agency, source, id) of what they received.
        self._units: dict[tuple[str, str, str], str] = {}

    def open(self, rule: DutyRule, event: CaseEvent, region: OpenRegion, clocks: Clocks) -> None:
        """Open one item for each agency that has the role."""
        keys = self._keys
        for agency in region.holders(rule.role):
            key = keys.of_event(event, "work", rule.name, agency, event.source, event.id)
            if key in self._items:
                # Another procedure has a duty of the same name, and the same event opened it there.
                key = keys.of_event(
                    event, "work", rule.name, agency, event.source, event.id, region.procedure.id
                )
            item = self._items[key] = OpenItem(key, rule, agency, event, region)
            if rule.clock:
                item.clock = clocks.running(rule.clock)
            self._open.append(item)

    def close(self, duties: frozenset[str], event: CaseEvent, region: OpenRegion) -> None:
        if not duties or not self._open:
            return
        everything = ALL in duties
        kept = []
        for item in self._open:
            if item.region is region and (everything or item.rule.name in duties):
                item.change(event)
                item.closed_by = event
            else:
                kept.append(item)
        self._open = kept

    def act(self, event: CaseEvent, *, must_bear: bool) -> bool:
        """Count an act on the item that the event names, and note its missing parts.

        False if another act came before it on the same version: such an event is kept, but not
        folded.
        """
        if must_bear and self._is_asked(event.agency, event.name):
            note_lacking(event, self._law, self._findings)
        return not event.data.get("work_item") or self._count(event)

    def _is_asked(self, agency: str, name: str) -> bool:
        """True if an open item asks the agency for such an act, named in it or not."""
        return any(item.agency == agency and name in item.rule.names for item in self._open)

    def _count(self, event: CaseEvent) -> bool:
        key = body.text(event.data, "work_item")
        item = self._items.get(key)
        if item is None or item.agency != event.agency:
            detail = {"reason": "no_such_work_item", "work_item": key}
            self._findings.add(DATA_QUALITY, event, detail, tell=[event.agency])
            return True
        seen = body.count(event.data, "work_version") or 0
        # 0 is the schema's default: its author saw no version.
        if seen and seen < item.version:
            self._supersede(event, item, seen)
            return False
        item.change(event)
        if event.name == TAKEN:
            item.taken_by = body.text(event.data, "actor")
        return True

    def region_of(self, event: CaseEvent) -> tuple[OpenRegion, ...]:
        """The region of the item that the event names, if it names one."""
        item = self._items.get(body.text(event.data, "work_item"))
        return () if item is None else (item.region,)

    def _supersede(self, event: CaseEvent, item: OpenItem, seen: int) -> None:
        detail = {
            "work_item": item.key,
            "duty": item.rule.name,
            "version_seen": str(seen),
            "version": str(item.version),
        }
        self._findings.add(SUPERSEDED, event, detail, tell=[event.agency])

    def note_unit(self, event: CaseEvent, receipts: CaseReceipts) -> None:
        """Take the unit that an intake names for what was sent to its agency."""
        if unit := body.text(event.data, "unit"):
            source = body.text(event.data, "event_source")
            about = (source, body.text(event.data, "event_id"))
            if receipts.was_sent(about, event.agency):
                self._units[event.agency, *about] = unit

    def frozen(self) -> tuple[WorkItem, ...]:
        """In the order opened."""
        return tuple(_freeze(one, self._units) for one in self._items.values())


def _freeze(item: OpenItem, units: Mapping[tuple[str, str, str], str]) -> WorkItem:
    """The item as it is at the end; if nothing has happened to it, the one of the last fold."""
    opened_by, closed_by = item.opened_by, item.closed_by
    clock = item.clock if item.clock and item.clock.status != PAUSED else None
    unit = units.get((item.agency, opened_by.source, opened_by.id)) if units else None
    state = (
        item.rule,
        item.region.procedure,
        item.changed_by.identity,
        None if clock is None else clock.end,
        clock is not None and clock.provisional,
        item.version,
        item.taken_by,
        None if closed_by is None else closed_by.identity,
        unit,
    )
    kept: tuple[object, WorkItem] | None = opened_by.made.get(item.key)
    if kept is None or kept[0] != state:
        kept = opened_by.made[item.key] = state, _item(item, clock, unit)
    return kept[1]


def _item(item: OpenItem, clock: ClockDraft | None, unit: str | None) -> WorkItem:
    rule, closed_by = item.rule, item.closed_by
    return WorkItem(
        key=item.key,
        agency=item.agency,
        duty=rule.name,
        title=rule.title,
        title_en=rule.title_en,
        actions=rule.types,
        opened_by=item.opened_by.identity,
        changed_by=item.changed_by.identity,
        due=None if clock is None else clock.due,
        provisional=clock is not None and clock.provisional,
        version=item.version,
        taken_by=item.taken_by,
        closed_by=None if closed_by is None else closed_by.identity,
        historic=item.opened_by.imported,
        unit=unit,
        procedure=item.region.procedure.id,
    )
