"""The state of a whole case, folded again from the bundle alone."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace

from casebus.cases import FOLD_VERSION, CaseEvent, fold
from casebus.cases.event import Identity
from casebus.cases.room import Admittance, Room, Rooms
from casebus.cases.stamped import case_event, widened
from casebus.errors import CasebusError
from casebus.events.envelope import Envelope
from casebus.events.schemas import Schemas
from casebus.events.stamps import Stamps
from casebus.evidence import lines
from casebus.evidence.lines import JournalLine
from casebus.evidence.opening import Bundle
from casebus.evidence.report import BundleReport, Flaw, FoldComparison
from casebus.evidence.signed import leaf_of
from casebus.law import Law
from casebus.law.bundle import digest
from casebus.words import in_words

_LEFT_OUT = "what the reader may not see was left out"
_NOT_HELD = "the bundle does not hold"


@dataclass(frozen=True)
class FoldTools:
    """The schemas and limits of the checker's own casebus, by which it reads bodies and folds."""

    schemas: Schemas
    #: The text of policies/limits.yaml.
    limits: str


class _OtherError(Exception):
    """The state was derived by what this casebus does not have."""


def limits_digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


def compare_state(bundle: Bundle, reading: FoldTools, report: BundleReport) -> None:
    """Fold the case again and say whether it is in the state that the bundle says."""
    state = bundle.state
    if state is None or any(one.value is None for one in bundle.records.values()):
        report.state, report.about_state = FoldComparison.PARTIAL, _LEFT_OUT
        return
    if digest(bundle.law) != state.get("law"):
        report.add(Flaw.LAW_ALTERED, lines.LAW, detail=f"not {state.get('law')}")
        report.state = FoldComparison.NOT_COMPARABLE
        return
    if not report.ok:
        report.state, report.about_state = FoldComparison.NOT_COMPARABLE, _NOT_HELD
        return
    try:
        _require_same(bundle, state, reading)
        lines_of_case = bundle.records.values()
        case = fold(events_of(lines_of_case, bundle.schemas, reading), Law(bundle.law))
    except (_OtherError, CasebusError, ValueError, KeyError) as error:
        # Stamps that no admission of this version writes, or a law of another form.
        report.state, report.about_state = FoldComparison.NOT_COMPARABLE, in_words(error)
        return
    report.state, report.about_state = FoldComparison.SAME, case.status
    if (case.digest(), case.status) != (state.get("digest"), state.get("status")):
        report.state = FoldComparison.DIFFERS
        report.add(Flaw.STATE_DIFFERS, lines.STATE, "line 1", f"folded again: {case.digest()}")


def _require_same(bundle: Bundle, state: dict[str, object], reading: FoldTools) -> None:
    if state.get("unsettled"):
        raise _OtherError(f"when the bundle was made: {state['unsettled']}")
    if state.get("fold_version") != FOLD_VERSION:
        raise _OtherError(f"fold version {state.get('fold_version')}; here it is {FOLD_VERSION}")
    if state.get("limits") != limits_digest(reading.limits):
        raise _OtherError("other limits (policies/limits.yaml) than here")
    for schema in bundle.schemas:
        here = reading.schemas.by_id(schema.id)
        if here != schema:
            raise _OtherError(f"schema {schema.id} is not as it is here")


def events_of(
    records: Iterable[JournalLine], schemas: Schemas, reading: FoldTools
) -> Iterator[CaseEvent]:
    """The fold's input from whole records in the log's order, as casework gathers it."""
    room = Room(Rooms.parse(reading.limits))
    taken: dict[Identity, CaseEvent | None] = {}
    leaves: dict[Identity, bytes] = {}
    for line in records:
        envelope, stamps = Envelope.from_headers(line.headers), Stamps.of(line.headers)
        identity, leaf = (envelope.source, envelope.id), leaf_of(line, schemas)
        if identity not in taken:
            body = reading.schemas.decode(line.value)[1]
            event = case_event(envelope, body, stamps, line.place)
            taken[identity], leaves[identity] = _placed(event, room), leaf
        elif (known := taken[identity]) is not None:
            same = leaf == leaves[identity]
            taken[identity] = (
                widened(known, stamps.sector_by_recipient)
                if same
                else replace(known, conflicting=True)
            )
    return (event for event in taken.values() if event is not None)


def _placed(event: CaseEvent, room: Room) -> CaseEvent | None:
    match room.place(event):
        case Admittance.FOLDED:
            return event
        case Admittance.TOLD:
            return replace(event, beyond=True)
    return None
