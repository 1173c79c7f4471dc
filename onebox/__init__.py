"""One machine: Kafka and PostgreSQL embedded, the set of processes, provisioning.

Owns what lies below the home directory (`.casebus/`) and the `casebus up|down|...` commands.
May touch every room below it; nothing imports it, tests and commands apart.
"""

from __future__ import annotations
