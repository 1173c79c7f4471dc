"""The resources of one gateway process: opened once, closed in order.

Owns the composition root (`context.Gateway`) and its parts: the producer, grouped questions to the
database, turns of authors, the scheduler's heartbeat, the installed law. Touches `access`, casebus
and storage, PostgreSQL (asyncpg) and Kafka (aiokafka), with FastAPI; requests belong to the rooms
above it.
"""

from __future__ import annotations
