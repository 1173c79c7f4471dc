"""PostgreSQL: migrations, the journal's table, case state, outbox, reads. SQL stands in *.sql.

Owns both schemas and their grants. Schema `derived` can be rebuilt from the journal; schema `own`
is backed up (design rule 14, two schemas). Touches casebus, with asyncpg and orjson; no broker, no
HTTP.
"""
