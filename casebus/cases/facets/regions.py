"""The procedures of a case, as they are shown; the fold keeps them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, ClassVar

import orjson

from casebus.cases.core import Core
from casebus.cases.facets.facet import JSON, Compared, Facet, Row


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
    lists = ("regions",)
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

    @classmethod
    def compares(cls, view: Mapping[str, Any], until: datetime) -> Iterator[Compared]:
        regions = view.get("regions", ())
        for one in regions:
            yield Compared("status", one["procedure"], one["status"])
        if not regions:
            yield Compared("status", "", view["status"])
