"""What an office that has only the two folders knows of its cases: read from spool and store."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from casebus.errors import CasebusError
from casebus.events.envelope import Envelope, Record
from casebus.events.schemas import Schemas
from casebus.ferry.items import RECORD, Item, named, part_of
from casebus.sdk.ferry.spool import Spool
from casebus.sdk.store import Store
from casebus.trust.directory import Directory
from casebus.trust.receipt import Receipt, Shown, check, directory_of

JSON = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Desk:
    """`agency` is the office's own; the root digest is whom it trusts."""

    spool: Spool
    store: Store
    schemas: Schemas
    agency: str
    root_digest: str

    def case(self, stream: str) -> list[JSON]:
        """The events of a case that came here or went out from here, by their legal time."""
        own = [self._told(one.record, own=True) for one in self.store.of_stream(stream)]
        came = [self._told(one, own=False) for one in self._records("inbox") if _of(one, stream)]
        return sorted(own + came, key=lambda one: (one["legal_time"], one["id"]))

    def sent(self) -> Iterator[JSON]:
        """What became of each event of this office, the last first, as far as it is known here."""
        proved = {
            (one.source, one.stream, one.id) for one in self._receipts() if one.step == "submitted"
        }
        refused = {named(one): _texts(one) for one in self._records("rejected")}
        barred = dict(self._barred())
        for one in self.store.latest():
            said = {"source": one.source, "id": one.id, "case": one.stream, "detail": ""}
            who = (one.source, one.stream, one.id)
            if who in proved:
                yield said | {"status": "journaled"}
            elif who in refused:
                why = refused[who].get("cb-reason", "")
                yield said | {"status": "rejected", "detail": why}
            elif who in barred:
                yield said | {"status": "not taken", "detail": barred[who]}
            else:
                yield said | {"status": "under way" if one.offset is None else "at the door"}

    def receipts(self, source: str, event: str) -> list[tuple[JSON, Shown]]:
        """What is proved of an event of this office, each receipt checked by the pinned root.

        Raises CasebusError `no_root_digest`, or what a receipt that proves nothing raises.
        """
        if not self.root_digest:
            raise CasebusError("no_root_digest", "set CASEBUS_ROOT_DIGEST to check receipts")
        found = []
        for said in self._said():
            if (said["of"]["source"], said["of"]["id"]) == (source, event):
                receipt = Receipt.from_json(said)
                found.append((said, check(receipt, self._directory(receipt))))
        return found

    def _barred(self) -> Iterator[tuple[tuple[str, str, str], str]]:
        """Events that the other side's scanner or the brokers refused, and what they said."""
        for line, said in self.spool.barred():
            record = None if part_of(line) else Item.read(line).record
            if record is not None:
                yield named(record), said

    def _directory(self, receipt: Receipt) -> Directory:
        return directory_of(receipt.entries, self.root_digest, self.schemas)

    def _receipts(self) -> Iterator[Receipt]:
        return (Receipt.from_json(one) for one in self._said())

    def _said(self) -> Iterator[JSON]:
        return (json.loads(one.value or b"{}") for one in self._records("receipts"))

    def _records(self, topic: str) -> Iterator[Record]:
        after = 0
        name = f"agency.{self.agency}.{topic}"
        while found := self.spool.arrivals(RECORD, name, after, every=True):
            after = found[-1][0]
            yield from (_record(item) for _, item in found)

    def _told(self, record: Record, *, own: bool) -> JSON:
        envelope = Envelope.from_headers(record.headers)
        _, data = self.schemas.decode(record.value or b"")
        return {
            "id": envelope.id,
            "type": envelope.type,
            "source": envelope.source,
            "legal_time": str(envelope.legal),
            "own": own,
            "data": data,
        }


def _record(item: Item) -> Record:
    assert item.record is not None  # noqa: S101  of this kind each has one
    return item.record


def _of(record: Record, stream: str) -> bool:
    return record.key == stream.encode()


def _texts(record: Record) -> dict[str, str]:
    return {name: raw.decode(errors="replace") for name, raw in record.headers}
