"""A lane: all bundles of one agency in one direction, numbered from 1 in one epoch."""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from casebus.errors import CasebusError

_AGENCY = re.compile(r"[a-z0-9][a-z0-9-]{0,62}")
_EPOCH = re.compile(r"[0-9a-f]{32}")


#: The errors for a text of another form; the last is for one that nests too deep.
MISSHAPEN = (ValueError, KeyError, TypeError, AttributeError, RecursionError)


class FerryError(CasebusError):
    """A file that is not taken; the code says why."""


class Fault(StrEnum):
    """The reason why a file, or its content, was not taken."""

    UNREADABLE = "ferry_unreadable"
    """The file is no bundle: cut off, changed on the way, or something else; or an item in it is
    none."""
    FOREIGN_SIGNATURE = "ferry_foreign_signature"
    """It is signed by nobody whom this side knows as the other side, or the signature is wrong."""
    OTHER_AGENCY = "ferry_other_agency"
    """It is of another agency's ferry."""
    OTHER_DIRECTION = "ferry_other_direction"
    """It goes the other way: a file of this side came back to it."""
    OTHER_EPOCH = "ferry_other_epoch"
    """The other side began again, or it is of before it began again."""
    TOO_LARGE = "ferry_too_large"
    """It is larger than any file that a ferry writes."""
    BROKEN_CHAIN = "ferry_broken_chain"
    """It does not follow from what was taken or acknowledged before: a spool was lost, put back
    to an older state, or runs twice."""
    SCAN_REFUSED = "ferry_scan_refused"
    """The command that looks at each file refused it."""
    RECORDS_GONE = "ferry_records_gone"
    """Records of the agency's topic are gone unread, or the brokers were put back."""
    NOT_TAKEN = "ferry_not_taken"
    """The brokers do not take this record, now or later."""


class Direction(StrEnum):
    UP = "up"
    """From the office to the bus."""
    DOWN = "down"
    """From the bus to the office."""

    @property
    def back(self) -> Direction:
        return Direction.DOWN if self is Direction.UP else Direction.UP


@dataclass(frozen=True, slots=True)
class Lane:
    """`epoch` is 32 hex digits, drawn again where a side begins again."""

    agency: str
    direction: Direction
    epoch: str

    def to_json(self) -> dict[str, str]:
        return {"agency": self.agency, "direction": str(self.direction), "epoch": self.epoch}

    @classmethod
    def from_json(cls, row: dict[str, Any]) -> Lane:
        """Raises ValueError, and KeyError for a field that is missing."""
        agency, epoch = row["agency"], row["epoch"]
        if not (_AGENCY.fullmatch(agency) and _EPOCH.fullmatch(epoch)):
            raise ValueError("no lane")
        return cls(agency, Direction(row["direction"]), epoch)
