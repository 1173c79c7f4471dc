"""The common form of all logs: one entry for each event of each case, in order."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Literal, NamedTuple

from casebus.sdk.importing.issues import FileError, Issue, RowNumber
from casebus.written import plain

#: The most bytes of one event, or of one token of XML or JSON: more than the bus takes as a whole.
LARGEST_ENTRY = 4 << 20

#: An attribute's name as mappings and readers keep it.
attribute_name = lru_cache(maxsize=4096)(plain)


@dataclass(frozen=True, slots=True)
class LogEntry:
    """One event of one case: its own attributes, and those of its case (`case:…`)."""

    place: RowNumber
    attributes: Mapping[str, str]
    about: Mapping[str, str] = field(default_factory=dict)


#: A reader's item: an entry, or the reason why there is none at that place.
RawEntry = LogEntry | Issue
Entries = Iterator[RawEntry]


class OcelItem(NamedTuple):
    """An object or an event of OCEL, whatever the file's form."""

    kind: Literal["object", "event"]
    id: str
    type: str
    attributes: dict[str, str]
    #: For an event: (object, qualifier).
    links: tuple[tuple[str, str], ...] = ()
    #: The event's place in the log, if the items are not in the log's order.
    rank: int = -1


def put(into: dict[str, str], name: str, value: str) -> None:
    """Add an attribute; a repeated one gets a number, so that nothing is lost."""
    key = attribute_name(name)
    if key not in into:
        into[key] = value
        return
    again = 2
    while f"{key}#{again}" in into:
        again += 1
    into[f"{key}#{again}"] = value


def too_large(what: str) -> FileError:
    return FileError("unsafe_file", f"{what} is larger than any event the bus takes")
