"""An agency by any way in which people write its name: id, name, alias. Pure."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from casebus.written import plain


@dataclass(frozen=True, slots=True)
class NamedAgency:
    """What a list says of an agency; `names` are ways to write it."""

    id: str
    sector: str
    names: tuple[str, ...]


class AgencyNames:
    """Looks agencies up by any of their names."""

    def __init__(self, agencies: Iterable[NamedAgency]) -> None:
        self._by_id: dict[str, NamedAgency] = {}
        self._by_name: dict[str, NamedAgency] = {}
        for agency in agencies:
            self._by_id[agency.id] = agency
            for name in (agency.id, *agency.names):
                self._by_name[_folded(name)] = agency

    def find(self, name: str) -> NamedAgency | None:
        return self._by_name.get(_folded(name))

    def sector(self, agency: str) -> str | None:
        known = self._by_id.get(agency)
        return known.sector if known else None


def _folded(name: str) -> str:
    return "".join(plain(name).split()).lower()
