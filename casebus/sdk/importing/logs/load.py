"""Loads a log: entries in batches, minted, chained, signed together, sent.

The events of a case keep the order of the log. The bus learns this order from causes: each event
names the one before it in its case. Nothing else gives the order. The fold sorts events that do not
wait for each other by legal time, then author, then the author's own number (design rule 4, fold
order). In a log, legal times tie or are bare dates, and some even run backwards. One case has
several authors, each with its own numbers. A chain leaves the fold one order only.

A second load changes nothing. An event is known by its own id in the log. Without one, it is known
by its activity, its time-stamp as written, and the number of equal ones before it in its case.
"""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import replace
from datetime import timedelta
from itertools import islice
from typing import Any

from casebus.errors import CasebusError
from casebus.events.envelope import Envelope
from casebus.events.legaltime import LegalTime
from casebus.events.types import CASE_NOTED
from casebus.sdk.event import NewEvent
from casebus.sdk.finishing import Checked, check
from casebus.sdk.importing.files import SourceFile
from casebus.sdk.importing.frame import Frame
from casebus.sdk.importing.issues import Issue, IssueCode, RowNumber
from casebus.sdk.importing.logs.entries import RawEntry
from casebus.sdk.importing.logs.mapping import LogMapping
from casebus.sdk.importing.logs.opening import LogFile
from casebus.sdk.importing.logs.reading import EntryReader, ReadEntry
from casebus.sdk.importing.logs.state import LoadedCase, LoadState, Logged
from casebus.sdk.importing.minting import KnownSlot, MintedEvent, correct
from casebus.sdk.importing.report import ImportSummary, Report
from casebus.sdk.importing.run import ImportPorts, batches

#: Entries whose events are signed as one tree and sent together.
BATCH_ENTRIES = 500
#: How many kinds of dropped attributes are remembered, so that each is noted once.
_MOST_DROPPED = 10_000


class LogLoader:
    """One run over one log, by `agency`."""

    def __init__(
        self, agency: str, mapping: LogMapping, ports: ImportPorts, actor: str = ""
    ) -> None:
        if not agency:
            raise CasebusError("no_source", "say which agency imports (CASEBUS_AGENCY)")
        self._agency = agency
        self._mapping = mapping
        self._ports = ports
        self._frame = Frame(agency, mapping, actor)
        tomorrow = LegalTime.of(ports.now()).date + timedelta(days=1)
        self._reader = EntryReader(mapping, ports.agencies, _types_with_raw(ports), tomorrow)
        self._state = LoadState(ports.store, dry=ports.publish is None)
        self._summary = ImportSummary(self._frame.import_id, dry_run=ports.publish is None)
        self._dropped: set[tuple[str, str]] = set()
        self._report: Report = lambda _issue: None

    def position(self, source: SourceFile) -> int:
        """The number of entries that an interrupted earlier run has done."""
        return self._state.position(*self._about(source))[0]

    def run(
        self,
        source: SourceFile,
        entries: Iterable[RawEntry],
        report: Report,
        advance: Callable[[], None] = lambda: None,
    ) -> ImportSummary:
        """Load every entry, or those that an earlier run has not done."""
        self._report = report
        done, before = self._state.position(*self._about(source))
        if done:
            self._summary = _continued(before, done)
        self._state.begin(*self._about(source))
        for batch in batches(islice(entries, done, None), BATCH_ENTRIES):
            done += len(batch)
            self._take(source, batch, done)
            advance()
        if isinstance(entries, LogFile):
            self._summary.lines = entries.lines
        self._close(source)
        self._state.finish()
        return self._summary

    def _about(self, source: SourceFile) -> tuple[str, str, str]:
        return self._frame.import_id, source.digest, self._mapping.digest

    def _take(self, source: SourceFile, batch: list[RawEntry], position: int) -> None:
        reads = [(_place(one), self._read(one)) for one in batch]
        found = [(place, read) for place, read in reads if read is not None]
        self._ask([read for _, read in found])
        due = [one for place, read in found for one in self._due(place, read)]
        self._send(source, due, position)
        self._state.forget_batch()

    def _read(self, raw: RawEntry) -> ReadEntry | None:
        """The entry read, or None if it is refused; its issues are reported either way."""
        if isinstance(raw, Issue) and not raw.refused:
            self._note(raw)
            return None
        self._summary.rows_read += 1
        if isinstance(raw, Issue):
            self._refuse(raw)
            return None
        read = self._reader.read(raw)
        for issue in read.issues:
            self._note(issue)
        if read.event is None:
            self._summary.rows_refused += 1
            return None
        self._note_dropped(raw.place, read)
        return read

    def _ask(self, reads: list[ReadEntry]) -> None:
        """Ask once about each case that this store does not know."""
        if self._ports.ask is None:
            return
        fresh = {
            read.event.stream: read.number
            for read in reads
            if read.event and self._is_fresh(read.event.stream)
        }
        answers = self._ports.ask([(number, stream) for stream, number in fresh.items()])
        for stream, holding in zip(fresh, answers, strict=True):
            self._state.hold(stream, [str(one["id"]) for one in holding.history])
            self._state.set_case(stream, LoadedCase(0, barred=", ".join(holding.others)))

    def _is_fresh(self, stream: str) -> bool:
        case = self._state.case(stream)
        return case is None or (bool(case.barred) and case.load != self._state.load)

    def _due(self, place: RowNumber, read: ReadEntry) -> list[Checked]:
        """The events to send for an entry: its event, a correction of it, or none.

        If another agency than the giver of the number wrote a case's first event, a note of the
        giver with the number comes before it. So the stream is the giver's, whoever comes upon its
        id.
        """
        event = read.taken
        case = self._state.case(event.stream)
        # This run asks again about the number, whatever an earlier load was told.
        if case and case.barred and case.load == self._state.load:
            detail = f"case {case.barred} carries this number"
            self._refuse(Issue(place, self._mapping.case.id, IssueCode.NUMBER_IN_USE, detail))
            return []
        # Taken before the case's own attributes: which event gets those depends on the file.
        said = _said(event)
        count = self._state.occurrence(event.stream, event.key)
        if count > 1 and event.slot:
            self._refuse(self._repeated(place, event, said))
            return []
        if count > 1:
            event = replace(event, key=f"{event.key} #{count}")
        if read.about and (case is None or case.load != self._state.load or not case.id):
            event.data["raw"] = dict(read.about) | event.data["raw"]
        earlier = self._known(event, said)
        note = self._note_of(read, case) if earlier is None else None
        if note is not None:
            case = LoadedCase(0, note.id, _sortable(note.legal))
        due = (
            self._chained(event, case) if earlier is None else self._corrected(event, earlier, said)
        )
        checked = [self._checked(place, one) for one in (note, due) if one is not None]
        for one in checked:
            if isinstance(one, Issue):
                self._refuse(one)
                return []
        logged = earlier or Logged(event.id, event.source, said)
        if earlier and due:
            fields = self._whole(event).fields()
            logged = Logged(earlier.id, earlier.source, said, earlier.revision + 1, fields)
        self._remember(event, logged)
        self._summary.events += note is not None
        self._count(is_due=due is not None, is_known=earlier is not None)
        return [one for one in checked if not isinstance(one, Issue)]

    def _note_of(self, read: ReadEntry, case: LoadedCase | None) -> MintedEvent | None:
        """The giver's own statement that the case is its, if its first event is another's."""
        event = read.taken
        if (case is not None and case.id) or event.source == read.giver:
            return None
        number = {"kind": self._mapping.case.kind, "value": read.number}
        note = MintedEvent(
            slot="",
            type=CASE_NOTED,
            stream=event.stream,
            source=read.giver,
            to=(),
            legal=event.legal,
            data={"topic": "import", "note": self._mapping.title, "numbers": [number]},
        )
        return None if self._state.is_held(note) else note

    def _repeated(self, place: RowNumber, event: MintedEvent, said: bytes) -> Issue:
        earlier = self._state.logged(event.stream, event.key)
        is_same = earlier is not None and earlier.said == said
        code = IssueCode.DUPLICATE_ROW if is_same else IssueCode.NUMBER_REPEATED
        return Issue(place, self._mapping.event.id, code, "an earlier event has this id")

    def _known(self, event: MintedEvent, said: bytes) -> Logged | None:
        found = self._state.logged(event.stream, event.key)
        if found is None and self._state.is_held(event):
            # Another machine sent it. Its content there is not compared: it counts as the same.
            return Logged(event.id, event.source, said)
        return found

    def _chained(self, event: MintedEvent, case: LoadedCase | None) -> MintedEvent:
        """The event with the case's last event as cause.

        Across two files only if that is not later.
        """
        if case is None or not case.id:
            return event
        if case.load != self._state.load and case.legal > _sortable(event.legal):
            return event
        return replace(event, causation=(case.id,))

    def _corrected(self, event: MintedEvent, earlier: Logged, said: bytes) -> MintedEvent | None:
        if said == earlier.said:
            return None
        fields = earlier.fields or self._recorded(event.stream, earlier)
        known = KnownSlot(earlier.id, earlier.source, fields, earlier.revision)
        return correct(self._whole(event), known)

    def _whole(self, event: MintedEvent) -> MintedEvent:
        """The data with every field of its type, as a recorded event has them."""
        schemas = self._ports.schemas
        _, data = schemas.decode(schemas.encode(event.type, event.data))
        return replace(event, data=data)

    def _recorded(self, stream: str, earlier: Logged) -> dict[str, Any]:
        kept = self._ports.store.find(earlier.source, stream, earlier.id)
        if kept is None:
            return {}
        envelope = Envelope.from_headers(kept.record.headers)
        _, data = self._ports.schemas.decode(kept.record.value)
        about = {
            "$source": envelope.source,
            "$to": list(envelope.to),
            "$legaltime": str(envelope.legaltime),
        }
        return about | data

    def _checked(self, place: RowNumber, due: MintedEvent) -> Checked | Issue:
        """The event ready to be finished, or the reason against it: no key, or a misfit."""
        if not self._ports.can_sign(due.source):
            return Issue(place, "", IssueCode.NO_KEY, due.source)
        try:
            return check(self._frame.new(due), self._ports.schemas, self._agency)
        except CasebusError as error:
            detail = f"{due.type}: {error.detail or error.code}"
            return Issue(place, "", IssueCode.EVENT_INVALID, detail)

    def _remember(self, event: MintedEvent, logged: Logged) -> None:
        self._state.set_logged(event.stream, event.key, logged)
        self._state.set_case(event.stream, LoadedCase(0, logged.id, _sortable(event.legal)))

    def _count(self, *, is_due: bool, is_known: bool) -> None:
        self._summary.rows_taken += 1
        self._summary.rows_unchanged += not is_due
        self._summary.corrections += is_due and is_known
        self._summary.events += is_due and not is_known

    def _send(self, source: SourceFile, due: list[Checked], position: int) -> None:
        def write() -> None:
            self._state.write(position, self._summary.as_json())

        publish, store = self._ports.publish, self._ports.store
        if publish is None or not due:
            with store.writing():
                write()
            return
        opened = self._frame.opened(source.digest)
        first = [] if self._frame.is_kept(opened, store) else [opened]
        publish([*first, *due], also=write)

    def _close(self, source: SourceFile) -> None:
        """Close the import if this log opened it, once."""
        publish, store = self._ports.publish, self._ports.store
        closed: NewEvent = self._frame.closed(source.digest, self._summary)
        if publish is None or self._frame.is_kept(closed, store):
            return
        if self._frame.is_kept(self._frame.opened(source.digest), store):
            publish([closed])

    def _note_dropped(self, place: RowNumber, read: ReadEntry) -> None:
        for name in read.dropped:
            seen = (read.taken.type, name)
            if seen not in self._dropped and len(self._dropped) < _MOST_DROPPED:
                self._dropped.add(seen)
                code, detail = IssueCode.ATTRIBUTE_DROPPED, read.taken.type
                self._note(Issue(place, name, code, detail, refused=False))

    def _refuse(self, issue: Issue) -> None:
        self._summary.rows_refused += 1
        self._note(issue)

    def _note(self, issue: Issue) -> None:
        self._summary.count(issue)
        self._report(issue)


def _types_with_raw(ports: ImportPorts) -> frozenset[str]:
    return frozenset(
        schema.ce_type
        for schema in ports.schemas
        if any(field["name"] == "raw" for field in schema.body.get("fields", ()))
    )


def _place(raw: RawEntry) -> RowNumber:
    row = raw.row if isinstance(raw, Issue) else raw.place
    return row if isinstance(row, RowNumber) else RowNumber(row)


def _said(event: MintedEvent) -> bytes:
    text = json.dumps([event.type, event.fields()], ensure_ascii=False, sort_keys=True)
    return hashlib.sha256(text.encode()).digest()[:16]


def _sortable(legal: LegalTime) -> str:
    return legal.moment().isoformat()


def _continued(before: dict[str, Any], position: int) -> ImportSummary:
    known = {name: value for name, value in before.items() if name not in {"codes", "lines"}}
    return ImportSummary(**known | {"resumed_at": position}, codes=Counter(before.get("codes", {})))
