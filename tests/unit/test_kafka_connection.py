from __future__ import annotations

import inspect
from importlib.metadata import version

from kafka import KafkaConsumer, KafkaProducer
from kafka.net.connection import KafkaConnection
from kafka.net.manager import KafkaConnectionManager

from casebus.kafka.connection import consumer_settings, producer_settings
from casebus.settings import Settings


def test_what_is_overridden_of_kafka_python_is_as_it_was_when_it_was_overridden() -> None:
    """A new version must be read again before it is pinned: sdk/connection.py says why."""
    assert version("kafka-python") == "3.0.12"
    assert list(inspect.signature(KafkaConnectionManager.get_connection).parameters)[:2] == [
        "self",
        "node_id",
    ]
    assert inspect.iscoroutinefunction(KafkaConnection._sasl_authenticate)


def test_every_setting_is_one_that_kafka_python_knows() -> None:
    assert producer_settings(Settings()).keys() <= KafkaProducer.DEFAULT_CONFIG.keys()
    assert consumer_settings(Settings(), "g").keys() <= KafkaConsumer.DEFAULT_CONFIG.keys()


def test_nothing_is_written_carelessly_and_nothing_committed_unasked() -> None:
    producer, consumer = producer_settings(Settings()), consumer_settings(Settings(), "g")
    assert producer["acks"] == "all"
    assert producer["enable_idempotence"] is True
    assert producer["allow_auto_create_topics"] is False
    assert consumer["enable_auto_commit"] is False
    assert consumer["auto_offset_reset"] == "earliest"


def test_a_listener_without_passwords_gets_none() -> None:
    plain = Settings(kafka_security_protocol="PLAINTEXT", kafka_password="p")
    assert not [name for name in producer_settings(plain) if name.startswith("sasl")]
