"""The list of agencies that lies beside a mapping: who is meant by a name in a spreadsheet."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import yaml

from casebus.sdk.importing.issues import FileError
from casebus.trust.agency_names import AgencyNames, NamedAgency
from casebus.words import in_words


def load_agencies(path: Path) -> AgencyNames:
    """Read a list of {id, name, sector, aliases}; raises FileError `bad_agencies`."""
    try:
        rows = yaml.safe_load(path.read_text(encoding="utf-8"))
        listed = rows["agencies"] if isinstance(rows, dict) else rows
        return AgencyNames(_known(row) for row in listed)
    except OSError as error:
        raise FileError("bad_agencies", f"{path.name}: {error.strerror}") from error
    except (yaml.YAMLError, KeyError, TypeError, UnicodeDecodeError) as error:
        raise FileError("bad_agencies", f"{path.name}: {in_words(error)}") from error


def _known(row: Mapping[str, Any]) -> NamedAgency:
    names = (str(row["name"]), *(str(one) for one in row.get("aliases") or ()))
    return NamedAgency(str(row["id"]), str(row["sector"]), names)
