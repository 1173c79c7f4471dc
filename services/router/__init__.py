"""The router: copies each journal record to the topics that admission stamped on it.

Owns the copies in the inboxes and the relay checkpoints; reads headers only, never a body. Touches
Kafka through services.transport, casebus and the bus's signing key, with uuid6; no database, no
case and no law.
"""
