"""SDK: publish, subscribe, read: what an agency's own system uses.

Owns the local store of sent records. Touches Kafka (kafka-python), the gateway (httpx), SQLite,
files, and the rooms below it: admission, cases, kafka, signing, trust and events, with uuid6.
"""
