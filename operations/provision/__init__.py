"""Makes an installation out of two empty backends: topics, users, permissions, directory, tables.

Every step looks first and adds what is missing, so provisioning twice changes nothing. Touches
Kafka as the admin and PostgreSQL as the owner; passwords and private keys it is given by whoever
keeps them (`credentials.InstallationSecrets`, `directory.PrivateKeys`).
"""

from __future__ import annotations
