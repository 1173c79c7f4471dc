"""The scheduler: due clocks, cross-case questions, the directory's heartbeat, the outbox relay.

Owns the events that time causes. One process leads by an advisory lock, the others wait. May touch
storage, Kafka by services.transport, and the bus's signing key.
"""
