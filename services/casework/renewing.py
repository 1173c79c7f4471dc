"""Cases derived again: by a newer fold, or by the law that came into force.

Design rule 10, law bundles.

A case that a batch touches is renewed first. The others follow in the background, some at a time.
The rows show which cases are done, so the work goes on after a restart.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Mapping
from typing import Any
from uuid import UUID

from casebus.cases import FOLD_VERSION
from casebus.cases.renewing import Before, Renewed, ShownState, renewed
from casebus.events.envelope import Envelope
from casebus.events.schemas import Schemas
from casebus.law import Law
from casebus.present import present
from casebus.trust.signing import Draft
from services.casework.context import CaseworkContext
from services.casework.law_cache import MissingLawError
from services.casework.streams import Stream
from storage import law as bundles
from storage import renewing, speaking
from storage.handles import Connection, Pool
from storage.renewing import ShownCase

log = logging.getLogger(__name__)

#: The cases of one transaction, and the pause in which casework's batches have the database alone.
AT_ONCE = 50
PAUSE_SECONDS = 0.2
LOOK_SECONDS = 2.0


def is_stale(state: Stream, digest: str) -> bool:
    """True if a case with rows must be derived again by something newer than its rows."""
    by_law = not state.pinned and state.law_digest != digest
    return bool(state.version) and (state.fold_version < FOLD_VERSION or by_law)


async def renew(
    connection: Connection, states: Mapping[UUID, Stream], digest: str, context: CaseworkContext
) -> list[Draft]:
    """Derive these cases by the present fold and law, as recorded so far.

    Returns the events to send.

    Each stream then holds the event that records it, as if it were journaled already.
    """
    now = context.now()
    shown = await renewing.shown(connection, states, now)
    drafts = []
    for stream, state in states.items():
        before = before_of(shown[stream])
        state.law_digest = state.law_digest if state.pinned else digest
        law = await context.laws.get(connection, state.law_digest or digest)
        state.fold_version = FOLD_VERSION
        made = _made(stream, state, before, law, context)
        if made is not None and made.event is not None and context.speaks:
            state.add(made.event)
            state.renewing = made.event.id
            drafts.append(draft_of(made, context.schemas))
    return drafts


def _made(
    stream: UUID, state: Stream, before: Before, law: Law, context: CaseworkContext
) -> Renewed | None:
    try:
        return renewed(list(state.events.values()), before, law, context.now())
    except Exception:
        # It is suspended when it is saved, and the event says so (design rule 11, content stops
        # nothing).
        log.exception("case not renewed", extra={"case_id": str(stream)})
        return None


def before_of(shown: ShownCase) -> Before:
    return Before(
        law=shown.law,
        fold_version=shown.fold_version,
        digest=shown.digest,
        shown=ShownState(
            shown.status,
            frozenset((key, *row) for key, row in shown.clocks.items()),
            frozenset(shown.findings),
            frozenset(shown.regions),
            frozenset(shown.verdicts),
        ),
        pending=frozenset(shown.pending),
        said=frozenset(shown.said),
    )


def draft_of(made: Renewed, schemas: Schemas) -> Draft:
    """The event as the bus will sign it, for a case that has one."""
    event = present(made.event)
    envelope = Envelope(
        id=event.id,
        type=event.type,
        source=event.source,
        subject=event.stream,
        time=event.recorded_at,
        dataschema=schemas.latest(event.type).uri,
        to=made.told,
        legaltime=event.legal,
    )
    return Draft(envelope, schemas.encode(event.type, event.data))


class CaseRenewer:
    """Renews the cases that no batch touches, some in each transaction."""

    def __init__(self, pool: Pool, context: CaseworkContext, folding: Any) -> None:
        """`folding` saves and sends the renewed cases, as for a batch."""
        self._pool, self._context, self._save = pool, context, folding

    async def run(self) -> None:
        while True:
            count = await self.once()
            await asyncio.sleep(PAUSE_SECONDS if count else LOOK_SECONDS)

    async def once(self) -> int:
        """Renew the cases of one transaction; returns their number.

        Only one process at a time does it.

        None are renewed while a partition is read again: its journal may later show that they were.
        """
        try:
            async with self._pool.acquire() as connection, connection.transaction():
                leads = await renewing.leads(connection) and await speaking.is_even(connection)
                states = await self._some(connection) if leads else {}
        except MissingLawError as error:
            # Its partition waits, and reports it.
            log.warning("no case renewed: %s", error)
            return 0
        self._context.streams.keep(states)
        return len(states)

    async def all(self) -> None:
        """Renew every case, for a caller that has these tables alone: no lead is needed."""
        while True:
            async with self._pool.acquire() as connection, connection.transaction():
                states = await self._some(connection)
            self._context.streams.keep(states)
            if not states:
                return

    async def _some(self, connection: Connection) -> dict[UUID, Stream]:
        digest = await in_force(connection)
        if digest is None:
            return {}
        wanted = await renewing.stale(connection, FOLD_VERSION, digest, AT_ONCE)
        states = await self._context.streams.load(connection, wanted)
        states = {name: one for name, one in states.items() if is_stale(one, digest)}
        drafts = await renew(connection, states, digest, self._context)
        await self._save(connection, states, self._context, drafts, renewed=True)
        return states


async def in_force(connection: Connection) -> str | None:
    """The law of every partition; None while they differ, or before the first adoption."""
    laws = set((await bundles.in_force(connection)).values())
    return laws.pop() if len(laws) == 1 else None
