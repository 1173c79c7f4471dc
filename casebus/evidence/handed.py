"""Hand-overs: checks the record of each step against the event.

Design rule 17, steps of a hand-over.
"""

from __future__ import annotations

from typing import Any

from casebus.errors import CasebusError
from casebus.events.envelope import Envelope
from casebus.events.hand_overs import DELIVERED, RELAYED, RETRIEVED, SUBMITTED
from casebus.events.schemas import Schemas
from casebus.events.stamps import RECIPIENTS, texts_of
from casebus.events.types import INTAKE_OPENED, INTAKE_RECEIVED
from casebus.evidence import lines
from casebus.evidence.lines import JournalLine
from casebus.evidence.opening import Bundle, ProvedHandOver
from casebus.evidence.report import BundleReport, Flaw

#: The content of a step's record. A checkpoint also speaks for agencies with their own system.
_SAYS = {DELIVERED: INTAKE_RECEIVED, RETRIEVED: INTAKE_OPENED}


def check_hand_overs(bundle: Bundle, schemas: Schemas, report: BundleReport) -> None:
    steps = _Steps(bundle, schemas)
    for number, said in bundle.hand_overs.items():
        if not steps.holds(said):
            where = f"{said.step} {said.place}"
            report.add(Flaw.HAND_OVER, lines.HAND_OVERS, f"line {number}", where)


class _Steps:
    def __init__(self, bundle: Bundle, schemas: Schemas) -> None:
        self._schemas = schemas
        self._relays = {one.place for one in bundle.relays.values()}
        self._records = {one.place: one for one in bundle.records.values()}
        #: The recipients of each event that is given whole, over all its copies.
        self._sent: dict[tuple[str, str], set[str]] = {}
        for line in bundle.records.values():
            if (envelope := _envelope(line)) is not None:
                to = self._sent.setdefault((envelope.source, envelope.id), set())
                to.update(texts_of(line.headers).get(RECIPIENTS, "").split())

    def holds(self, said: ProvedHandOver) -> bool:
        recipients = self._sent.get((said.source, said.id))
        if recipients is None:
            return False
        if said.step == RELAYED:
            return not said.agency and said.place in self._relays
        if said.step == SUBMITTED:
            return not said.agency and self._is_the_event(said)
        if said.agency not in recipients:
            return False
        by_the_bus = said.step == DELIVERED and said.place in self._relays
        return by_the_bus or self._says(said)

    def _is_the_event(self, said: ProvedHandOver) -> bool:
        record = self._records.get(said.place)
        envelope = None if record is None else _envelope(record)
        return envelope is not None and (envelope.source, envelope.id) == (said.source, said.id)

    def _says(self, said: ProvedHandOver) -> bool:
        """An agency speaks for itself only; a record without its body is checked as a leaf."""
        record = self._records.get(said.place)
        if record is None or record.value is None:
            return record is not None
        envelope = _envelope(record)
        try:
            body: dict[str, Any] = self._schemas.decode(record.value)[1]
        except CasebusError:
            return False
        about = (body.get("event_source"), body.get("event_id"), body.get("agency"))
        named = about == (said.source, said.id, said.agency)
        return (
            named
            and envelope is not None
            and (envelope.type, envelope.agency) == (_SAYS.get(said.step), said.agency)
        )


def _envelope(line: JournalLine) -> Envelope | None:
    """For a record that is given whole and can be read."""
    if line.value is None:
        return None
    try:
        return Envelope.from_headers(line.headers)
    except CasebusError:
        return None
