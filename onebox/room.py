"""Room to record: with too little, Kafka and PostgreSQL end in order, before the disk is full.

Without room in the middle of a write, Kafka halts and PostgreSQL recovers from its log, which takes
room again. A reserve lets both close their files, and start again with the rest.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

from onebox.places import Home

MIB = 2**20
#: Two more segments of PostgreSQL's log and Kafka's snapshots fit into it.
RESERVE = 64 * MIB
#: Recording goes on only with so much: the room that stopping itself makes is not enough.
ENOUGH = 2 * RESERVE
#: Kafka has four files for each segment, and each partition has segments.
_RESERVE_FILES = 1_000


def lacking(home: Home, least: int = RESERVE) -> str:
    """The place with less than `least` bytes left, in words. Empty if there is room."""
    return next(_lacking(home, least), "")


def _lacking(home: Home, least: int) -> Iterator[str]:
    for place in _places(home):
        found = os.statvfs(place)
        free = found.f_bavail * found.f_frsize
        if free < least:
            yield f"{free // MIB} MiB are free at {place}, and {least // MIB} MiB are needed"
        # Some file systems count no files, and say that they have none.
        files = _RESERVE_FILES * least // RESERVE
        if found.f_files and found.f_favail < files:
            yield f"{found.f_favail} more files fit at {place}, and {files} are needed"


def _places(home: Home) -> list[Path]:
    """PostgreSQL's folder may be elsewhere, behind a link."""
    return [place.resolve() for place in (home.path, home.kafka, home.postgres) if place.exists()]
