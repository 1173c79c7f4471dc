"""Makes an installation out of two empty backends: topics, users, permissions, directory, tables.

Owns what an installation is made of. Every step looks first and adds what is missing, so
provisioning twice changes nothing. Touches Kafka as the admin (kafka-python) and PostgreSQL as the
owner, speakers, gateway.identity (API keys), storage and casebus, with YAML. The caller keeps
passwords and private keys and passes them in (`credentials.InstallationSecrets`,
`directory.PrivateKeys`).
"""

from __future__ import annotations
