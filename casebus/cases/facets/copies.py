"""Copies that the law owes (抄送) and that the event's recipients do not include."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from casebus.cases import jsonforms
from casebus.cases.core import Core
from casebus.cases.derived import Derived, numbers_for
from casebus.cases.event import CaseEvent, Identity
from casebus.cases.facets.facet import JSON, Compared, Facet, Moved
from casebus.cases.keys import key_of
from casebus.cases.renewals import Renewals
from casebus.events.types import CASE_COPY_DUE
from casebus.law.agencies import SAME_DIVISION


@dataclass(frozen=True, slots=True, kw_only=True)
class CopyDue:
    """A copy that the law owes and that the event's recipients do not include."""

    #: Seen from `author`: `same_division:procuratorate`.
    rule: str
    author: str
    event: Identity
    citation: str

    def to_json(self) -> dict[str, Any]:
        return {
            "rule": self.rule,
            "author": self.author,
            "event": jsonforms.identity(self.event),
            "citation": self.citation,
        }


class CopiesOwed:
    """The copies that the steps of one fold owe."""

    def __init__(self) -> None:
        self._all: dict[tuple[str, Identity], CopyDue] = {}

    def owe(self, rule: str, event: CaseEvent, citation: str) -> None:
        # The fold knows agencies only from the stamps: a recipient of the sector has the copy. For
        # history no copy is owed any more.
        if event.imported or rule.removeprefix(SAME_DIVISION) in event.to_sectors:
            return
        self._all[rule, event.identity] = CopyDue(
            rule=rule, author=event.agency, event=event.identity, citation=citation
        )

    def all(self) -> tuple[CopyDue, ...]:
        return tuple(self._all.values())


class CopiesFacet(Facet[tuple[CopyDue, ...]]):
    name = "copies"
    lists = ("copies",)

    @classmethod
    def after(cls, moved: Moved) -> tuple[CopyDue, ...]:
        """What was owed when an older reading was renewed is history (`Renewals`)."""
        copies, hushed = moved.of(CopiesOwed).all(), moved.of(Renewals).hushed
        if not hushed:
            return copies
        return tuple(one for one in copies if _id(moved.stream, one) not in hushed)

    @classmethod
    def shows(cls, known: tuple[CopyDue, ...], case: Core) -> JSON:
        return {cls.name: [one.to_json() for one in known]}

    @classmethod
    def says(cls, known: tuple[CopyDue, ...], case: Core) -> Iterator[Derived]:
        return (_due(case, one) for one in known)

    @classmethod
    def compares(cls, view: Mapping[str, Any], until: datetime) -> Iterator[Compared]:
        for one in view.get("copies", ()):
            yield Compared("copy", f"{one['rule']} of {one['event']['id']}", "owed")


def _id(stream: str, copy: CopyDue) -> str:
    return key_of(stream, "copy_due", copy.rule, *copy.event)


def _due(case: Core, copy: CopyDue) -> Derived:
    source, event_id = copy.event
    return Derived(
        stream=case.stream,
        id=_id(case.stream, copy),
        type=CASE_COPY_DUE,
        to=(copy.rule,),
        of=copy.author,
        causation=(event_id,),
        legal=None,
        data={
            "rule": copy.rule,
            "trigger_source": source,
            "trigger_id": event_id,
            "owed_to": [],
            "title": case.title if copy.author in case.participants else "",
            "citation": copy.citation,
            "law": case.law,
            "numbers": numbers_for(case, copy.author),
            "note": "",
        },
        told_in="owed_to",
    )
