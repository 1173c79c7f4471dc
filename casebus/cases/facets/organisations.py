"""A case's statements about its organisations: by these rows cases find each other.

Design rule 13, questions across cases.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from dataclasses import dataclass, fields
from typing import Any, ClassVar, NamedTuple

import orjson

from casebus.cases.core import Core
from casebus.cases.facets.assessments.assessed import ActOf, Punished
from casebus.cases.facets.assessments.assessing import Assessing
from casebus.cases.facets.facet import JSON, Facet, Moved, Row
from casebus.cases.figures import item_body
from casebus.law.figures import Figures

_NAMES = tuple(one.name for one in fields(Figures))


class KnownOrganisations(NamedTuple):
    punished: tuple[Punished, ...] = ()
    acts: tuple[ActOf, ...] = ()


@dataclass(frozen=True, slots=True)
class PunishedRow(Row):
    """A punishment of an organisation, by its canonical code."""

    TABLE: ClassVar[str] = "punished"

    key: str
    uscc: str
    family: str
    offence: str
    kind: str
    decided_on: dt.date
    number: str
    source: str
    id: str
    view: bytes


@dataclass(frozen=True, slots=True)
class ActRow(Row):
    """The acts of an organisation as a case states them; `view` has the figures."""

    TABLE: ClassVar[str] = "act"

    key: str
    uscc: str
    family: str
    agency: str
    first_on: dt.date
    last_on: dt.date
    unpunished: bool
    asking: bool
    imported: bool
    source: str
    id: str
    view: bytes


class OrganisationsFacet(Facet[KnownOrganisations]):
    name = "organisations"
    nothing = KnownOrganisations()
    seen_at = None
    tables = (PunishedRow, ActRow)

    @classmethod
    def after(cls, moved: Moved) -> KnownOrganisations:
        found = moved.of(Assessing)
        return KnownOrganisations(found.punished(), found.acts())

    @classmethod
    def rows(cls, known: KnownOrganisations, case: Core, view: JSON) -> Iterator[Row]:
        # In each row, so that after a change the cases that find each other are asked again.
        may_know = {"secret": bool(case.secrecy), "readers": case.readers}
        yield from (_punished(one, may_know) for one in known.punished)
        yield from (_act(one, may_know) for one in known.acts)


def _punished(one: Punished, may_know: JSON) -> PunishedRow:
    columns: dict[str, Any] = {
        "uscc": one.uscc,
        "family": one.family,
        "offence": one.offence,
        "kind": one.kind,
        "decided_on": one.decided_on,
        "number": one.number,
        "source": one.event[0],
        "id": one.event[1],
    }
    key = _key(one.uscc, one.family, *one.event)
    return PunishedRow(key=key, view=orjson.dumps({**columns, **may_know}), **columns)


def _act(one: ActOf, may_know: JSON) -> ActRow:
    columns: dict[str, Any] = {
        "uscc": one.uscc,
        "family": one.family,
        "agency": one.agency,
        "first_on": one.acts.first,
        "last_on": one.acts.last,
        "unpunished": one.unpunished,
        "asking": one.asking,
        "imported": one.imported,
        "source": one.event[0],
        "id": one.event[1],
    }
    items = [item_body(item) for item in one.items]
    figures = {**_stated(one.figures), "offence": one.offence, "items": items}
    view = orjson.dumps({**columns, "figures": figures, **may_know})
    return ActRow(key=_key(one.uscc, one.family), view=view, **columns)


def _key(*words: str) -> str:
    return orjson.dumps(words).decode()


def _stated(figures: Figures) -> dict[str, int | bool]:
    return {name: value for name in _NAMES if (value := getattr(figures, name))}
