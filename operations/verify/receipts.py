"""Receipts that were sent: each proves its content, to the right author, by a kept head."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any, NamedTuple

from aiokafka import TopicPartition

from casebus.errors import CasebusError
from casebus.events.topics import owner_of
from casebus.trust.directory import Directory
from casebus.trust.head import Head, LogName
from casebus.trust.receipt import Receipt, ReceiptError, check
from operations.verify.heads import HeadChecks, NamedHead
from operations.verify.records import headers_of
from operations.verify.report import VerifyReport
from operations.verify.topics import Spans
from storage import heads
from storage.handles import Connection
from storage.heads import Log, Place

_JSON = b"application/json"


class ReceiptSubject(NamedTuple):
    """The subject of a receipt: step, source, id and receiver, and the place of its record."""

    log_place: Place
    about: tuple[str, str, str, str]


class _Given(NamedTuple):
    said: ReceiptSubject
    #: The proof of its place.
    head: Head


class ReceiptsSent:
    """The agencies' own topics of receipts: each receipt proves its content to the right author."""

    def __init__(
        self,
        report: VerifyReport,
        connection: Connection,
        directory: Directory,
        kept: HeadChecks,
        due: Spans,
    ) -> None:
        self._report, self._connection, self._directory = report, connection, directory
        #: Records below these ends were sent before the tables were read.
        self._kept, self._due = kept, due
        #: Heads that are not kept, by their log, and a receipt that names each.
        self._unknown: dict[Log, dict[NamedHead, str]] = {}
        self._recorded: dict[Log, int] = {}
        self.bytes = 0

    async def take(self, topic: str, records: Sequence[Any]) -> None:
        author = owner_of(topic)
        read = [self._read(record) for record in records]
        places = [given.said.log_place for given in read if given is not None]
        owed = await self._owed(author, places)
        for record, given in zip(records, read, strict=True):
            self.bytes += len(record.value or b"")
            where = f"{topic}/{record.partition}/{record.offset}"
            if given is None or not (given.said in owed or await self._is_beyond(given.said)):
                self._report.problem("receipt_altered", where)
            else:
                self._note_head(TopicPartition(topic, record.partition), record.offset, given)
        self._report.count("receipts sent", len(records))

    async def end(self) -> None:
        for log, named in self._unknown.items():
            await self._kept.named_elsewhere(log, named)

    def _note_head(self, place: TopicPartition, offset: int, given: _Given) -> None:
        log, head = given.said.log_place[:2], given.head
        if place not in self._due or offset >= self._due[place].end:
            return
        if self._kept.root(log, head.size) != head.root:
            where = f"{place.topic}/{place.partition}/{offset} names it"
            self._unknown.setdefault(log, {}).setdefault(NamedHead(head.size, head.root), where)

    def _read(self, record: Any) -> _Given | None:
        """The content of a receipt, if it proves its place."""
        try:
            given = json.loads(record.value or b"")
            receipt, of = Receipt.from_json(given), given["of"]
            said = (given["step"], of["source"], of["id"], of["agency"] or "")
            head = receipt.proof.head
            origin = LogName.parse(head.origin)
            self._prove(receipt)
        except (CasebusError, ValueError, KeyError, TypeError):
            return None
        framed = record.key == receipt.stream.encode()
        if origin is None or not framed or dict(headers_of(record)).get("content-type") != _JSON:
            return None
        return _Given(
            ReceiptSubject((origin.epoch, origin.partition, receipt.proof.index), said), head
        )

    def _prove(self, receipt: Receipt) -> None:
        try:
            check(receipt, self._directory)
        except ReceiptError as error:
            # A later revocation of the key changes nothing about what was sent.
            if error.code != "receipt_key_revoked":
                raise

    async def _owed(self, author: str, places: Sequence[Place]) -> set[ReceiptSubject]:
        """The receipts that are owed at the places, asked for in one stretch for each log."""
        found: set[ReceiptSubject] = set()
        for log in {place[:2] for place in places}:
            here = [place[2] for place in places if place[:2] == log]
            rows = await heads.owed(self._connection, log, min(here), max(here) + 1, [author])
            found |= {
                ReceiptSubject(one.place, (one.step, one.source, one.id, one.agency))
                for one in rows
            }
        return found

    async def _is_beyond(self, said: ReceiptSubject) -> bool:
        """True if this snapshot does not have the place: it is newer, or of another epoch."""
        log = said.log_place[:2]
        if log not in self._recorded:
            self._recorded[log] = await heads.recorded(self._connection, log)
        return said.log_place[2] >= self._recorded[log]
