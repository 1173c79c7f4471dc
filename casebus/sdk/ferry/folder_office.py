"""The cases of an office that has only the two folders, read from spool and store."""

from __future__ import annotations

import json
from collections.abc import Collection, Iterator
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

from casebus.errors import CasebusError
from casebus.events.envelope import Envelope, Record
from casebus.events.hand_overs import SUBMITTED
from casebus.events.schemas import Schemas
from casebus.events.stamps import REASON
from casebus.events.topics import inbox_of, receipts_of, rejected_of
from casebus.ferry.items import RECORD, FerryItem, named, part_of
from casebus.ferry.lane import MISSHAPEN
from casebus.sdk.ferry.spool import Spool
from casebus.sdk.store import Store
from casebus.trust.directory import Directory
from casebus.trust.receipt import Proven, Receipt, check, directory_of

JSON = dict[str, Any]
#: Source, stream and id.
Named = tuple[str, str, str]


@dataclass(frozen=True, slots=True)
class FerryOffice:
    """Reads for one office. `agency` is its own id; the root digest says whom it trusts."""

    spool: Spool
    store: Store
    schemas: Schemas
    agency: str
    root_digest: str

    def case(self, stream: str) -> list[JSON]:
        """The events of a case that arrived here or left from here, by their legal time."""
        own = [self._told(one.record, own=True) for one in self.store.of_stream(stream)]
        came = [self._told(one, own=False) for one in self.came() if _of(one, stream)]
        return sorted(own + came, key=lambda one: (one["legal_time"], one["id"]))

    def came(self) -> Iterator[Record]:
        """All that was sent to this office, in the order in which it came."""
        return self._records(inbox_of(self.agency))

    def refused(self) -> set[Named]:
        """Events of this office that are in no journal, and as they are will be in none."""
        return {*map(named, self._records(rejected_of(self.agency))), *dict(self._barred())}

    def sent(self) -> Iterator[JSON]:
        """The fate of each event of this office, the last first, as far as it is known here.

        `journaled` means that a receipt proves it. If no receipt does, `detail` gives the reason.
        """
        kept = self.store.latest()
        submitted = self._submitted({(one.source, one.stream, one.id) for one in kept})
        refused = {named(one): _texts(one) for one in self._records(rejected_of(self.agency))}
        barred = dict(self._barred())
        for one in kept:
            who = (one.source, one.stream, one.id)
            said = {"source": one.source, "id": one.id, "case": one.stream, "detail": ""}
            proved, why = self._proved(one.record, submitted.get(who, ()))
            if proved:
                yield said | {"status": "journaled"}
            elif who in refused:
                yield said | {"status": "rejected", "detail": refused[who].get(REASON, "")}
            elif who in barred:
                yield said | {"status": "not taken", "detail": barred[who]}
            else:
                status = "under way" if one.offset is None else "at the door"
                yield said | {"status": status, "detail": why}

    def receipts(self, source: str, event: str) -> list[tuple[JSON, Proven]]:
        """The proven facts about an event of this office, each receipt checked by the pinned root.

        Raises CasebusError `no_root_digest`. If no receipt proves anything, raises the error of one
        of them.
        """
        if not self.root_digest:
            raise CasebusError("no_root_digest", "set CASEBUS_ROOT_DIGEST to check receipts")
        found, failed = [], None
        for said, receipt in self._receipts():
            if _of_event(said) == (source, event):
                try:
                    found.append((said, self._check(receipt)))
                except CasebusError as error:
                    failed = failed or error
        if failed is not None and not found:
            raise failed
        return found

    def _submitted(self, wanted: Collection[Named]) -> dict[Named, list[Receipt]]:
        found: dict[Named, list[Receipt]] = {}
        for _, one in self._receipts():
            who = (one.source, one.stream, one.id)
            if one.step == SUBMITTED and who in wanted:
                found.setdefault(who, []).append(one)
        return found

    def _proved(self, event: Record, receipts: Collection[Receipt]) -> tuple[bool, str]:
        """True if one of the receipts proves it; otherwise the code of the first failure."""
        if receipts and not self.root_digest:
            return False, "no_root_digest"
        why = ""
        for one in receipts:
            try:
                check(one, self._directory(one), event)
            except CasebusError as error:
                why = why or error.code
            else:
                return True, ""
        return False, why

    def _check(self, receipt: Receipt) -> Proven:
        """Check a receipt.

        For an event that is kept here, also that it belongs to exactly that event.
        """
        kept = self.store.find(receipt.source, receipt.stream, receipt.id)
        return check(receipt, self._directory(receipt), None if kept is None else kept.record)

    def _barred(self) -> Iterator[tuple[tuple[str, str, str], str]]:
        """Events that the other side's scanner or the brokers refused, with their reasons."""
        for line, said in self.spool.barred():
            record = None if part_of(line) else FerryItem.read(line).record
            if record is not None:
                yield named(record), said

    def _directory(self, receipt: Receipt) -> Directory:
        return directory_of(receipt.entries, self.root_digest, self.schemas)

    def _receipts(self) -> Iterator[tuple[JSON, Receipt]]:
        for one in self._records(receipts_of(self.agency)):
            try:
                said = json.loads(one.value or b"")
                yield said, Receipt.from_json(said)
            except (CasebusError, *MISSHAPEN):
                # Whatever it is, it proves nothing.
                continue

    def _records(self, topic: str) -> Iterator[Record]:
        after = 0
        while found := self.spool.arrivals(RECORD, topic, after, every=True):
            after = found[-1][0]
            yield from (item.carried for _, item in found)

    def _told(self, record: Record, *, own: bool) -> JSON:
        """The event for display; only its headers if its schema version is unknown here."""
        said = _texts(record)
        legal, data = "", JSON()
        with suppress(CasebusError):
            legal = str(Envelope.from_headers(record.headers).legal)
            _, data = self.schemas.decode(record.value)
        return {
            "id": said.get("ce_id", ""),
            "type": said.get("ce_type", ""),
            "source": said.get("ce_source", ""),
            "legal_time": legal,
            "own": own,
            "data": data,
        }


def _of_event(said: JSON) -> tuple[Any, Any]:
    """Our event to which a receipt belongs. The record that it proves may be another's."""
    of = said.get("of")
    return (of.get("source"), of.get("id")) if isinstance(of, dict) else (None, None)


def _of(record: Record, stream: str) -> bool:
    return record.key == stream.encode()


def _texts(record: Record) -> dict[str, str]:
    return {name: raw.decode(errors="replace") for name, raw in record.headers}
