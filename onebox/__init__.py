"""One machine: Kafka and PostgreSQL embedded, the set of processes, their home directory.

Owns the home (`.casebus/`): secrets and private keys, stamps of what was provisioned, logs and
states. Owns the commands that start, stop, examine and refill it. May touch every room below it;
nothing imports it, tests and commands apart.
"""

from __future__ import annotations
