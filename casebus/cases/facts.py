"""The facts of an event for statistics: offence, rights, amounts, outcomes. Never a name.

Only enumerations, truths, counts and amounts of money are taken from the body, by the types of the
schema, so that a new indicator needs no new column. A fact is a function of the events of its
stream that were journaled no later: a rebuild makes the same rows.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import dataclass, replace
from datetime import date, datetime
from typing import Any

from casebus.cases import body
from casebus.cases.corrections import CORRECTED
from casebus.cases.corrections import corrected as as_corrected
from casebus.cases.dating import dated
from casebus.cases.event import CaseEvent
from casebus.cases.facets.findings.collected import Findings
from casebus.cases.keys import StreamKeys
from casebus.cases.reporting import NO_STANDING, OMISSION
from casebus.events.doors import BUS
from casebus.events.envelope import agency_of
from casebus.events.schemas import CodecError, Schemas
from casebus.events.types import (
    CASE_CORRECTED,
    CLOCK_BREACH_WITHDRAWN,
    CLOCK_BREACHED,
    FINDING_RAISED,
    FINDING_WITHDRAWN,
    any_version,
    event_name,
)

#: Domains about handing over, working on or bringing in a case, not about its events. In streams
#: that are not folded, the batch would decide whether such an event is counted.
UNCOUNTED = frozenset({"directory", "import", "intake", "law", "relay", "work"})
#: The field in which the bus's statements name their event.
_ABOUT = {
    event_name(FINDING_RAISED): ("event_source", "event_id"),
    event_name(FINDING_WITHDRAWN): ("event_source", "event_id"),
    event_name(CLOCK_BREACH_WITHDRAWN): ("breach_source", "breach_id"),
}
#: The bus's own words that figures are made of.
_OF_BUS = frozenset({event_name(CLOCK_BREACHED), *_ABOUT})
_MONEY, _COUNTS = "Money", frozenset({"int", "long"})
_NOT_SAID = frozenset({"work_version"})
_LONGEST = 64
_CORRECTED = any_version(CASE_CORRECTED)
#: Revisions grow with the journal: epoch first, then the place in it.
_EPOCH = 1 << 44


@dataclass(frozen=True, slots=True)
class Fact:
    """One reading of one event; amounts in `said` are fen."""

    source: str
    id: str
    #: 0 as sent; greater for a later reading.
    revision: int
    type: str
    author: str
    sector: str
    legal_on: date
    recorded_at: datetime
    offence: str
    rights: list[str]
    secrecy: str
    about_source: str
    about_id: str
    said: dict[str, Any]


class FactReader:
    """Reads facts; knows for each type the fields with countable values."""

    def __init__(self, schemas: Schemas) -> None:
        self._schemas = schemas
        self._fields: dict[str, tuple[tuple[str, bool], ...]] = {}

    def facts(
        self, event: CaseEvent, stream: Collection[CaseEvent], *, corrected: bool | None = None
    ) -> Iterator[Fact]:
        """The facts of a new event, and the new facts of earlier ones; `stream` has all events.

        A caller that asks about many events of a stream may pass `is_corrected` for all of it.
        """
        name = event.name
        if not _counts(event, name):
            return
        event = dated(event)
        if event.agency == BUS and event.data.get("kind") == OMISSION:
            yield _of_whom(self._fact(event, event, name, 0), event, stream)
            return
        if not (is_corrected(stream) if corrected is None else corrected):
            yield self._fact(event, event, name, 0)
            return
        events = [dated(one) for one in stream if one.position <= event.position]
        read = {
            one.identity: one for one in as_corrected(events, Findings(StreamKeys(event.stream)))
        }
        yield self._fact(read[event.identity], event, name, 0)
        if name == CORRECTED:
            target = read.get((_text(event, "corrected_source"), _text(event, "corrected_id")))
            if (
                target is not None
                and target.agency == event.agency
                and target.identity != event.identity
            ):
                epoch, _, index = event.position
                yield self._fact(target, event, target.name, epoch * _EPOCH + index + 1)

    def _fact(self, event: CaseEvent, told_by: CaseEvent, name: str, revision: int) -> Fact:
        data = event.data
        about = _about(name, data)
        return Fact(
            source=event.source,
            id=event.id,
            revision=revision,
            type=name,
            author=event.agency,
            sector=event.sector,
            legal_on=event.legal.date,
            recorded_at=told_by.recorded_at,
            offence=body.text(data, "offence").strip()[:_LONGEST],
            rights=_rights(data),
            secrecy=body.text(data, "secrecy")[:_LONGEST],
            about_source=about[0],
            about_id=about[1],
            said=self._said(event),
        )

    def _said(self, event: CaseEvent) -> dict[str, Any]:
        fields = self._fields.get(event.type)
        if fields is None:
            fields = self._fields[event.type] = self._countable(event.type)
        said: dict[str, Any] = {}
        for name, is_money in fields:
            value = event.data.get(name)
            if is_money:
                value = body.count(value, "fen") if isinstance(value, dict) else None
            elif isinstance(value, str):
                value = body.plain(value)[:_LONGEST]
            if value is not None and value != 0:
                said[name] = value
        if event.agency == BUS and "clock" in event.data:
            trigger = f"{_text(event, 'trigger_source')} {_text(event, 'trigger_id')}"
            said |= {"clock": _text(event, "clock"), "trigger": trigger}
        return said

    def _countable(self, ce_type: str) -> tuple[tuple[str, bool], ...]:
        """(field, whether it is money) of the countable fields in bodies of a type."""
        try:
            rows = self._schemas.latest(ce_type).body["fields"]
        except CodecError:
            return ()
        found = ((row["name"], _kind(row["type"])) for row in rows if row["name"] not in _NOT_SAID)
        return tuple((name, kind == _MONEY) for name, kind in found if kind)


def _counts(event: CaseEvent, name: str) -> bool:
    if event.agency != BUS:
        return name.partition(".")[0] not in UNCOUNTED
    if name.startswith("finding."):
        return event.data.get("kind") in (NO_STANDING, OMISSION)
    return name in _OF_BUS


def _of_whom(fact: Fact, event: CaseEvent, stream: Collection[CaseEvent]) -> Fact:
    """The omission as a fact of the agency whose figures show it. The figures still count."""
    agency = agency_of(_text(event, "event_source"))
    sector = next((one.sector for one in stream if one.agency == agency), fact.sector)
    said = {**fact.said, "kind": OMISSION}
    return replace(fact, author=agency, sector=sector, about_source="", about_id="", said=said)


def is_corrected(stream: Collection[CaseEvent]) -> bool:
    """True if something in the stream is corrected."""
    return any(one.type.startswith(_CORRECTED) for one in stream)


def _about(name: str, data: dict[str, Any]) -> tuple[str, str]:
    source, event = _ABOUT.get(name, ("", ""))
    return body.text(data, source), body.text(data, event)


def _rights(data: dict[str, Any]) -> list[str]:
    """The kinds of right, each once."""
    rows = body.rows(data, "rights")
    one = data.get("right")
    rows += [one] if isinstance(one, dict) else []
    kinds = {body.text(row, "kind")[:_LONGEST] for row in rows}
    return sorted(kinds - {"", "OTHER"})


def _kind(written: Any) -> str:
    """`enum`, `boolean`, `long` or `Money`; empty for types that are not counted."""
    if isinstance(written, list):
        return next((kind for one in written if (kind := _kind(one))), "")
    if isinstance(written, dict):
        if written.get("name") == _MONEY:
            return _MONEY
        return "enum" if written.get("type") == "enum" else ""
    if written in _COUNTS or written == "boolean":
        return str(written)
    return _MONEY if str(written).endswith(f".{_MONEY}") else ""


def _text(event: CaseEvent, name: str) -> str:
    return body.text(event.data, name)
