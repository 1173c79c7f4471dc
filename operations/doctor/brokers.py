"""Checks of the brokers: all topics are there, and how far behind each worker is."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import closing

from kafka import KafkaAdminClient, OffsetSpec

from casebus.errors import CasebusError
from casebus.events.topics import Topics
from casebus.sdk.doctor import Check
from casebus.settings import Settings
from operations.away import clear_errors
from operations.clients import open_admin
from operations.doctor.remedies import Remedies

MOST_LAG = 10_000


def examine_brokers(
    settings: Settings, workers: Iterable[str], remedies: Remedies
) -> Iterator[Check]:
    """`settings` are those of Kafka's admin."""
    try:
        with clear_errors(), closing(open_admin(settings)) as admin:
            yield _topics(admin, settings, remedies)
            yield from (_lag(admin, name, remedies) for name in workers)
    except CasebusError as error:
        yield Check("brokers", "wrong", f"{settings.kafka_bootstrap} does not answer: {error}")


def _topics(admin: KafkaAdminClient, settings: Settings, remedies: Remedies) -> Check:
    wanted = {topic.name for topic in Topics.load(settings.schemas_dir).topics()}
    missing = sorted(wanted - set(admin.list_topics()))
    if missing:
        says = f"missing: {', '.join(missing)}"
        return Check("topics", "wrong", says, remedies.provision)
    return Check("topics", "ok", f"all {len(wanted)} are there")


def _lag(admin: KafkaAdminClient, group: str, remedies: Remedies) -> Check:
    """The number of records that a worker has not committed yet."""
    committed = admin.list_group_offsets([group])[group]
    if not committed:
        return Check(f"lag of {group}", "ok", "nothing consumed yet")
    ends = admin.list_partition_offsets(dict.fromkeys(committed, OffsetSpec.LATEST))
    lag = sum(max(0, ends[place].offset - found.offset) for place, found in committed.items())
    if lag > MOST_LAG:
        says = f"{lag:,} records behind"
        return Check(f"lag of {group}", "warning", says, remedies.log_of(group))
    return Check(f"lag of {group}", "ok", f"{lag:,} records behind")
