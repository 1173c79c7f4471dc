from __future__ import annotations

import asyncpg
import pytest
from kafka import KafkaProducer
from kafka.errors import TopicAuthorizationFailedError
from kafka.protocol.admin.client_quotas import DescribeClientQuotasRequest

from casebus.events.topics import Member, Topics
from casebus.kafka.connection import producer_settings
from onebox.testing import Stack
from operations.clients import open_admin

pytestmark = pytest.mark.connected


def test_every_topic_of_the_file_exists_with_its_settings(brokers: Stack) -> None:
    settings = brokers.settings("admin")
    admin = open_admin(settings)
    try:
        names = set(admin.list_topics())
    finally:
        admin.close()
    assert {topic.name for topic in Topics.load(settings.schemas_dir).topics()} <= names
    assert "agency.cn-330106-amr.inbox" in names


def test_a_user_without_permission_cannot_write(brokers: Stack) -> None:
    producer = KafkaProducer(**producer_settings(brokers.settings("router")))
    try:
        with pytest.raises(TopicAuthorizationFailedError):
            producer.send("case.journal", b"x").get(timeout=20)
    finally:
        producer.close()


async def test_the_database_keeps_fsync_and_asks_for_a_password(brokers: Stack) -> None:
    connection = await asyncpg.connect(brokers.database_url)
    try:
        assert await connection.fetchval("show fsync") == "on"
    finally:
        await connection.close()
    wrong = brokers.database_url.replace("casebus:", "casebus:x", 1)
    with pytest.raises(asyncpg.InvalidPasswordError):
        await asyncpg.connect(wrong)


def test_a_killed_backend_comes_back(brokers: Stack) -> None:
    pid = brokers.kill("postgres")
    brokers.wait("postgres", not_pid=pid)
    assert brokers.state("postgres").restarts == 1


def test_an_agency_on_kafka_has_the_quota_of_the_file(brokers: Stack) -> None:
    settings = brokers.settings("admin")
    exactly = DescribeClientQuotasRequest.ComponentData(
        entity_type="user", match_type=0, match="cn-330106-amr"
    )
    request = DescribeClientQuotasRequest(components=[exactly], strict=True)
    admin = open_admin(settings)
    try:
        answer = admin._manager.run(admin._manager.send, request)
    finally:
        admin.close()
    found = {one.key: int(one.value) for entry in answer.entries for one in entry.values}
    [quota] = Topics.load(settings.schemas_dir).quotas([Member("cn-330106-amr", "administrative")])
    assert found == {
        "producer_byte_rate": quota.produce_bytes,
        "consumer_byte_rate": quota.consume_bytes,
        "request_percentage": quota.request_percent,
    }
