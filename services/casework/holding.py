"""Breaches and lapses that a late act shows, held back while another act is on its way.

An agency's record that is stored here and not yet recorded may be the act in time. Its recording
folds the case again. If it never comes, the scheduler sends the held statements, behind its
barrier.
"""

from __future__ import annotations

from collections.abc import Iterable
from uuid import UUID

from casebus.cases.derived import Derived
from casebus.events.types import CLOCK_BREACHED, CLOCK_LAPSED
from storage import scheduling, sending
from storage.handles import Connection

_KINDS = {CLOCK_BREACHED: scheduling.BREACHED, CLOCK_LAPSED: scheduling.LAPSED}


async def held_back(connection: Connection, owed: Iterable[Derived]) -> set[str]:
    """Ids of statements that must not be sent yet; they are noted for the scheduler."""
    told = [one for one in owed if one.type in _KINDS]
    if not told:
        return set()
    awaited = await sending.awaited_among(connection, {UUID(one.stream) for one in told})
    held = [one for one in told if UUID(one.stream) in awaited]
    for one in held:
        stream, key = UUID(one.stream), one.data["clock_key"]
        await sending.hold_clock(connection, stream, key, _KINDS[one.type])
    return {one.id for one in held}
