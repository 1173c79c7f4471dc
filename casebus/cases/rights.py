"""Which rights a case is about, and what it says of their validity: for the other cases of each.

The words about a right stand upon each other: a contest lies on the decision before it, and when it
is taken back the decision holds again.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from dataclasses import dataclass
from uuid import UUID

from casebus.cases import body
from casebus.cases.event import CaseEvent, Identity
from casebus.cases.links import Link
from casebus.cases.matching import right_numbers
from casebus.law.rights import BACK, IN_QUESTION, INVALID, RightRules, Verdict

#: Kinds of finding by what is said; of a right that stands nobody is told.
RIGHT_IN_QUESTION, RIGHT_INVALID = "right_in_question", "right_invalid"
_KINDS = {IN_QUESTION: RIGHT_IN_QUESTION, INVALID: RIGHT_INVALID}
#: Characters; what is longer is no number.
_LONGEST = 200


@dataclass(frozen=True, slots=True, kw_only=True)
class RightSaid:
    """What a case says of a right now; the other open cases of the right are told."""

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


class Rights:
    """The rights of one fold while it runs."""

    def __init__(self, rules: RightRules) -> None:
        self._rules, self._events = rules, rules.events
        self._named: dict[str, None] = {}
        self._words: dict[str, list[tuple[Verdict, CaseEvent, str]]] = {}
        self._links: dict[str, None] = {}

    def take(self, event: CaseEvent, name: str) -> None:
        data = event.data
        if data.get("rights") or data.get("right"):
            self._named.update(dict.fromkeys(sorted(_numbers(event))))
        if name not in self._events:
            return
        verdict = self._rules.verdict(name, event.sector, data, event.legal.date)
        if verdict is not None:
            for number in self._meant(event):
                self._note(number, verdict, event, name)
            self._links.update((body.text(one, "stream"), None) for one in body.rows(data, "links"))

    def _meant(self, event: CaseEvent) -> list[str]:
        """The rights that the event names, else the only one that the case has."""
        named = sorted(_numbers(event))
        return named or (list(self._named) if len(self._named) == 1 else [])

    def _note(self, number: str, verdict: Verdict, event: CaseEvent, name: str) -> None:
        words = self._words.setdefault(number, [])
        if verdict.says == BACK:
            del words[-1:]
            return
        if verdict.says != IN_QUESTION:
            words.clear()
        words.append((verdict, event, name))

    def said(self) -> tuple[RightSaid, ...]:
        """What stands of each right; one against which nothing stands is left out."""
        return tuple(
            _said(number, *words[-1])
            for number, words in sorted(self._words.items())
            if words and words[-1][0].says in _KINDS
        )

    @property
    def named(self) -> tuple[str, ...]:
        """Canonical numbers of the rights that the case is about, in the order named."""
        return tuple(self._named)

    def linked(self, links: tuple[Link, ...]) -> tuple[str, ...]:
        """Streams of the cases that it is linked with, sorted."""
        named = {*self._links, *(one.stream for one in links)}
        return tuple(sorted({stream for one in named if (stream := _stream(one))}))


def _numbers(event: CaseEvent) -> Iterator[str]:
    return (one for one in right_numbers(event.data) if len(one) <= _LONGEST)


def _said(number: str, verdict: Verdict, event: CaseEvent, name: str) -> RightSaid:
    return RightSaid(
        number=number,
        kind=_KINDS[verdict.says],
        event_name=name,
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
    """In the one form that a stream's id has; empty for what is none."""
    try:
        return str(UUID(text))
    except ValueError:
        return ""
