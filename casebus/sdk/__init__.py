"""SDK: publish, subscribe, read: what an agency's own system uses.

Owns the local store of sent records; touches Kafka (kafka-python), the gateway and files.
"""
