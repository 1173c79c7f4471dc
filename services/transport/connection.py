"""How every client of a worker reaches the brokers, from the same settings."""

from __future__ import annotations

import ssl
from typing import Any

from casebus.settings import Settings


def client_options(settings: Settings) -> dict[str, Any]:
    """Bootstrap and security options, named as aiokafka and kafka-python both name them."""
    protocol = settings.kafka_security_protocol
    options: dict[str, Any] = {
        "bootstrap_servers": settings.kafka_bootstrap.split(","),
        "security_protocol": protocol,
    }
    if protocol.startswith("SASL_"):
        options |= {
            "sasl_mechanism": settings.kafka_sasl_mechanism,
            "sasl_plain_username": settings.kafka_username,
            "sasl_plain_password": settings.kafka_password,
        }
    if protocol.endswith("SSL"):
        options["ssl_context"] = ssl.create_default_context()
    return options
