"""How operations reach the brokers, as their admin; and what waits in the outbox."""

from __future__ import annotations

import asyncpg
from kafka import KafkaAdminClient

from casebus.kafka.connection import client_settings
from casebus.settings import Settings
from storage import sending

REQUEST_MS = 10_000


def open_admin(settings: Settings) -> KafkaAdminClient:
    """Raises a KafkaError if the brokers do not answer or refuse the password."""
    known = KafkaAdminClient.DEFAULT_CONFIG
    options = {name: value for name, value in client_settings(settings).items() if name in known}
    return KafkaAdminClient(**{**options, "request_timeout_ms": REQUEST_MS})


async def unsent(settings: Settings) -> int:
    """How many records of the outbox wait to be sent."""
    connection = await asyncpg.connect(settings.database_url)
    try:
        return await sending.unsent_count(connection)
    finally:
        await connection.close()
