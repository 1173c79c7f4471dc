"""The scheduler: due clocks, cross-case questions, the directory's heartbeat, the outbox relay.

Owns the events that time causes. One process leads by an advisory lock (asyncpg), the others wait.
Touches storage, casebus and the bus's signing key. Sends by services.transport; asks for offsets
and reads the directory by aiokafka. With orjson, pydantic and uvloop.
"""
