"""Topics, a door and stores in memory, for the ends of a ferry."""

from __future__ import annotations

from pathlib import Path

from casebus.events.envelope import Record
from casebus.sdk.store import Store, StoredRecord

AGENCY = "cn-330106-psb"
INBOX = f"agency.{AGENCY}.inbox"


def store_at(path: Path) -> Store:
    return Store.open(path / "outgoing.sqlite")


def finished(event: str, size: int = 5, stream: str = "case") -> StoredRecord:
    headers = (("ce_source", AGENCY.encode()), ("ce_id", event.encode()))
    record = Record(stream.encode(), event.encode().ljust(size), headers)
    return StoredRecord(AGENCY, stream, event, 0, b"", "", record)
