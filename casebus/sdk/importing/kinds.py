"""Tells which kind of mapping a file holds: rows of cases, or the log of another system."""

from __future__ import annotations

from pathlib import Path

import yaml

from casebus.sdk.importing.issues import FileError
from casebus.sdk.importing.logs.mapping import LogMapping
from casebus.sdk.importing.mapping import Mapping
from casebus.words import in_words


def load_mapping(path: Path) -> Mapping | LogMapping:
    """Read a mapping file; one with `log` belongs to a log. Raises FileError `bad_mapping`."""
    try:
        body = yaml.safe_load(path.read_bytes())
    except OSError as error:
        raise FileError("bad_mapping", f"{path.name}: {error.strerror}") from error
    except yaml.YAMLError as error:
        raise FileError("bad_mapping", f"{path.name}: {in_words(error)}") from error
    is_log = isinstance(body, dict) and "log" in body
    return LogMapping.load(path) if is_log else Mapping.load(path)
