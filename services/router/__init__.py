"""The router: copies each journal record to the topics that admission stamped on it.

Owns the copies in the inboxes and the relay checkpoints; reads headers only, never a body.
May touch Kafka through services.transport, and the bus's signing key; no database.
"""
