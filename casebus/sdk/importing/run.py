"""Imports a file: rows in batches, minted, signed together, sent.

A second run of the same file changes nothing: ids are made from the content of rows, and the local
store remembers the last content of each event.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import islice
from typing import Protocol, TypeVar

from casebus.errors import CasebusError
from casebus.events.schemas import Schemas
from casebus.events.types import CASE_CORRECTED
from casebus.now import Now, system_now
from casebus.sdk.event import NewEvent, Published
from casebus.sdk.finishing import Checked, check
from casebus.sdk.importing.files import FileRows, RawRow, SourceFile
from casebus.sdk.importing.frame import Frame
from casebus.sdk.importing.issues import Issue, IssueCode
from casebus.sdk.importing.mapping import Mapping
from casebus.sdk.importing.minting import (
    KnownSlot,
    MintedEvent,
    reconcile_row,
)
from casebus.sdk.importing.recorded import Holding, slots_from_history
from casebus.sdk.importing.report import ImportSummary, Report
from casebus.sdk.importing.rows import ReadRow, read_row
from casebus.sdk.importing.seen import SeenRows
from casebus.sdk.store import Store
from casebus.trust.agency_names import AgencyNames

_T = TypeVar("_T")
#: Rows whose events are signed as one tree and sent together.
BATCH_ROWS = 200


class Publish(Protocol):
    """The publisher's `publish`."""

    def __call__(
        self, events: Sequence[NewEvent | Checked], *, also: Callable[[], None] | None = None
    ) -> list[Published]: ...


@dataclass(frozen=True, slots=True, kw_only=True)
class ImportPorts:
    """The ports of an import to the world. Without `publish` it is a dry run."""

    schemas: Schemas
    store: Store
    agencies: AgencyNames
    #: Tells if this machine can sign for an agency.
    can_sign: Callable[[str], bool]
    #: The bus's knowledge about (number, stream) pairs; None asks nobody.
    ask: Callable[[Sequence[tuple[str, str]]], list[Holding]] | None = None
    publish: Publish | None = None
    now: Now = system_now


@dataclass(slots=True)
class _Plan:
    """A row that was read, the known facts of its case, and the events to send."""

    read: ReadRow
    known: dict[str, KnownSlot] = field(default_factory=dict)
    events: list[MintedEvent] = field(default_factory=list)


class Importer:
    """One run over one file, by `agency`."""

    def __init__(self, agency: str, mapping: Mapping, ports: ImportPorts, actor: str = "") -> None:
        if not agency:
            raise CasebusError("no_source", "say which agency imports (CASEBUS_AGENCY)")
        self._agency = agency
        self._mapping = mapping
        self._ports = ports
        self._frame = Frame(agency, mapping, actor)
        self._number_column = mapping.case.number.column
        self._summary = ImportSummary(self._frame.import_id, dry_run=ports.publish is None)

    def run(
        self,
        source: SourceFile,
        rows: Iterable[RawRow],
        report: Report,
        advance: Callable[[], None] = lambda: None,
    ) -> ImportSummary:
        """Import every row; `advance` is called after each batch, for a progress bar."""
        with SeenRows() as seen:
            for batch in batches(rows, BATCH_ROWS):
                plans = self._plans(batch, seen, report)
                self._send(source, [plan for plan in plans if plan.events])
                advance()
        if isinstance(rows, FileRows):
            self._summary.lines = rows.lines
        self._close(source)
        return self._summary

    def _plans(self, batch: list[RawRow], seen: SeenRows, report: Report) -> list[_Plan]:
        reads = [self._read(row, cells, seen, report) for row, cells in batch]
        plans = [_Plan(read) for read in reads if read is not None]
        for plan in plans:
            plan.known = self._ports.store.slots(plan.read.stream)
        kept = self._asked(plans, report)
        for plan in kept:
            plan.events = reconcile_row(plan.read.events, plan.known)
            self._note_dropped(plan, report)
        self._count(kept)
        return kept

    def _read(
        self, row: int, cells: dict[str, str] | Issue, seen: SeenRows, report: Report
    ) -> ReadRow | None:
        """The row, or None if it is refused; its issues are reported either way."""
        if isinstance(cells, Issue) and not cells.refused:
            self._summary.count(cells)
            report(cells)
            return None
        self._summary.rows_read += 1
        if isinstance(cells, Issue):
            self._refuse(cells, report)
            return None
        read = read_row(row, cells, self._mapping, self._ports.agencies)
        for issue in read.issues:
            self._summary.count(issue)
            report(issue)
        if read.refused:
            self._summary.rows_refused += 1
            return None
        refusal = self._misfit(read) or seen.repeats(read, self._number_column)
        if refusal is None:
            return read
        self._refuse(refusal, report)
        return None

    def _misfit(self, read: ReadRow) -> Issue | None:
        """The reason why a row's events cannot be finished: no key, or a misfit with the schema."""
        for event in read.events:
            if not self._ports.can_sign(event.source):
                return Issue(read.row, "", IssueCode.NO_KEY, event.source)
            try:
                check(self._frame.new(event), self._ports.schemas, self._agency)
            except CasebusError as error:
                detail = f"{event.type}: {error.detail or error.code}"
                return Issue(read.row, "", IssueCode.EVENT_INVALID, detail)
        return None

    def _asked(self, plans: list[_Plan], report: Report) -> list[_Plan]:
        """The plans whose number no other case has.

        The gateway is asked about cases unknown here.
        """
        if self._ports.ask is None:
            return plans
        fresh = [plan for plan in plans if not plan.known]
        answers = self._ports.ask([(plan.read.number, plan.read.stream) for plan in fresh])
        taken: set[str] = set()
        for plan, holding in zip(fresh, answers, strict=True):
            plan.known = slots_from_history(plan.read.events, holding.history)
            if holding.others:
                taken.add(plan.read.stream)
                detail = f"case {', '.join(holding.others)} carries this number"
                code = IssueCode.NUMBER_IN_USE
                self._refuse(Issue(plan.read.row, self._number_column, code, detail), report)
        return [plan for plan in plans if plan.read.stream not in taken]

    def _note_dropped(self, plan: _Plan, report: Report) -> None:
        for slot in sorted(plan.known.keys() - {event.slot for event in plan.read.events}):
            code = IssueCode.EVENT_DROPPED
            issue = Issue(plan.read.row, "", code, slot, refused=False)
            self._summary.count(issue)
            report(issue)

    def _refuse(self, issue: Issue, report: Report) -> None:
        self._summary.rows_refused += 1
        self._summary.count(issue)
        report(issue)

    def _count(self, plans: list[_Plan]) -> None:
        self._summary.rows_taken += len(plans)
        for plan in plans:
            corrections = sum(event.type == CASE_CORRECTED for event in plan.events)
            self._summary.rows_unchanged += not plan.events
            self._summary.corrections += corrections
            self._summary.events += len(plan.events) - corrections

    def _send(self, source: SourceFile, plans: list[_Plan]) -> None:
        publish = self._ports.publish
        if publish is None or not plans:
            return

        def remember() -> None:
            for plan in plans:
                self._ports.store.remember_slots(plan.read.stream, _now_known(plan))

        opened = self._frame.opened(source.digest)
        first = [] if self._is_kept(opened) else [opened]
        events = [self._frame.new(event) for plan in plans for event in plan.events]
        publish([*first, *events], also=remember)

    def _close(self, source: SourceFile) -> None:
        """Close the import if this file opened it, once."""
        closed = self._frame.closed(source.digest, self._summary)
        if self._ports.publish is None or self._is_kept(closed):
            return
        if self._is_kept(self._frame.opened(source.digest)):
            self._ports.publish([closed])

    def _is_kept(self, event: NewEvent) -> bool:
        return self._frame.is_kept(event, self._ports.store)


def _now_known(plan: _Plan) -> dict[str, KnownSlot]:
    """The state of the row's slots after its events are sent."""
    known = {}
    for event in plan.read.events:
        earlier = plan.known.get(event.slot)
        if earlier is None:
            known[event.slot] = KnownSlot(event.id, event.source, event.fields())
        else:
            changed = earlier.fields != event.fields()
            revision = earlier.revision + changed
            known[event.slot] = KnownSlot(earlier.id, earlier.source, event.fields(), revision)
    return known


def batches(rows: Iterable[_T], size: int) -> Iterator[list[_T]]:
    """The rows, so many at a time."""
    several = iter(rows)
    while batch := list(islice(several, size)):
        yield batch
