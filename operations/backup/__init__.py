"""`casebus backup` and `casebus restore`: data that nothing else holds, into files and back.

Owns the form of a backup. It reads and writes Kafka as the admin and PostgreSQL as the owner. The
keeper of the secrets packs them.
"""
