"""The scheduler: due clocks, cross-case questions, the directory's heartbeat, the outbox relay.

Owns what happens because time passed; one process leads by an advisory lock, others wait.
May touch storage, Kafka by services.transport, and the bus's signing key.
"""
