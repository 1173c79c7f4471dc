"""Who is meant by a name in a spreadsheet: agencies by id, by name, by alias."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from casebus.sdk.importing.cells import plain
from casebus.sdk.importing.issues import FileError
from casebus.words import in_words


@dataclass(frozen=True, slots=True)
class ImportAgency:
    """What an import needs to know of an agency; `names` are ways to write it."""

    id: str
    sector: str
    names: tuple[str, ...]


class AgencyNames:
    """Looks agencies up by any of their names."""

    def __init__(self, agencies: Iterable[ImportAgency]) -> None:
        self._by_id: dict[str, ImportAgency] = {}
        self._by_name: dict[str, ImportAgency] = {}
        for agency in agencies:
            self._by_id[agency.id] = agency
            for name in (agency.id, *agency.names):
                self._by_name[_folded(name)] = agency

    @classmethod
    def load(cls, path: Path) -> AgencyNames:
        """Read a list of {id, name, sector, aliases}; raises FileError `bad_agencies`."""
        try:
            rows = yaml.safe_load(path.read_text(encoding="utf-8"))
            listed = rows["agencies"] if isinstance(rows, dict) else rows
            return cls(_known(row) for row in listed)
        except OSError as error:
            raise FileError("bad_agencies", f"{path.name}: {error.strerror}") from error
        except (yaml.YAMLError, KeyError, TypeError, UnicodeDecodeError) as error:
            raise FileError("bad_agencies", f"{path.name}: {in_words(error)}") from error

    def find(self, name: str) -> ImportAgency | None:
        return self._by_name.get(_folded(name))

    def sector(self, agency: str) -> str | None:
        known = self._by_id.get(agency)
        return known.sector if known else None


def _known(row: Mapping[str, Any]) -> ImportAgency:
    names = (str(row["name"]), *(str(one) for one in row.get("aliases") or ()))
    return ImportAgency(str(row["id"]), str(row["sector"]), names)


def _folded(name: str) -> str:
    return "".join(plain(name).split()).lower()
