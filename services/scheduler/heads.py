"""Signs a head of each log, once a second at most and only while it grows.

Design rule 7, heads that continue.

A head is signed only if what is recorded continues the last head: the leaves since, put upon its
frontier, end at the recorded one. So a log that was rolled back or forked gets no new head. The log
of a new epoch begins with that of the epoch before, as far as its records were carried over.
"""

from __future__ import annotations

import asyncio
import logging

from casebus import telemetry
from casebus.trust.head import Head, LogName, sign_head
from casebus.trust.keys import Holder
from casebus.trust.merkle import Frontier
from casebus.trust.tiles import hashes_above
from storage import heads
from storage.handles import Connection, Pool
from storage.heads import Log, SignedSoFar

log = logging.getLogger(__name__)

_ROUND_SECONDS = 1.0
#: The most leaves read at once; a head may cover many times as many.
_LEAVES = 50_000
#: Reasons why no head is signed: more was signed than is recorded, or something else.
BEHIND, FORKED = "log_behind", "log_forked"


class HeadSigner:
    """The signer of one installation's logs, with the key that the bus has now."""

    def __init__(self, pool: Pool, key: Holder, root_digest: str) -> None:
        self._pool, self._key, self._root = pool, key, root_digest
        self._refused = set[Log]()
        self._has_read = False

    async def run(self) -> None:
        while True:
            await self.sign()
            await asyncio.sleep(_ROUND_SECONDS)

    async def sign(self) -> int:
        """Do one round; returns the number of differing or reported logs that are well now."""
        if not self._has_read:
            known = await heads.refused(self._pool)
            self._refused = {(one.epoch, one.partition) for one in known}
            self._has_read = True
        return sum([await self._sign(one) for one in await heads.grown(self._pool)])

    async def _sign(self, which: Log) -> bool:
        async with self._pool.acquire() as connection:
            # One moment of the tables, whatever casework records meanwhile.
            async with connection.transaction(isolation="repeatable_read"):
                standing = await heads.standing(connection, which)
                why = await self._grow(connection, which, standing)
            await self._tell(connection, which, why, standing)
        return why is None

    async def _grow(self, connection: Connection, which: Log, standing: SignedSoFar) -> str | None:
        """Sign the recorded state; or return the reason against it, and keep nothing."""
        signed, recorded = standing.signed, standing.recorded
        if recorded == signed and standing.is_own:
            return None
        if recorded.size < signed.size:
            return BEHIND
        # The log of a new epoch is read from its beginning: it must contain the signed part.
        frontier, above = signed if standing.is_own else Frontier(), dict[tuple[int, int], bytes]()
        while frontier.size < recorded.size:
            end = min(recorded.size, frontier.size + _LEAVES)
            if frontier.size < signed.size:
                end = min(end, signed.size)
            leaves = await heads.leaves(connection, which, frontier.size, end)
            if len(leaves) != end - frontier.size:
                return FORKED
            above |= hashes_above(frontier, leaves)
            frontier = frontier.append(leaves)
            if frontier.size == signed.size and frontier != signed:
                return FORKED
        if frontier != recorded:
            return FORKED
        head = Head(str(LogName(self._root, *which)), frontier.size, frontier.root())
        note = sign_head(head, self._key.current())
        await heads.add(connection, which, frontier, note, above)
        telemetry.count("casebus.heads.signed")
        return None

    async def _tell(
        self, connection: Connection, which: Log, why: str | None, standing: SignedSoFar
    ) -> None:
        """Note, and log once, which log has no new head and why."""
        if why is None:
            if which in self._refused:
                await heads.forgive(connection, which)
                self._refused.discard(which)
            return
        detail = f"signed {standing.signed.size}, recorded {standing.recorded.size}"
        await heads.refuse(connection, which, why, detail)
        if which not in self._refused:
            log.error("no head is signed", extra={"log": f"{which[0]}/{which[1]}", "code": why})
            self._refused.add(which)
