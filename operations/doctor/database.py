"""Checks of the database: clocks, migrations, and things in it that wait for a person."""

from __future__ import annotations

from datetime import UTC, datetime

import asyncpg

from casebus.cases import FOLD_VERSION
from casebus.errors import CasebusError
from casebus.sdk.doctor import Check
from operations.away import clear_errors
from operations.doctor.remedies import Remedies
from operations.doctor.trust import unsaid
from storage import beside, heads, rejects, renewing, resaying, sending, stalling
from storage.handles import Connection
from storage.heads import RefusedLog
from storage.migrate import pending
from storage.rejects import RejectCounts
from storage.sending import OverdueRecord, WaitingCount
from storage.stalling import Stalled

#: Kafka stamps each record with its broker's time: workers that differ judge keys wrongly.
MOST_CLOCK_SECONDS = 2.0
#: The most unsent records that are named.
_SHOWN = 5


async def examine_database(url: str, remedies: Remedies) -> list[Check]:
    """`url` is the owner's."""
    try:
        with clear_errors():
            return await _asked(await asyncpg.connect(url, timeout=5), remedies)
    except CasebusError as error:
        return [Check("database", "wrong", str(error))]


async def _asked(connection: Connection, remedies: Remedies) -> list[Check]:
    try:
        theirs = await connection.fetchval("select now()")
        found = [_clock(theirs), _migrations(await pending(connection))]
        if found[-1].verdict != "ok":
            return found
        waiting = await sending.waiting(connection)
        found.append(_stalled(await stalling.stalled(connection)))
        found.append(_heads(await heads.refused(connection)))
        found.append(_rejects(await rejects.figures(connection)))
        found.append(_renewals(await renewing.progress(connection, FOLD_VERSION), remedies))
        found.append(unsaid(await resaying.rejected_for_key(connection)))
        found.append(_rebuilt(await beside.left(connection)))
        overdue = await sending.unsent_since(connection, _SHOWN)
        return [*found, _unsent(waiting, overdue, remedies)]
    except CasebusError as error:
        return [Check("migrations", "wrong", error.detail)]
    finally:
        await connection.close()


def _stalled(waiting: list[Stalled]) -> Check:
    """Partitions in which casework goes on by itself once its law bundle is there."""
    if not waiting:
        return Check("law bundles", "ok", "no partition waits for one")
    says = "; ".join(one.in_words() for one in waiting)
    remedy = (
        "restore own.law_bundle, or adopt those files, or: casebus law void (docs/operations.md)"
    )
    return Check("law bundles", "wrong", says, remedy)


def _heads(refused: list[RefusedLog]) -> Check:
    """Logs that the bus no longer signs: the recorded part does not continue the signed one."""
    if not refused:
        return Check("heads of the logs", "ok", "each continues the last one")
    says = "; ".join(one.in_words() for one in refused)
    return Check("heads of the logs", "wrong", says, "docs/operations.md#log_forked")


def _rejects(figures: RejectCounts) -> Check:
    """Records that were refused or wait, on which a person must decide."""
    if figures.suspended:
        return Check("rejects", "wrong", figures.in_words(), "casebus rejects suspended")
    if figures.undecided:
        return Check("rejects", "warning", figures.in_words(), "casebus rejects redrives")
    if figures.rejected:
        return Check("rejects", "warning", figures.in_words(), "casebus rejects list")
    return Check("rejects", "ok", figures.in_words())


def _renewals(progress: tuple[int, int], remedies: Remedies) -> Check:
    """The progress in deriving cases again by the law and the fold of today."""
    left, cases = progress
    if not left:
        return Check("derived by today's law", "ok", f"all {cases:,} cases")
    says = f"{left:,} of {cases:,} cases are still to be derived again; it goes on by itself"
    return Check("derived by today's law", "warning", says, remedies.log_of("casework"))


def _rebuilt(schemas: list[str]) -> Check:
    """Schemas that a rebuild keeps, or left when it was killed: a full copy of the data."""
    if not schemas:
        return Check("left by a rebuild", "ok", "nothing")
    says = f"{', '.join(schemas)}: nobody reads it"
    return Check("left by a rebuild", "warning", says, "casebus rebuild --drop-old")


def _unsent(waiting: WaitingCount, overdue: list[OverdueRecord], remedies: Remedies) -> Check:
    """Records that are stored signed and have not reached the brokers.

    Nobody else knows of them yet.
    """
    says = waiting.in_words()
    if not waiting.is_overdue:
        return Check("unsent records", "ok", says)
    which = ", ".join(
        f"{one.event_id} of {one.source} ({one.refused or 'waits'})" for one in overdue
    )
    remedy = (
        f"the scheduler sends them by itself: {remedies.log_of('scheduler')}; for a refused one see"
        " to its topic and that topic's limit (docs/operations.md)"
    )
    return Check("unsent records", "wrong", f"{says}: {which}", remedy)


def _clock(theirs: datetime) -> Check:
    apart = abs((datetime.now(UTC) - theirs).total_seconds())
    says = f"this machine and the database are {apart:.1f} s apart"
    if apart > MOST_CLOCK_SECONDS:
        return Check("clock", "wrong", says, "set both by NTP")
    return Check("clock", "ok", says)


def _migrations(names: list[str]) -> Check:
    if names:
        says = f"not applied: {', '.join(names)}"
        return Check("migrations", "wrong", says, "start again, or: python -m storage.migrate")
    return Check("migrations", "ok", "all applied")
