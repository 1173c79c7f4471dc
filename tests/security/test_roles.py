"""What each service may not do, tried in its own role and under its own Kafka principal."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import asyncpg
import pytest
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer
from aiokafka.errors import TopicAuthorizationFailedError

from casebus.events.doors import door_of
from casebus.events.topics import Topics
from onebox import credentials
from onebox.options import WORKERS
from onebox.testing import Stack
from storage import beside, roles
from storage.handles import Connection
from tests.integration.database import fresh_database

pytestmark = [pytest.mark.connected, pytest.mark.timeout(240)]

OWN_SYSTEM = "cn-330106-amr"

#: By service: statements that are another's to say. They fit the tables: only the right is missing.
FORBIDDEN = {
    "gateway": (
        "update derived.case_state set status = 'final'",
        "delete from derived.journal",
        "insert into derived.party (agency, stream) values ('x', gen_random_uuid())",
        "insert into own.api_key (digest, agency) values (sha256('x'), 'cn-330106-amr')",
        "update own.api_key set revoked_at = null",
        "delete from own.access",
        "update own.access set agency = 'x'",
        "update own.outbox set sent_at = now()",
        "insert into own.law_bundle (digest, body) values ('x', '\\x00')",
        "delete from own.rejected",
        "update own.installation set fold_version = 0",
        "delete from own.break_glass",
        "update own.break_glass set reason = 'x'",
        "update own.break_glass set asked_by = 'x'",
        "update own.access set break_glass = null",
        "delete from own.verification",
        "insert into own.head select * from own.head",
        "delete from own.cosignature",
    ),
    "casework": (
        "select * from own.api_key",
        "insert into own.api_key (digest, agency) values (sha256('x'), 'cn-330106-amr')",
        "select * from own.access",
        "delete from own.access",
        "update own.submission set sent_at = now()",
        "update own.law_bundle set body = '\\x00'",
        "delete from own.law_bundle",
        "delete from own.outbox",
    ),
    "scheduler": (
        "select * from own.api_key",
        "select * from own.access",
        "select * from own.law_bundle",
        "update derived.case_state set status = 'final'",
        "delete from derived.case_state",
        "insert into derived.party (agency, stream) values ('x', gen_random_uuid())",
        "update own.installation set fold_version = 0",
        "delete from own.submission",
        "delete from own.head",
        "update own.head set note = ''",
        "update own.log_hash set hash = '\\x00'",
        "delete from own.signed_log",
        "insert into own.cosignature select * from own.cosignature",
    ),
    "intake": (
        "select * from derived.case_state",
        "select * from derived.journal",
        "select * from own.api_key",
        "select * from own.submission",
        "update own.outbox set value = '\\x00'",
        "delete from own.outbox",
    ),
}
#: Of everyone but the owner.
OWNER_ONLY = (
    "create table derived.mine (n int)",
    "create schema mine",
    "alter table derived.journal add column mine int",
    "drop table own.outbox",
    "truncate own.outbox",
    "create role mine",
    "insert into public.casebus_migration (name, digest) values ('x', 'x')",
    "copy own.outbox to program 'true'",
    "set role casebus",
)


@asynccontextmanager
async def session(url: str) -> AsyncIterator[Connection]:
    connection: Connection = await asyncpg.connect(url)
    try:
        yield connection
    finally:
        await connection.close()


async def denied(connection: Connection, statement: str) -> bool:
    """Rolled back where it is not denied: the next test meets the tables as they were."""
    transaction = connection.transaction()
    await transaction.start()
    try:
        await connection.execute(statement)
    except asyncpg.InsufficientPrivilegeError:
        return True
    finally:
        await transaction.rollback()
    return False


def url_of(stack: Stack, service: str) -> str:
    return stack.environment(service)["CASEBUS_DATABASE_URL"]


@pytest.mark.parametrize("service", roles.SERVICES)
async def test_each_role_is_denied_what_is_not_its_work(brokers: Stack, service: str) -> None:
    async with session(url_of(brokers, service)) as connection:
        assert await connection.fetchval("select current_user") == f"casebus_{service}"
        statements = (*FORBIDDEN[service], *OWNER_ONLY)
        assert [one for one in statements if not await denied(connection, one)] == []
    async with session(brokers.database_url) as owner:
        # They are well formed: the owner is denied none of them.
        assert [one for one in FORBIDDEN[service] if await denied(owner, one)] == []


async def test_every_table_has_a_service_that_reads_it(brokers: Stack) -> None:
    """A new table that nobody is granted is found here and not by a service that stops."""
    async with session(brokers.database_url) as owner:
        of_none = await owner.fetch(
            "select c.oid::regclass from pg_class c join pg_namespace n on n.oid = c.relnamespace"
            " where n.nspname in ('derived', 'own') and c.relkind in ('r', 'p')"
            " and not c.relispartition and not exists ("
            " select from unnest($1::text[]) r where has_table_privilege(r, c.oid, 'select'))",
            [roles.role_of(service, "casebus") for service in roles.SERVICES],
        )
        assert of_none == []


async def test_a_restored_database_has_its_roles_again(brokers: Stack) -> None:
    passwords = dict.fromkeys(roles.SERVICES, "geheim")
    async with fresh_database(brokers) as url:
        name = url.rpartition("/")[2]
        try:
            assert await roles.set_up(url, passwords)
            async with session(url) as owner:
                for service in roles.SERVICES:
                    await owner.execute(f'drop owned by "{roles.role_of(service, name)}"')
                    await owner.execute(f'drop role "{roles.role_of(service, name)}"')
            assert await roles.set_up(url, passwords)
            # A right too many does not stay.
            async with session(url) as owner:
                await owner.execute(f'grant all on own.api_key to "{name}_casework"')
                await roles.grant(owner)
            await can_read_cases(url, "casework")
            # What `casebus rebuild` puts in place of the tables is as theirs were.
            async with session(url) as owner:
                await beside.make(owner)
                async with owner.transaction():
                    await beside.switch(owner, differs=False)
            await can_read_cases(url, "casework")
        finally:
            async with session(url) as owner:
                for service in roles.SERVICES:
                    await owner.execute(f'drop owned by "{roles.role_of(service, name)}"')
                    await owner.execute(f'drop role "{roles.role_of(service, name)}"')


async def can_read_cases(url: str, service: str) -> None:
    address = url.rpartition("@")[2]
    role = roles.role_of(service, url.rpartition("/")[2])
    url = f"postgresql://{role}:geheim@{address}"  # pragma: allowlist secret
    async with session(url) as connection:
        await connection.fetch("select * from derived.case_state")
        assert await denied(connection, "select * from own.api_key")


async def test_who_may_not_make_roles_is_told_and_no_role_is_made(brokers: Stack) -> None:
    passwords = dict.fromkeys(roles.SERVICES, "geheim")
    assert not await roles.set_up(url_of(brokers, "casework"), passwords)


def test_admission_and_router_have_no_way_to_the_database(brokers: Stack) -> None:
    for service in ("admission", "router"):
        assert "CASEBUS_DATABASE_URL" not in brokers.environment(service)


PRINCIPALS = (*WORKERS, "gateway", OWN_SYSTEM)


@pytest.mark.parametrize("principal", PRINCIPALS)
async def test_each_principal_is_denied_every_topic_but_its_own(
    brokers: Stack, principal: str
) -> None:
    settings = brokers.settings(principal)
    members = [one for one in credentials.load(brokers.home).kafka if one == OWN_SYSTEM]
    assert members
    topics = Topics.load(settings.schemas_dir)
    shared = topics.topics()
    writable = {topic.name for topic in shared if principal in topic.writers}
    readable = {topic.name for topic in shared if principal in topic.readers}
    if principal in topics.principals:
        readable.update(*map(topics.consumed, topics.watched(principal)))
    if principal == OWN_SYSTEM:
        writable, readable = set[str](), {f"agency.{OWN_SYSTEM}.inbox"}
    wrong: list[str] = []
    async with (
        AIOKafkaProducer(**settings.kafka_client(), enable_idempotence=False) as producer,
        AIOKafkaConsumer(**settings.kafka_client(), enable_auto_commit=False) as consumer,
    ):
        seen = await consumer.topics()
        for topic in (one.name for one in shared):
            if topic not in writable and await may_write(producer, topic):
                wrong.append(f"writes {topic}")
            if topic in seen and topic not in readable | writable:
                wrong.append(f"sees {topic}")
        if principal == OWN_SYSTEM:
            assert await may_write(producer, door_of("administrative", OWN_SYSTEM))
    assert wrong == []


async def may_write(producer: AIOKafkaProducer, topic: str) -> bool:
    """A tombstone of no key would be rejected by admission, were it let in."""
    try:
        async with asyncio.timeout(10):
            await producer.send_and_wait(topic, b"forbidden", partition=0)
    except TopicAuthorizationFailedError:
        return False
    return True


@pytest.mark.parametrize("door", ["events.bus", "case.journal", "directory", "rejected"])
async def test_the_gateway_writes_neither_the_bus_s_door_nor_what_admission_says(
    brokers: Stack, door: str
) -> None:
    async with AIOKafkaProducer(
        **brokers.settings("gateway").kafka_client(), enable_idempotence=False
    ) as producer:
        assert not await may_write(producer, door)
