"""A backup: data that nothing else holds, into files and back. The work of `backup` and `restore`.

Owns the form of a backup. It reads and writes Kafka as the admin and PostgreSQL as the owner. The
keeper of the secrets packs them, and gives `casebus restore` its empty backends (`onebox`). Touches
provision, rebuild and clients, services.transport, storage and casebus, with aiokafka,
kafka-python, asyncpg and orjson.
"""
