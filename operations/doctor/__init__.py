"""The checks of a running bus: brokers, database, keys and wires, by addresses and credentials.

Owns the judgement of them. The room that runs the processes (onebox) checks the machine and its
processes. Touches away and clients, storage and casebus, with asyncpg and kafka-python.
"""

from __future__ import annotations
