"""`casebus backup` and `casebus restore`: what nothing else holds, in files, and back.

Owns the form of a backup. It reads and writes Kafka as the admin and PostgreSQL as the owner; the
secrets that go along are packed by whoever keeps them.
"""
