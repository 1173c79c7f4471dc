"""The journal and the inboxes: every route was taken, unaltered, in order."""

from __future__ import annotations

import re
import time
from collections.abc import Sequence
from typing import Any

from casebus.events.stamps import POSITION
from casebus.events.topics import Member, Topics, owner_of
from operations.verify.journal import JournalChecks, position_key
from operations.verify.records import digests_of, headers_of
from operations.verify.report import VerifyReport
from operations.verify.sequences import FirstAppearances
from operations.verify.topics import Spans

#: Epoch, partition and offset.
_PLACE = re.compile(rb"(\d+)/(\d+)/(\d+)")


class Inboxes:
    """Takes the inboxes' records; the journal was read before."""

    def __init__(self, report: VerifyReport, journal: JournalChecks, topics: Topics) -> None:
        self._report, self._journal, self._topics = report, journal, topics
        self._missing = {topic: dict(routed) for topic, routed in journal.routed.items()}
        self._order = FirstAppearances()
        self._began_ms = time.time() * 1000
        self.bytes = 0

    def take(self, topic: str, partition: int, records: Sequence[Any], read: Spans) -> None:
        """`read` is the known stretch of the journal."""
        routed = self._journal.routed.get(topic, {})
        missing = self._missing.get(topic, {})
        ends = {place.partition: span.end for place, span in read.items()}
        self._report.count("inbox records", len(records))
        for record in records:
            self.bytes += len(record.value or b"")
            where = f"{topic}/{partition}/{record.offset}"
            headers = headers_of(record)
            epoch, number, offset = _position(dict(headers).get(POSITION, b""))
            if epoch != self._journal.epoch:
                self._of_another_epoch(epoch, where)
                continue
            key = position_key(number, offset)
            expected = routed.get(key)
            if expected is None:
                # Records journaled during our reading are not known.
                if offset < ends.get(number, 0):
                    self._report.problem("routed_without_stamp", where)
            elif digests_of(record.key, record.value, headers).whole != expected:
                self._report.problem("altered_by_router", where)
                missing.pop(key, None)
            elif missing.pop(key, None) is None:
                self._report.count("inbox records that the router copied again")
            elif not self._order.follows((topic, partition, number), offset):
                self._report.problem("reordered_by_router", where)

    def _of_another_epoch(self, epoch: int, where: str) -> None:
        if epoch < 1 or epoch > self._journal.epoch:
            self._report.problem("routed_without_stamp", where)
        else:
            self._report.count("inbox records of an earlier epoch")

    def end(self, settled: Spans) -> None:
        """A record that the router has passed, and that its inbox still keeps, must be there."""
        due = {place.partition: span.end for place, span in settled.items()}
        for topic, missing in self._missing.items():
            since = self._kept_since(topic)
            for key in missing:
                partition, offset = key >> 48, key & ((1 << 48) - 1)
                if offset < due.get(partition, 0) and self._journal.taken[key] >= since:
                    self._report.problem("lost_by_router", f"{topic} {partition}/{offset}")

    def _kept_since(self, topic: str) -> float:
        """Milliseconds since 1970: what is older, Kafka may have deleted from the inbox."""
        owner = owner_of(topic)
        kept_ms = next(
            (
                int(one.config["retention.ms"])
                for one in self._topics.topics([Member(owner, "")] if owner else [])
                if one.name == topic
            ),
            -1,
        )
        return self._began_ms - kept_ms if kept_ms >= 0 else 0


def _position(text: bytes) -> tuple[int, int, int]:
    """(epoch, partition, offset); an epoch of 0 if the stamp has none."""
    found = _PLACE.fullmatch(text)
    return (int(found[1]), int(found[2]), int(found[3])) if found else (0, 0, 0)
