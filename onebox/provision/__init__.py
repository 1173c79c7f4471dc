"""Makes an installation out of two empty backends: topics, users, permissions, directory, tables.

Every step looks first and adds what is missing, so provisioning twice changes nothing.
"""

from __future__ import annotations
