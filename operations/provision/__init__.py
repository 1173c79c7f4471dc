"""Makes an installation out of two empty backends: topics, users, permissions, directory, tables.

Every step looks first and adds what is missing, so provisioning twice changes nothing. Touches
Kafka as the admin and PostgreSQL as the owner. The caller keeps passwords and private keys and
passes them in (`credentials.InstallationSecrets`, `directory.PrivateKeys`).
"""

from __future__ import annotations
