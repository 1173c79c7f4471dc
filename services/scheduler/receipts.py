"""Sends receipts to `agency.<id>.receipts`: an author's proofs about each event it sent.

A redelivered copy is not a new event, so it gets none. A receipt is noted after it was sent. A
scheduler that dies between the two sends the same receipts again.
"""

from __future__ import annotations

import json
import logging
from collections.abc import Iterable, Iterator
from datetime import timedelta
from typing import Any

from aiokafka.errors import TopicAuthorizationFailedError, UnknownTopicOrPartitionError

from casebus import telemetry
from casebus.events.topics import receipts_of
from casebus.trust.directory import Directory
from casebus.trust.receipt import Receipt
from casebus.trust.witnessing import Witnessing
from services.scheduler.relay import Sends
from services.scheduler.rounds import in_rounds
from services.transport import Outgoing
from storage import heads, sending
from storage.handles import Pool
from storage.heads import Log, OwedReceipt
from storage.proving import Prover, ReceiptTeller, receipts

log = logging.getLogger(__name__)

#: The number of records whose receipts are made together.
_RECORDS = 2000
_FORM = ("content-type", b"application/json")
#: The delivery mode of agencies that have a topic of their own.
_KAFKA = "kafka"


class ReceiptSender:
    """Looks each second for heads that cover records whose receipts were not sent."""

    def __init__(
        self, pool: Pool, producer: Sends, directory: Directory, policy: Witnessing
    ) -> None:
        self._pool, self._producer = pool, producer
        self._directory, self._policy = directory, policy
        self._prover = Prover()

    async def run(self) -> None:
        await in_rounds(self.send)

    async def send(self) -> int:
        """Do one round; returns the number of records."""
        through = 0
        for which, first, size in await heads.unreceipted(self._pool):
            end = min(size, first + _RECORDS)
            if await self._is_ripe(which, end - 1):
                await self._send(which, first, end)
                through += end - first
        return through

    async def _is_ripe(self, which: Log, index: int) -> bool:
        """True if a head over it has enough witnesses, or has waited long enough."""
        found = await heads.over(self._pool, which, index, self._policy.needed)
        if found is None or not self._policy.needed:
            return found is not None
        if len(found.note.signatures) - 1 >= self._policy.needed:
            return True
        since = await heads.first_over(self._pool, which, index)
        patience = timedelta(seconds=self._policy.wait_seconds)
        return since is not None and await sending.database_time(self._pool) - since > patience

    async def _send(self, which: Log, first: int, end: int) -> None:
        authors = [one.id for one in self._directory.agencies.values() if one.delivery == _KAFKA]
        owed = await heads.owed(self._pool, which, first, end, authors)
        made = await receipts(
            self._pool,
            self._prover,
            self._directory,
            [(one.step, one.place) for one in owed],
            needed=self._policy.needed,
        )
        for topic, some in self._by_topic(owed, made):
            if await self._is_there(topic):
                await self._producer.send(some)
        await heads.advance_receipts(self._pool, which, end)
        telemetry.count("casebus.receipts.sent", len(owed))

    async def _is_there(self, topic: str) -> bool:
        """True if the topic exists.

        An agency without one asks the gateway, and keeps nobody waiting.
        """
        try:
            await self._producer.partitions(topic)
        except (UnknownTopicOrPartitionError, TopicAuthorizationFailedError) as error:
            reason = type(error).__name__
            log.warning("no receipts go there", extra={"topic": topic, "reason": reason})
            return False
        return True

    def _by_topic(
        self, owed: Iterable[OwedReceipt], made: dict[Any, Receipt]
    ) -> Iterator[tuple[str, list[Outgoing]]]:
        topics, tell = dict[str, list[Outgoing]](), ReceiptTeller(self._directory, self._policy)
        for one in owed:
            topic = receipts_of(one.author)
            of = {"source": one.source, "id": one.id, "agency": one.agency or None}
            value = json.dumps(tell(made[one.step, one.place], of), ensure_ascii=False).encode()
            # Its key is the stream's, as for the event.
            sent = Outgoing(topic, None, str(one.stream).encode(), value, [_FORM])
            topics.setdefault(topic, []).append(sent)
        yield from topics.items()
