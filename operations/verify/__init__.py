"""`casebus verify`: proves from Kafka and PostgreSQL that nothing was lost, doubled or altered.

Owns the comparison, by leaf, log index and sequence. Reads everything, writes nothing.
"""
