"""How operations reach the brokers: as their admin."""

from __future__ import annotations

from kafka import KafkaAdminClient

from casebus.kafka.connection import client_settings
from casebus.settings import Settings

REQUEST_MS = 10_000


def open_admin(settings: Settings) -> KafkaAdminClient:
    """Raises a KafkaError if the brokers do not answer or refuse the password."""
    known = KafkaAdminClient.DEFAULT_CONFIG
    options = {name: value for name, value in client_settings(settings).items() if name in known}
    return KafkaAdminClient(**{**options, "request_timeout_ms": REQUEST_MS})
