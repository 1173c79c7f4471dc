"""The procedures of a case, as they are shown; the fold keeps them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import ClassVar

import orjson

from casebus.cases.core import Core
from casebus.cases.facets.facet import JSON, Facet, Row


@dataclass(frozen=True, slots=True)
class RegionRow(Row):
    """A procedure beside the leading one, which the case's own row shows."""

    TABLE: ClassVar[str] = "side_region"
    KEY: ClassVar[str] = "procedure"

    procedure: str
    status: str
    view: bytes


class RegionsFacet(Facet[tuple[()]]):
    name = "regions"
    seen_at = "PUBLIC"
    for_operators = True
    tables = (RegionRow,)

    @classmethod
    def shows(cls, known: tuple[()], case: Core) -> JSON:
        return {cls.name: [one.to_json() for one in case.regions]}

    @classmethod
    def rows(cls, known: tuple[()], case: Core, view: JSON) -> Iterator[RegionRow]:
        for one, shown in zip(case.regions[1:], view[cls.name][1:], strict=True):
            yield RegionRow(one.procedure, one.status, orjson.dumps(shown))
