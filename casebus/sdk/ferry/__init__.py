"""The two ends of the ferry at work: folders, a spool, the scanner, the brokers and the store.

Owns the spool and the order of a round. Touches files, SQLite, Kafka (kafka-python), the office's
scanner, and ferry, cases, kafka, law, trust and events, with pydantic and YAML.
"""
