"""The rights that a case is about, and its statements on their validity, for their other cases.

Statements about a right build on each other. A contest is about the decision before it. If the
contest is taken back, the decision holds again.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, ClassVar, NamedTuple
from uuid import UUID

import orjson

from casebus.cases import body
from casebus.cases.core import Core
from casebus.cases.event import CaseEvent, Identity
from casebus.cases.facets.facet import JSON, ReadFacet, Row, Setting
from casebus.cases.facets.links import LinksFacet
from casebus.cases.matching import right_numbers
from casebus.events.limits import LONGEST_NUMBER
from casebus.law import Law
from casebus.law.rights import BACK, IN_QUESTION, INVALID, RightVerdict

#: Kinds of finding by statement; nobody is told of a right that remains valid.
RIGHT_IN_QUESTION, RIGHT_INVALID = "right_in_question", "right_invalid"
_KINDS = {IN_QUESTION: RIGHT_IN_QUESTION, INVALID: RIGHT_INVALID}


@dataclass(frozen=True, slots=True, kw_only=True)
class RightSaid:
    """A case's present statement on a right. The other open cases of the right are told."""

    #: Canonical number of the right.
    number: str
    #: `right_in_question` or `right_invalid`.
    kind: str
    #: Name of the event, the value that decided, and the day.
    event_name: str
    outcome: str
    on: dt.date
    agency: str
    citation: str
    event: Identity


class _Read(NamedTuple):
    """The content of one event: the rights that it names, its decision, the cases of its links."""

    numbers: tuple[str, ...]
    verdict: RightVerdict | None
    streams: tuple[str, ...]


class KnownRights(NamedTuple):
    #: The present statement on each right. A right without a statement against it is left out.
    said: tuple[RightSaid, ...] = ()
    #: Canonical numbers of the rights that the case is about, in the order named.
    named: tuple[str, ...] = ()
    #: Streams of cases in whose light it was decided.
    decided_with: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class RightSaidRow(Row):
    """A statement against a right, by its canonical number."""

    TABLE: ClassVar[str] = "right_said"

    key: str
    number: str
    kind: str
    event_name: str
    outcome: str
    said_on: dt.date
    agency: str
    citation: str
    secret: bool
    source: str
    id: str
    view: bytes


@dataclass(frozen=True, slots=True)
class RightUseRow(Row):
    """A running case is about a right, or linked with another case."""

    TABLE: ClassVar[str] = "right_use"

    key: str
    number: str | None
    linked: UUID | None
    view: bytes


class RightsFacet(ReadFacet[KnownRights]):
    name = "rights"
    nothing = KnownRights()
    seen_at = None
    tables = (RightSaidRow, RightUseRow)

    def __init__(self, setting: Setting) -> None:
        super().__init__(setting)
        self._named: dict[str, None] = {}
        self._words: dict[str, list[RightSaid | None]] = {}
        self._links: dict[str, None] = {}

    @classmethod
    def read(cls, event: CaseEvent, law: Law) -> _Read | None:
        data, name, rules = event.data, event.name, law.rights
        numbers = tuple(sorted(_numbers(event))) if data.get("rights") or data.get("right") else ()
        if name not in rules.events:
            return _Read(numbers, None, ()) if numbers else None
        verdict = rules.verdict(name, event.sector, data, event.legal.date)
        streams = tuple(body.text(one, "stream") for one in body.rows(data, "links"))
        return _Read(numbers, verdict, streams if verdict else ())

    def take(self, event: CaseEvent, said: _Read) -> None:
        self._named.update(dict.fromkeys(said.numbers))
        if said.verdict is not None:
            # The rights that the event names, else the only one that the case has.
            only = list(self._named) if len(self._named) == 1 else []
            for number in said.numbers or only:
                self._note(number, said.verdict, event)
            self._links.update(dict.fromkeys(said.streams))

    def _note(self, number: str, verdict: RightVerdict, event: CaseEvent) -> None:
        words = self._words.setdefault(number, [])
        if verdict.says == BACK:
            del words[-1:]
            return
        if verdict.says != IN_QUESTION:
            words.clear()
        words.append(_said(number, verdict, event) if verdict.says in _KINDS else None)

    def known(self) -> KnownRights:
        last = (words[-1] for _, words in sorted(self._words.items()) if words)
        return KnownRights(
            said=tuple(one for one in last if one is not None),
            named=tuple(self._named),
            decided_with=tuple(self._links),
        )

    @classmethod
    def rows(cls, known: KnownRights, case: Core, view: JSON) -> Iterator[Row]:
        linked = linked_with(case)
        yield from (_said_row(one, case, linked) for one in known.said)
        if case.hearers:
            # The parts whose change other agencies must hear of, or may know.
            use = orjson.dumps([case.hearers, case.readers])
            yield from (RightUseRow(f"right {one}", one, None, use) for one in known.named)
            yield from (RightUseRow(f"case {one}", None, UUID(one), use) for one in linked)


def linked_with(case: Core) -> tuple[str, ...]:
    """Streams of the cases that it is linked with, sorted."""
    decided_with = case.of(RightsFacet).decided_with
    named = {*decided_with, *(one.stream for one in case.of(LinksFacet).links)}
    return tuple(sorted({stream for one in named if (stream := _stream(one))}))


def _said_row(one: RightSaid, case: Core, linked: tuple[str, ...]) -> RightSaidRow:
    columns: dict[str, Any] = {
        "number": one.number,
        "kind": one.kind,
        "event_name": one.event_name,
        "outcome": one.outcome,
        "said_on": one.on,
        "agency": one.agency,
        "citation": one.citation,
        "secret": bool(case.secrecy),
        "source": one.event[0],
        "id": one.event[1],
    }
    view = orjson.dumps({**columns, "linked": linked, "readers": case.readers})
    return RightSaidRow(key=one.number, view=view, **columns)


def _numbers(event: CaseEvent) -> Iterator[str]:
    return (one for one in right_numbers(event.data) if len(one) <= LONGEST_NUMBER)


def _said(number: str, verdict: RightVerdict, event: CaseEvent) -> RightSaid:
    return RightSaid(
        number=number,
        kind=_KINDS[verdict.says],
        event_name=event.name,
        outcome=verdict.outcome,
        on=_day(verdict.on) or event.legal.date,
        agency=event.agency,
        citation=verdict.citation,
        event=event.identity,
    )


def _day(text: str) -> dt.date | None:
    try:
        return dt.date.fromisoformat(text)
    except ValueError:
        return None


def _stream(text: str) -> str:
    """A stream's id in its one form; empty for any other text."""
    try:
        return str(UUID(text))
    except ValueError:
        return ""
