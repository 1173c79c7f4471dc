"""PostgreSQL: migrations, the journal's table, case state, outbox, reads. SQL stands in *.sql.

Schema `derived` can be rebuilt from the journal; schema `own` is backed up (design rule 14, two
schemas).
"""
