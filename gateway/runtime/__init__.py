"""The resources of one gateway process: opened once, closed in order.

Owns the composition root (`context.Gateway`) and what it is made of: the producer, questions that
go to the database together, turns of authors, the scheduler's heartbeat, the installed law.
Touches `access`, casebus and storage, PostgreSQL (asyncpg) and Kafka (aiokafka), with FastAPI; what
a request asks for is above it.
"""

from __future__ import annotations
