"""Copies that the law owes (抄送) and that the event's recipients do not include."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from casebus.cases import jsonforms
from casebus.cases.core import Core
from casebus.cases.derived import Derived, numbers_for
from casebus.cases.event import Identity
from casebus.cases.facets.facet import JSON, Facet
from casebus.cases.keys import key_of
from casebus.events.types import CASE_COPY_DUE


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


class CopiesFacet(Facet[tuple[CopyDue, ...]]):
    name = "copies"

    @classmethod
    def shows(cls, known: tuple[CopyDue, ...], case: Core) -> JSON:
        return {cls.name: [one.to_json() for one in known]}

    @classmethod
    def says(cls, known: tuple[CopyDue, ...], case: Core) -> Iterator[Derived]:
        return (_due(case, one) for one in known)


def _due(case: Core, copy: CopyDue) -> Derived:
    source, event_id = copy.event
    return Derived(
        stream=case.stream,
        id=key_of(case.stream, "copy_due", copy.rule, source, event_id),
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
