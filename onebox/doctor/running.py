"""What only a running stack can tell: services, clocks, topics, lag, migrations."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import asyncpg

from casebus.cases import FOLD_VERSION
from casebus.errors import CasebusError
from casebus.events.topics import Topics
from casebus.settings import Settings
from onebox import clients, credentials, environment, launch, state
from onebox.doctor.check import Check
from onebox.doctor.trust import examine_keys, unsaid
from onebox.doctor.wires import examine_wires
from onebox.options import WORKERS, Options
from operations.away import clear_errors
from storage.handles import Connection

if TYPE_CHECKING:
    from kafka import KafkaAdminClient

    from storage.heads import RefusedLog
    from storage.rejects import RejectCounts
    from storage.sending import WaitingCount
    from storage.stalling import Stalled

#: Kafka stamps each record with its broker's time: workers that differ judge keys wrongly.
MOST_CLOCK_SECONDS = 2.0
MOST_LAG = 10_000
#: Unsent records that are named.
_SHOWN = 5


def examine_stack(options: Options) -> Iterator[Check]:
    now = state.read(options.place.state)
    if now is None or not now.alive():
        yield Check("stack", "warning", "not running", "start it with: casebus up")
        return
    yield from _services(options, now)
    known = credentials.load(options.place)
    settings = environment.admin_settings(options, known)
    yield examine_wires(settings)
    if "kafka" in options.only:
        yield from _kafka(options, settings)
        yield from examine_keys(settings.model_copy(update={"root_digest": known.root_digest}))
    if "postgres" in options.only:
        yield from asyncio.run(_database(settings.database_url))
        yield _roles(known)


def _services(options: Options, now: state.StackState) -> Iterator[Check]:
    for service in now.services.values():
        if service.phase == "ready":
            again = f", restarted {service.restarts} times" if service.restarts else ""
            yield Check(service.name, "ok", f"ready{again}")
            continue
        last = launch.tail(options.place, service.name).splitlines()
        says = f"{service.phase} {service.last_exit}: {last[-1] if last else ''}"
        yield Check(service.name, "wrong", says, f"casebus logs {service.name}")


def _kafka(options: Options, settings: Settings) -> Iterator[Check]:
    try:
        with clear_errors(), closing(clients.open_admin(settings)) as admin:
            yield _topics(admin, settings)
            yield from (_lag(admin, name) for name in WORKERS if name in options.services)
    except CasebusError as error:
        yield Check("brokers", "wrong", f"{settings.kafka_bootstrap} does not answer: {error}")


def _topics(admin: KafkaAdminClient, settings: Settings) -> Check:
    wanted = {topic.name for topic in Topics.load(settings.schemas_dir).topics()}
    missing = sorted(wanted - set(admin.list_topics()))
    if missing:
        says = f"missing: {', '.join(missing)}"
        return Check("topics", "wrong", says, "start again: casebus down, casebus up")
    return Check("topics", "ok", f"all {len(wanted)} are there")


def _lag(admin: KafkaAdminClient, group: str) -> Check:
    """How many records a worker has not yet committed."""
    from kafka import OffsetSpec  # noqa: PLC0415

    committed = admin.list_group_offsets([group])[group]
    if not committed:
        return Check(f"lag of {group}", "ok", "nothing consumed yet")
    ends = admin.list_partition_offsets(dict.fromkeys(committed, OffsetSpec.LATEST))
    lag = sum(max(0, ends[place].offset - found.offset) for place, found in committed.items())
    if lag > MOST_LAG:
        says = f"{lag:,} records behind"
        return Check(f"lag of {group}", "warning", says, f"casebus logs {group}")
    return Check(f"lag of {group}", "ok", f"{lag:,} records behind")


async def _database(url: str) -> list[Check]:
    try:
        with clear_errors():
            return await _asked(await asyncpg.connect(url, timeout=5))
    except CasebusError as error:
        return [Check("database", "wrong", str(error))]


async def _asked(connection: Connection) -> list[Check]:
    from storage import (  # noqa: PLC0415  where a stack runs
        beside,
        heads,
        rejects,
        renewing,
        resaying,
        sending,
        stalling,
    )
    from storage.migrate import pending  # noqa: PLC0415

    try:
        theirs = await connection.fetchval("select now()")
        found = [_clock(theirs), _migrations(await pending(connection))]
        if found[-1].verdict != "ok":
            return found
        waiting = await sending.waiting(connection)
        found.append(_stalled(await stalling.stalled(connection)))
        found.append(_heads(await heads.refused(connection)))
        found.append(_rejects(await rejects.figures(connection)))
        found.append(_renewals(await renewing.progress(connection, FOLD_VERSION)))
        found.append(unsaid(await resaying.rejected_for_key(connection)))
        found.append(_rebuilt(await beside.left(connection)))
        return [*found, _unsent(waiting, await sending.unsent_since(connection, _SHOWN))]
    except CasebusError as error:
        return [Check("migrations", "wrong", error.detail)]
    finally:
        await connection.close()


def _roles(known: credentials.Credentials) -> Check:
    """Whether each service has its own role in the database."""
    if known.roles:
        return Check("database roles", "ok", f"one of its own for {', '.join(known.roles)}")
    says = "every service is the owner of the tables: that user may not make roles"
    return Check("database roles", "warning", says, "give it CREATEROLE, then start again")


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
    """Logs that the bus signs no more: what is recorded does not continue what was signed."""
    if not refused:
        return Check("heads of the logs", "ok", "each continues the last one")
    says = "; ".join(one.in_words() for one in refused)
    return Check("heads of the logs", "wrong", says, "docs/operations.md#log_forked")


def _rejects(figures: RejectCounts) -> Check:
    """What was refused or waits, and a person decides on."""
    if figures.suspended:
        return Check("rejects", "wrong", figures.in_words(), "casebus rejects suspended")
    if figures.undecided:
        return Check("rejects", "warning", figures.in_words(), "casebus rejects redrives")
    if figures.rejected:
        return Check("rejects", "warning", figures.in_words(), "casebus rejects list")
    return Check("rejects", "ok", figures.in_words())


def _renewals(progress: tuple[int, int]) -> Check:
    """How far cases have been derived anew by the law and the fold of today."""
    left, cases = progress
    if not left:
        return Check("derived by today's law", "ok", f"all {cases:,} cases")
    says = f"{left:,} of {cases:,} cases are still to be derived anew; it goes on by itself"
    return Check("derived by today's law", "warning", says, "casebus logs casework")


def _rebuilt(schemas: list[str]) -> Check:
    """What a rebuild keeps, or left when it was killed: all data once more."""
    if not schemas:
        return Check("left by a rebuild", "ok", "nothing")
    says = f"{', '.join(schemas)}: nobody reads it"
    return Check("left by a rebuild", "warning", says, "casebus rebuild --drop-old")


def _unsent(waiting: WaitingCount, overdue: list[Any]) -> Check:
    """What is stored signed and has not reached the brokers: nobody else knows of it yet."""
    says = waiting.in_words()
    if not waiting.is_overdue:
        return Check("unsent records", "ok", says)
    which = ", ".join(
        f"{row['event_id']} of {row['source']} ({row['refused'] or 'waits'})" for row in overdue
    )
    remedy = (
        "the scheduler sends them by itself: casebus logs scheduler; for a refused one see to its "
        "topic and that topic's limit (docs/operations.md)"
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
