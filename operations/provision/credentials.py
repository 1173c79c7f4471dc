"""Passwords and API keys of an installation, made at random once. Another room keeps them."""

from __future__ import annotations

import secrets
from dataclasses import dataclass, field


@dataclass(slots=True)
class InstallationSecrets:
    """The secrets for users of Kafka, roles of the database and callers over HTTP."""

    kafka: dict[str, str] = field(default_factory=dict)
    api_keys: dict[str, str] = field(default_factory=dict)
    root_digest: str = ""
    #: The journal's epoch, from the database at the last start; it is no secret, like the root's
    #: digest.
    epoch: int = 1
    #: API keys of the people who look after the installation, by name.
    operators: dict[str, str] = field(default_factory=dict)
    #: Passwords of PostgreSQL roles, by service; empty if no roles could be made.
    roles: dict[str, str] = field(default_factory=dict)

    def kafka_password(self, user: str) -> str:
        return self.kafka.setdefault(user, secrets.token_urlsafe(24))

    def role_password(self, service: str) -> str:
        return self.roles.setdefault(service, secrets.token_urlsafe(24))

    def api_key(self, agency: str) -> str:
        """256 random bits."""
        return self.api_keys.setdefault(agency, secrets.token_urlsafe(32))

    def operator_key(self, name: str) -> str:
        return self.operators.setdefault(name, secrets.token_urlsafe(32))
