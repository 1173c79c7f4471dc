"""`casebus verify`: proves from Kafka and PostgreSQL that nothing was lost, doubled or altered.

Owns the comparison, by leaf, log index and sequence. Reads everything; what it derives again it
writes into a schema of its own. Touches rebuild, away, services.transport and services.casework,
storage and casebus, with aiokafka and asyncpg.
"""
